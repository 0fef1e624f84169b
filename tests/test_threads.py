"""Threads: orders that repeat, orders on purpose, restarted calls."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from compared import GUESTS, Build
from test_guests import directive

ORDER = r"""
#include <pthread.h>
#include <stdio.h>
static char order[4000]; static volatile int at, go;
static void *body(void *a) { while (!go) ; for (int i = 0; i < 40; i++) { for (volatile int k = 0; k < 700 * (1 + i % 5); k++) ; int n = at; order[n] = 'a' + (long)a; at = n + 1; } return NULL; }
int main(void) { pthread_t t[5]; for (long i = 0; i < 5; i++) pthread_create(&t[i], NULL, body, (void *)i); go = 1; for (int i = 0; i < 5; i++) pthread_join(t[i], NULL); puts(order); }
"""  # noqa: E501


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory = tmp_path_factory.mktemp("order")
    (directory / "order.c").write_text(ORDER)
    subprocess.run(["gcc", "-O1", "-static", "-pthread", "-o", directory / "order", directory / "order.c"], check=True)
    return str(directory / "order")


def shown(lx_run: Callable[..., "subprocess.CompletedProcess[bytes]"], program: str, *options: str) -> bytes:
    done = lx_run([program], options=list(options))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_seed_repeats_the_order_of_threads(lx_run: Callable[..., "subprocess.CompletedProcess[bytes]"], order: str) -> None:
    runs = [shown(lx_run, order, "--seed", seed) for seed in ("1", "1", "2", "2", "3", "3")]
    assert runs[::2] == runs[1::2]
    assert len(set(runs)) > 1


def test_chaos_is_unlike_and_repeats(lx_run: Callable[..., "subprocess.CompletedProcess[bytes]"], order: str) -> None:
    runs = [shown(lx_run, order, "--chaos", "--seed", seed) for seed in ("1", "1", "2")]
    assert runs[0] == runs[1] != runs[2]


def test_chaos_alone_tells_its_seed(lx_run: Callable[..., "subprocess.CompletedProcess[bytes]"], order: str) -> None:
    done = lx_run([order], options=["--chaos"])
    assert b"lx: --chaos --seed " in done.stderr


SOURCES = sorted(path.name for path in Path(GUESTS).glob("threads_*.c"))


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("options", [["--restart-all"], ["--chaos", "--seed", "5"]], ids=["restart-all", "chaos"])
def test_the_answers_stay_the_same(
    source: str, options: list[str], build: Build, lx_run: Callable[..., "subprocess.CompletedProcess[bytes]"], tmp_path: Path
) -> None:
    program = str(build(source, "-static", *directive(source, "cflags")))
    (tmp_path / "w").mkdir()
    native = subprocess.run([program], capture_output=True, cwd=tmp_path / "w", timeout=60, check=True)
    assert shown(lx_run, program, *options) == native.stdout
