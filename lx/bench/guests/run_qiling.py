"""Run a program under qiling as its users do, as quietly as it can: run_qiling.py PROGRAM ARGUMENTS... (by qiling's Python)."""

import sys

from qiling import Qiling
from qiling.const import QL_VERBOSE

ql = Qiling(sys.argv[1:], "/", verbose=QL_VERBOSE.DISABLED, console=False)
ql.run()
sys.stdout.flush()
sys.exit(ql.os.exit_code)
