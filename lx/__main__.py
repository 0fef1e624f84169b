"""`python -m lx`: the same as the command `lx`."""

import sys

from lx.cli import main

sys.exit(main())
