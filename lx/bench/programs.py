"""The programs: what users run, each on data that is made once and is the same for every column.

What a row needs is looked for at run time; a program that is not installed is said to be absent. Most rows are measured twice,
the second time with nothing to do, so that start-up can be taken off.
"""

import random
import shutil
import sys
from pathlib import Path

from lx.bench.peers import first_line
from lx.bench.rows import Program

WORDS = "zone brand lofs vma futex iovec auxv siginfo pgrp kernel table handler engine guest host trap page fault"
PYTHON_LOOP = """
def work(n):
    a, table, total = [1.5] * 50, {}, 0
    for i in range(n):
        a[i % 50] = a[(i + 7) % 50] * 1.0001 + i
        table[i % 97] = table.get(i % 89, 0) + len(str(i))
        total += int(a[i % 50]) & 255
    return total
print(work(120000))
"""
SQL = """
import sqlite3
c = sqlite3.connect("bench.db")
c.execute("create table t(a integer primary key, b text, c real)")
with c:
    for i in range(30000):
        c.execute("insert into t values(?,?,?)", (i, "row %d" % i, i * 0.5))
print(c.execute("select count(*), sum(c) from t").fetchone())
"""
PYTHON = "/usr/bin/python3"
"""Debian's own, not the one that measures."""
AWK = 'BEGIN { for (i = 1; i < 2000000; i++) s += 1 / (i * i); printf "%.9f\\n", s }'
C_SOURCE = "".join(
    f"int f{i}(int a, int b) {{ int s = 0; for (int i = a; i < b; i++) s += i * {i + 3} ^ (s >> {i % 7 + 1}); return s; }}\n"
    for i in range(60)
)
SUBSHELLS = "i=0; n=0; while [ $i -lt 500 ]; do n=$((n + $(echo 1))); i=$((i+1)); done; echo $n"
REDIS = (
    "redis-server --port 0 --unixsocket s --save '' --daemonize no >/dev/null 2>&1 & p=$!; i=0;"
    " while [ ! -S s ] && [ $i -lt 600 ]; do sleep 0.05; i=$((i+1)); done;"
    " redis-benchmark -s s -n 2000 -c 4 -t set,get --csv >/dev/null && echo done; kill $p; wait $p"
)

CLIENTS = (
    "i=0; while [ ! -S s ] && [ $i -lt 3000 ]; do sleep 0.01; i=$((i+1)); done;"
    " [ $1 = 0 ] || redis-benchmark -s s -n $1 -c 50 -t get --csv; redis-cli -s s shutdown nosave"
)


def where(name: str) -> str:
    """The program's path; its name if it is absent (nothing is run then)."""
    return shutil.which(name) or name


def compiler(data: Path) -> list[str]:
    """cc1 itself, so that one process does the work."""
    return [first_line([where("gcc"), "-print-prog-name=cc1"]), "-O2", "-quiet", "-o", "/dev/null", str(data / "one.c")]


def redis_server(_: Path) -> list[str]:
    """A server on a UNIX socket in its working directory."""
    return [where("redis-server"), "--port", "0", "--unixsocket", "s", "--save", "", "--logfile", "log"]


def at_most(bound: float) -> tuple[tuple[str, float], ...]:
    """At most so many times qemu-user's."""
    return (("qemu-user", bound),)


PROGRAMS: tuple[Program, ...] = (
    Program(
        "true",
        "busybox true: start-up alone",
        "busybox",
        lambda d: [where("busybox"), "true"],
        targets=(("CPython", 5),),
        peak=(("", 45e6),),
        rivals={"CPython": (sys.executable, "-c", "pass", "")},
    ),
    Program(
        "sha256sum",
        "sha256sum of 20 MB",
        "busybox",
        lambda d: [where("busybox"), "sha256sum"],
        input="random",
        idle=lambda d: [where("busybox"), "sha256sum"],
        targets=at_most(2),
    ),
    Program(
        "gzip",
        "gzip of 4 MB of text",
        "gzip",
        lambda d: [where("gzip"), "-c"],
        input="text",
        idle=lambda d: [where("gzip"), "-c"],
        targets=at_most(2),
    ),
    Program(
        "sort",
        "sort of 4 MB of text",
        "sort",
        lambda d: [where("sort")],
        input="text",
        idle=lambda d: [where("sort")],
        targets=at_most(2),
    ),
    Program(
        "awk",
        "mawk: a floating-point loop",
        "mawk",
        lambda d: [where("mawk"), AWK],
        idle=lambda d: [where("mawk"), "BEGIN { }"],
        targets=at_most(2.6),
    ),
    Program(
        "sqlite3",
        "sqlite3: 30,000 inserts from Python",
        PYTHON,
        lambda d: [PYTHON, "-S", "-c", SQL],
        idle=lambda d: [PYTHON, "-S", "-c", "import sqlite3"],
        targets=at_most(2),
    ),
    Program(
        "python3",
        "python3: a loop",
        PYTHON,
        lambda d: [PYTHON, "-S", "-c", PYTHON_LOOP],
        idle=lambda d: [PYTHON, "-S", "-c", "pass"],
        targets=at_most(2.6),
    ),
    Program("cc1", "gcc's compiler proper, -O2, one file", "gcc", compiler, idle=lambda d: [*compiler(d)[:-1], "/dev/null"]),
    Program(
        "subshells",
        "dash: 500 subshell forks",
        "dash",
        lambda d: [where("dash"), "-c", SUBSHELLS],
        idle=lambda d: [where("dash"), "-c", ":"],
        targets=at_most(3),
    ),
    Program(
        "grep",
        "grep -r over 2,000 files",
        "grep",
        lambda d: [where("grep"), "-rc", "futex zone", str(d / "tree")],
        idle=lambda d: [where("grep"), "-c", "futex", str(d / "one.c"), str(d / "text")],
        stable=False,
    ),
    Program(
        "redis", "redis: 4,000 requests over a UNIX socket", "redis-server", lambda d: ["/bin/sh", "-c", REDIS], executes=True
    ),
    Program(
        "redis GET",
        "redis-server: 50,000 GETs of 50 native clients",
        "redis-server",
        redis_server,
        idle=redis_server,
        load=lambda idle: ["/bin/sh", "-c", CLIENTS, "clients", "0" if idle else "50000"],
        targets=at_most(2),
    ),
)


def prepare(data: Path) -> None:
    """Make the data: the same bytes in every run."""
    draw = random.Random(7)
    (data / "random").write_bytes(draw.randbytes(20_000_000))
    lines = [" ".join(draw.choices(WORDS.split(), k=8)) for _ in range(100_000)]
    (data / "text").write_text("\n".join(lines) + "\n")
    (data / "one.c").write_text(C_SOURCE)
    tree = data / "tree"
    for i in range(2000):
        file = tree / f"d{i % 40}" / f"file-{i}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines[i * 20 : i * 20 + 20]))


def absent(program: Program) -> str:
    """Why a program cannot be measured here, "" if it can."""
    if shutil.which(program.needs) is None:
        return f"absent: {program.needs} is not on PATH"
    return ""
