"""What the package installs: three import packages with all their data, with a C compiler and without one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.one_engine

TOP = Path(__file__).parent.parent
PACKAGES = {"lx", "syscalls", "loader"}
SOURCES_OF_WHAT_IS_MADE = {".pyx", ".S", ".so"}


def build(tmp_path: Path, env: dict[str, str]) -> tuple[Path, str]:
    """Build as an installation does, from a copy of the source tree: what would be installed, and what was said."""
    pytest.importorskip("Cython")
    copy = tmp_path / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "_compiled.c", "build")
    copy.mkdir()
    for name in PACKAGES:
        shutil.copytree(TOP / name, copy / name, ignore=ignored)
    for name in ("tests", "examples", "docs"):
        (copy / name).mkdir()
        (copy / name / "__init__.py").touch()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TOP / name, copy)
    command = [sys.executable, "-P", "setup.py", "-q", "build", "--build-lib", str(tmp_path / "lib")]
    done = subprocess.run(command, cwd=copy, env={**os.environ, **env}, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return tmp_path / "lib", done.stderr


def files(top: Path) -> set[str]:
    return {str(path.relative_to(top)) for path in top.rglob("*") if path.is_file()}


def test_without_a_compiler_the_pure_package_is_whole_and_works(tmp_path: Path) -> None:
    lib, said = build(tmp_path, {"CC": "/bin/false"})
    assert [line for line in said.splitlines() if line.startswith("lx: ")] == [
        line for line in said.splitlines() if "not built" in line and "the pure engine is used" in line
    ]
    assert said.count("the pure engine is used") == 1
    assert {path.name for path in lib.iterdir()} == PACKAGES
    assert not list(lib.rglob("*.so"))
    tracked = {
        str(path.relative_to(TOP))
        for package in PACKAGES
        for path in (TOP / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in SOURCES_OF_WHAT_IS_MADE
    } - {"lx/cpu/_compiled.c"}
    assert tracked - files(lib) == set()
    command = [sys.executable, "-P", "-m", "lx", "run", "busybox", "echo", "works"]
    env = {**os.environ, "PYTHONPATH": str(lib)}
    env.pop("LX_ENGINE", None)
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr, done.returncode) == ("works\n", "", 0)


def test_with_a_compiler_the_run_loop_is_in_it(tmp_path: Path) -> None:
    if shutil.which(os.environ.get("CC", "cc")) is None:
        pytest.skip("no C compiler")
    lib, said = build(tmp_path, {"CFLAGS": "-O0"})
    assert "not built" not in said
    assert [path.name.partition(".")[0] for path in lib.rglob("*.so")] == ["_compiled"]
