"""A campaign's workers on a Dask cluster: `lx fuzz --scheduler ADDRESS`.

A task is a chunk: it starts a worker process on the machine where it runs (there, lx must be installed), hears it to the end
of the chunk and returns what it has said. A process of its own, because a Dask worker runs tasks in threads, and because a
program that is out of hand must not reach the cluster's own processes. What a task has found arrives when its chunk is through.

`distributed` is an optional dependency: lx[cluster].
"""

import selectors
import time
from typing import Any

from lx.testing.campaign import SILENCE, LocalWorker, Message
from lx.testing.worker import Settings

PATIENCE = 10.0
"""Seconds that the scheduler has to answer."""


class NoCluster(Exception):
    """There is no cluster to use; the text says why."""


def run_chunk(settings: dict[str, Any], chunk: int) -> list[Message]:
    """The task: run a chunk in a worker process of this machine, and return what it has said."""
    worker = LocalWorker(Settings.from_json(settings))
    said: list[Message] = []
    try:
        worker.tell({"chunk": chunk})
        with selectors.DefaultSelector() as selector:
            selector.register(worker, selectors.EVENT_READ)
            while not (said and ("done" in said[-1] or "lost" in said[-1])):
                if selector.select(1.0):
                    said += [message for message in worker.hear() if "alive" not in message]
                elif time.monotonic() - worker.heard > SILENCE:
                    said.append({"lost": f"a worker said nothing for {SILENCE:.0f} s"})
    finally:
        worker.close()
    return said


class ClusterPool:
    """The threads of a Dask cluster's workers."""

    def __init__(self, settings: Settings, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise NoCluster("--scheduler needs distributed: pip install 'lx[cluster]'") from None
        try:
            connect: Any = Client
            self._client = connect(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise NoCluster(f"{address}: no scheduler answers: {error}") from None
        self._settings = settings
        self._running: dict[int, Any] = {}
        self.size = sum(self._client.nthreads().values())
        if self.size == 0:
            self._client.close()
            raise NoCluster(f"{address}: the cluster has no workers")

    def give(self, worker: int, chunk: int) -> None:
        """Submit a chunk; the scheduler chooses where it runs."""
        self._running[worker] = self._client.submit(run_chunk, self._settings.as_json(), chunk, pure=False, retries=1)

    def messages(self, seconds: float) -> list[tuple[int, Message]]:
        """What finished tasks have said."""
        deadline = time.monotonic() + seconds
        said: list[tuple[int, Message]] = []
        while not said and time.monotonic() < deadline:
            for worker, future in list(self._running.items()):
                if future.done():
                    del self._running[worker]
                    said += [(worker, message) for message in self._result(future)]
            time.sleep(0 if said else 0.02)
        return said

    def _result(self, future: Any) -> list[Message]:
        try:
            result: list[Message] = future.result()
        except Exception as error:
            return [{"lost": f"a task of the cluster has failed: {error!r}"}]
        return result

    def close(self) -> None:
        """Cancel what has not begun, and leave the cluster."""
        self._client.cancel(list(self._running.values()))
        self._client.close()
