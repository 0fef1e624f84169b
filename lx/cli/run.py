"""`lx run`: run a Linux program in a zone.

The options are one table; parsing, `--help` and the environment twins come from it. argparse is not used here because its
import is a tenth of what starting `true` may cost, and because `--strace PROGRAM` must not take PROGRAM for a file.
"""

import os
import sys

from lx.abi.lean import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from lx.kernel.process import Process

NOT_FOUND, CANNOT_RUN, USAGE = 127, 126, 2
FLAG, VALUE, MANY, OPTIONAL = "flag", "value", "many", "optional"
DEFAULT_PATH = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

OPTIONS = (
    ("--root", VALUE, "DIR", "LX_ROOT", "the zone's root directory (default /)"),
    ("--cwd", VALUE, "DIR", "LX_CWD", "working directory, a path inside the zone (default: where lx is, if that is inside)"),
    ("-E", MANY, "VAR=VALUE", "LX_SET_ENV", "set a variable for the program (the twin: several, separated by commas)"),
    ("-U", MANY, "VAR", "LX_UNSET_ENV", "take a variable from the program (likewise)"),
    ("--argv0", VALUE, "NAME", "LX_ARGV0", "what the program is told is its name"),
    ("--kernel-version", VALUE, "RELEASE", "LX_RELEASE", "the release that uname tells (default 5.10.0)"),
    ("--hostname", VALUE, "NAME", "LX_HOSTNAME", "the zone's host name (default: the host's)"),
    ("--seed", VALUE, "NUMBER", "LX_SEED", "the same memory layout, AT_RANDOM, getrandom and order of threads in every run"),
    ("--chaos", FLAG, "", "LX_CHAOS", "give threads the CPU in unlikely orders; without --seed, one is chosen and told"),
    ("--restart-all", FLAG, "", "LX_RESTART_ALL", "restart each call that a signal may restart once, to find what depends on it"),
    ("--strict", FLAG, "", "LX_STRICT", "SIGSYS for what is not supported, instead of an error"),
    ("--strace", OPTIONAL, "FILE", "LX_DEBUG", "print every call, to standard error or to FILE (the twin: a file, or 1)"),
    ("--stats", OPTIONAL, "FILE", "LX_STATS", "at each process's end: calls, times, fills, flushes (in FILE: as JSON)"),
    ("--zone", VALUE, "DIR", "LX_ZONE", "join the running zone with this runtime directory"),
)
"""Name, kind, what the value is called, environment twin, help."""

USAGE_LINE = "usage: lx run [OPTIONS] PROGRAM [ARGUMENTS...]"


class Usage(Exception):
    """The command line is wrong; the text says how."""


class Options:
    """What was asked for: option name to value (True for a flag or an option without its file, a list for MANY)."""

    def __init__(self, *, twins: bool = True) -> None:
        self.values: dict[str, str | bool | list[str]] = {}
        self.argv: list[str] = []
        for name, kind, _, twin, _ in OPTIONS if twins else ():
            value = os.environ.get(twin, "")
            if value and not (kind in (FLAG, OPTIONAL) and value == "0"):
                switch = kind == FLAG or (value == "1" and kind == OPTIONAL)
                self.values[name] = value.split(",") if kind == MANY else switch or value

    def text(self, name: str, otherwise: str = "") -> str:
        """A value as text."""
        value = self.values.get(name, otherwise)
        return value if isinstance(value, str) else otherwise

    def many(self, name: str) -> list[str]:
        """The values of an option that may be repeated."""
        value = self.values.get(name)
        return value if isinstance(value, list) else []


def parse(words: "Sequence[str]", *, twins: bool = True) -> Options:
    """The options before the program, and the program with its arguments. Usage for what is wrong. twins: the environment's."""
    options = Options(twins=twins)
    kinds = {name: kind for name, kind, *_ in OPTIONS}
    i = 0
    while i < len(words) and words[i].startswith("-") and words[i] != "-":
        word = words[i]
        i += 1
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if word[:2] in kinds and len(word) > 2:
            name, equals, value = word[:2], "=", word[2:]
        if name in ("-h", "--help"):
            raise SystemExit(print_help())
        kind = kinds.get(name)
        if kind is None:
            raise Usage(f"{name}: no such option{_hint(name)}")
        if kind in (VALUE, MANY) and not equals:
            if i == len(words):
                raise Usage(f"{name}: a value is missing")
            value = words[i]
            i += 1
        if kind == FLAG and equals:
            raise Usage(f"{name}: takes no value")
        if kind == MANY:
            options.values[name] = [*options.many(name), value]
        else:
            options.values[name] = True if kind == FLAG or (kind == OPTIONAL and not equals) else value
    options.argv = list(words[i:])
    if not options.argv:
        raise Usage("which program?")
    return options


def _hint(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, [option[0] for option in OPTIONS], 1)
    return f" (did you mean {near[0]}?)" if near else "; see lx run --help"


def print_help() -> int:
    """The help, as wide as the terminal."""
    from shutil import get_terminal_size
    from textwrap import wrap

    columns = max(get_terminal_size().columns, 40)
    lines = [USAGE_LINE, "", *wrap("Run a Linux program under translation, in a zone.", columns), ""]
    for name, kind, metavar, twin, help_ in OPTIONS:
        shown = {VALUE: f"{name} {metavar}", MANY: f"{name} {metavar}", OPTIONAL: f"{name}[={metavar}]", FLAG: name}[kind]
        lines.append(f"  {shown}")
        lines += wrap(f"{help_} [{twin}]", columns, initial_indent="      ", subsequent_indent="      ")
    status = (
        "The status is the program's own; 128+n if signal n ended it; 127 if the program is not there, 126 if it cannot be run,"
        " 2 for a wrong command line. In brackets: the environment variable that does the same."
    )
    lines += ["", *wrap(status, columns)]
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def environment(options: Options) -> list[bytes]:
    """The program's environment."""
    variables = dict(os.environb)
    if b"LC_CTYPE" in variables and not _was_given(b"LC_CTYPE"):
        del variables[b"LC_CTYPE"]
    for name in options.many("-U"):
        variables.pop(os.fsencode(name), None)
    for setting in options.many("-E"):
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise Usage(f"-E {setting}: VAR=VALUE is wanted")
        variables[os.fsencode(name)] = os.fsencode(value)
    return [name + b"=" + value for name, value in variables.items()]


def _was_given(name: bytes) -> bool:
    """Whether a variable was there when this process started: Python in the C locale sets LC_CTYPE (PEP 538)."""
    try:
        with open("/proc/self/environ", "rb") as file:
            given = file.read()
    except OSError:
        return True
    return (b"\0" + given).find(b"\0" + name + b"=") >= 0


def main(words: "Sequence[str]", *, twins: bool = True) -> int:
    """Run the program: returns only if it cannot be started."""
    try:
        options = parse(words, twins=twins)
        envp = environment(options)
    except Usage as error:
        return fail(f"run: {error}", USAGE)
    return launch(options, envp)


def fail(line: str, status: int) -> int:
    """One line to the operator, and a status."""
    with suppress(OSError):
        os.write(2, f"lx: {line}\n".encode(errors="replace"))
    return status


def launch(options: Options, envp: list[bytes]) -> int:
    """Make the zone and the process, load the program and live its life."""
    from lx.abi.errno import LinuxError
    from lx.zone.config import NAME_MAX, Config, is_release

    try:
        seed = int(options.text("--seed"), 0) if options.text("--seed") else None
    except ValueError:
        return fail(f"--seed {options.text('--seed')}: not a number", USAGE)
    release, hostname = options.text("--kernel-version", "5.10.0"), os.fsencode(options.text("--hostname"))
    if not is_release(release):
        return fail(f"--kernel-version {release}: not a release of Linux as uname tells it (5.10.0)", USAGE)
    if len(hostname) > NAME_MAX:
        return fail(f"--hostname: longer than {NAME_MAX} bytes", USAGE)
    if "--chaos" in options.values and seed is None:
        seed = int.from_bytes(os.urandom(4), "little")
        fail(f"--chaos --seed {seed} repeats this run", 0)
    root = options.text("--root", "/")
    if not os.path.isdir(root):
        return fail(f"{root}: not a directory, so not a root for a zone", CANNOT_RUN)
    config = Config(
        os.path.abspath(root),
        options.text("--hostname"),
        release,
        seed,
        "--strict" in options.values,
        chaos="--chaos" in options.values,
        restart_all="--restart-all" in options.values,
    )
    try:
        process = _process(config, options)
    except LinuxError as error:
        return fail(f"the runtime directory of zones: {_why(error)}; LX_RUNTIME_DIR names another", CANNOT_RUN)
    except (OSError, ValueError, RuntimeError) as error:
        return fail(_why(error), CANNOT_RUN)
    return _live(process, options, envp)


def _process(config: "object", options: Options) -> "Process":
    from lx.zone import launch as launching
    from lx.zone.config import Config
    from lx.zone.live import LiveZone

    assert isinstance(config, Config)
    here = os.getcwdb()
    zone = LiveZone(config, options.text("--zone"))
    process = launching.new_process(zone)
    zone.operator.fd = launching.own_standard_error(process.files)
    _set_directory(process, options, here)
    _watch(process, options)
    return process


def _set_directory(process: "Process", options: Options, here: bytes) -> None:
    from lx.abi.errno import LinuxError
    from lx.zone.launch import enter_directory

    asked = options.text("--cwd")
    try:
        enter_directory(process, os.fsencode(asked) if asked else process.fs.to_guest_path(here))
    except (LinuxError, OSError) as error:
        if asked:
            process.zone.close()
            raise RuntimeError(f"--cwd {asked}: {_why(error)}") from None


def _watch(process: "Process", options: Options) -> None:
    """--strace and --stats."""
    if "--strace" in options.values:
        from syscalls.show.tracer import Tracer

        process.tracer = Tracer(_output(process, options, "--strace"), process.table)  # type: ignore[arg-type]
    if "--stats" in options.values:
        from lx.zone.stats import Stats

        as_json = isinstance(options.values["--stats"], str)
        process.stats = Stats(_output(process, options, "--stats"), process.table, as_json=as_json)  # type: ignore[arg-type]
    if process.tracer or process.stats:
        process.engine.features = 1
        process.signals.die_here()


def _output(process: "Process", options: Options, name: str) -> int:
    path = options.values[name]
    if not isinstance(path, str):
        return int(process.zone.operator.fd)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
    try:
        return process.files.own(os.open(path, flags, 0o666))
    except OSError as error:
        process.zone.close()
        raise RuntimeError(f"{name} {path}: {_why(OSError(error.errno, ''))}") from None


def _live(process: "Process", options: Options, envp: list[bytes]) -> int:
    from lx.abi.errno import LinuxError
    from lx.kernel.wait import ProcessKilled
    from lx.zone import launch as launching

    argv = [os.fsencode(word) for word in options.argv]
    program = argv[0]
    argv[0] = os.fsencode(options.text("--argv0", options.argv[0]))
    try:
        path = launching.find(process, program, _search(envp))
        launching.start(process, path, argv, envp)
    except (LinuxError, OSError) as error:
        from lx.abi.errno import Errno

        process.zone.close()
        absent = error.errno in (Errno.ENOENT, Errno.ENOTDIR)
        return fail(f"{options.argv[0]}: {_why_not_run(process, program, error)}", NOT_FOUND if absent else CANNOT_RUN)
    except ProcessKilled:
        process.zone.close()
        return CANNOT_RUN
    return launching.live(process)


def _search(envp: list[bytes]) -> bytes:
    return next((word[5:] for word in envp if word.startswith(b"PATH=")), DEFAULT_PATH)


def _why(error: "OSError | Exception") -> str:
    number = getattr(error, "errno", None)
    name = getattr(error, "filename", None)
    what = f"{os.fsdecode(name)}: " if isinstance(name, str | bytes) else ""
    return what + os.strerror(number).lower() if number else str(error)


def _why_not_run(process: "Process", program: bytes, error: Exception) -> str:
    """One phrase that names the way out where there is one."""
    from lx.abi.errno import Errno

    number = getattr(error, "errno", 0)
    root = "" if process.zone.root == "/" else f" in the zone's root {process.zone.root}"
    if number == Errno.ENOENT:
        if b"/" not in program:
            return f"not found on PATH{root}"
        try:
            with process.fs.at(-100, program) as place:
                place.stat()
        except Exception:
            return f"not found{root}"
        return f"its interpreter is not there{root} (readelf -l, or the #! line, tells which)"
    if number == Errno.ELOOP:
        return "too many symbolic links, or #! lines that lead to each other"
    if number == Errno.ENOEXEC:
        return "not an executable: neither a 64-bit x86-64 ELF program nor a script with #!"
    if number == Errno.EACCES:
        return "permission denied: not a regular file, or not executable"
    return _why(error)


def entry() -> "NoReturn":
    """`lx run` from a console script: the status is lx's own only if nothing was run."""
    sys.exit(main(sys.argv[2:]))
