"""Programs that are compiled first, natively: C++, Go, Rust, Java."""

from programs import Case

RUSTC = ("rustc", "-O", "-C", "target-feature=+crt-static", "-o", "program")


def go(name: str, source: str) -> Case:
    """A static Go program."""
    return Case(name, ("./program",), sources=(source,), build=("go", "build", "-o", "program", source), env={"CGO_ENABLED": "0"})


CASES = [
    Case("C++: std::thread, std::async, futures, exceptions across threads", ("./program",), sources=("threads.cc",), build=("g++", "-std=c++17", "-O1", "-pthread", "-o", "program", "threads.cc")),
    go("Go: goroutines, select, timers, signals, os/exec", "goroutines.go"),
    go("Go: net/http server and client, TLS, a UNIX socket", "webserver.go"),
    Case("Rust: threads, channels, locks, barriers", ("./program",), sources=("threads.rs",), build=(*RUSTC, "threads.rs")),
    Case("Rust: std::net, UNIX sockets, child processes, a panic", ("./program",), sources=("sockets.rs",), build=(*RUSTC, "sockets.rs")),
    Case("Java: executors, locks, sockets, processes, the collector", ("java", "-Xmx64m", "-cp", ".", "Threads"), sources=("Threads.java",), build=("javac", "-XDstringConcat=inline", "-d", ".", "Threads.java")),
]  # fmt: skip
