"""The properties in examples/ run as they are shown, under lx and on the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.parametrize("name", ["append_never_interleaves", "rename_is_atomic"])
def test_a_property_holds_on_both_sides(name: str, tmp_path: Path) -> None:
    source = EXAMPLES / f"{name}.py"
    assert len(source.read_text().splitlines()) < 30
    command = [sys.executable, "-P", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["Guest", "Native"]
