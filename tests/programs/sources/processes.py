"""multiprocessing, whole: pools, values, arrays, locks, queues, pipes, shared memory, events, barriers, managers.

The arguments are start methods, each of which does everything.
"""

import multiprocessing as mp
import os
import queue
import sys
import time
from multiprocessing import shared_memory


def square(n):
    return n * n


def add(value, array, lock):
    for i in range(40):
        with value.get_lock():
            value.value += 1
        with lock:
            array[i % len(array)] += 1


def double(tasks, results):
    for n in iter(tasks.get, None):
        results.put((n, 2 * n))


def shout(pipe):
    while (line := pipe.recv()) != "end":
        pipe.send(line.upper())
    sys.exit(7)


def mark(name, at, go, barrier):
    memory = shared_memory.SharedMemory(name)
    go.wait()
    memory.buf[at] = at + 1
    barrier.wait()
    memory.close()


def note(shared, seen, n):
    shared[n] = os.getppid() > 1
    seen.append(n)


def started(context, target, *arguments):
    processes = [context.Process(target=target, args=a) for a in arguments]
    for process in processes:
        process.start()
    return processes


def ended(processes):
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def pool(context):
    with context.Pool(2) as workers:
        print(workers.map(square, range(10)), workers.apply_async(square, (12,)).get(), sorted(workers.imap_unordered(square, range(5))))


def counters(context):
    value, array, lock = context.Value("l", 0), context.Array("i", 4, lock=False), context.RLock()
    print(ended(started(context, add, *[(value, array, lock)] * 2)), value.value, list(array))


def queues(context):
    tasks, results = context.Queue(), context.SimpleQueue()
    workers = started(context, double, *[(tasks, results)] * 2)
    for n in [*range(20), None, None]:
        tasks.put(n)
    print(sorted(results.get() for _ in range(20)) == [(n, 2 * n) for n in range(20)], ended(workers))


def pipes(context):
    here, there = context.Pipe()
    processes = started(context, shout, (there,))
    here.send("hello")
    print(here.recv())
    here.send("end")
    print(ended(processes))


def memory(context):
    block, go, barrier = shared_memory.SharedMemory(create=True, size=100), context.Event(), context.Barrier(3)
    processes = started(context, mark, *[(block.name, at, go, barrier) for at in range(2)])
    go.set()
    barrier.wait()
    print(ended(processes), bytes(block.buf[:3]))
    block.close()
    block.unlink()


def manager(context):
    with context.Manager() as server:
        shared, seen, line = server.dict(x=1), server.list(), server.Queue()
        print(ended(started(context, note, (shared, seen, 0), (shared, seen, 1))), sorted(shared.items(), key=str), sorted(seen))
        try:
            line.get(timeout=0.01)
        except queue.Empty:
            print("empty")


def terminated(context):
    (process,) = started(context, time.sleep, (60,))
    process.terminate()
    print(ended([process]))


if __name__ == "__main__":
    for method in sys.argv[2:]:
        for part in sys.argv[1].split(","):
            globals()[part](mp.get_context(method))
