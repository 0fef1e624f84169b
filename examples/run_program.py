"""Run a Linux program from Python and use what it printed: python examples/run_program.py"""

import subprocess
import sys

import lx

result = lx.run(["sh", "-c", "uname -sm; echo to stderr >&2; exit 3"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
print("output:", result.stdout)
print("errors:", result.stderr)
print("status:", result.returncode)
sys.exit(0 if result.returncode == 3 else 1)
