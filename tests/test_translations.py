"""Translations outlive execve while they are true: never are another program's, or an older file's, instructions run."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SOURCE = """
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
__attribute__((noipa, section(".letter"))) int letter(void) { return LETTER; }
static void copy(const char *from, const char *to) {
    char data[65536]; int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_TRUNC); long n;
    while ((n = read(in, data, sizeof data)) > 0) write(out, data, n);
    close(in); close(out);
}
int main(int argc, char **argv) {
    char text[2] = {letter(), 10};
    write(1, text, 2);
    if (argc > 1 && !strcmp(argv[1], "poke")) {
        char *page = (char *)((unsigned long)letter & -4096), c = letter();
        mprotect(page, 8192, 7);
        for (char *p = page; p < page + 8192; p++) if (*p == c && p > (char *)letter && p < (char *)letter + 12) *p = '!';
        mprotect(page, 8192, 5);
        text[0] = letter();
        write(1, text, 2);
        argv++, argc--;
    }
    if (argc > 3 && !strcmp(argv[1], "copy")) copy(argv[2], argv[3]), argv += 3, argc -= 3;
    if (argc > 1 && !strcmp(argv[1], "fork")) {
        if (!fork()) { execv(argv[2], argv + 2); _exit(9); }
        int status; wait(&status);
        text[0] = letter();
        write(1, text, 2);
        return 0;
    }
    if (argc > 1) execv(argv[1], argv + 1);
    return 0;
}
"""


@pytest.fixture
def programs(tmp_path: Path, need: Callable[..., None]) -> Path:
    """a, b and c: the same program at the same addresses, but for the letter that it prints."""
    need("gcc")
    (tmp_path / "chain.c").write_text("#include <sys/wait.h>\n" + SOURCE)
    for name in "abc":
        flags = ["-O1", "-w", "-static", "-no-pie", f"-DLETTER='{name.upper()}'", "-Wl,--build-id=none"]
        subprocess.run(["gcc", *flags, "-o", tmp_path / name, tmp_path / "chain.c"], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("steps", "printed"),
    [
        ("a b a c b a", "ABACBA"),
        ("a fork b a", "ABAA"),
        ("a b copy c a a", "ABC"),
        ("a poke a", "A!A"),
        ("a poke b a", "A!BA"),
        ("a fork a poke fork a", "AA!A!A"),
    ],
)
def test_exec_runs_what_the_file_says(programs: Path, lx_run: Callable[..., object], steps: str, printed: str) -> None:
    argv = [f"./{word}" if word in "abc" else word for word in steps.split()]
    for where in ("native", "lx"):
        shutil.copytree(programs, programs / where, ignore=shutil.ignore_patterns("native", "lx"))
    native = subprocess.run(argv, cwd=programs / "native", capture_output=True, check=True).stdout
    assert native.replace(b"\n", b"").decode() == printed
    done = lx_run(argv, cwd=programs / "lx")
    assert done.stdout.replace(b"\n", b"").decode() == printed, done.stderr  # type: ignore[attr-defined]
