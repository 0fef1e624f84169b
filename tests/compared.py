"""Running one program natively and under lx in equal surroundings, and what is seen of a run.

Equal surroundings: a fresh directory of the same name (paths are part of output and of the initial stack), the same
files in it, the same small environment, a session of its own (a run that does not end is killed as a whole group).
"""

import hashlib
import os
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lx.zone.handle import COMMAND

GUESTS = Path(__file__).parent / "guests"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
ENVIRONMENT = {"PATH": PATH, "LC_ALL": "C", "HOME": "/nonexistent", "TZ": "UTC"}
TIMEOUT = 120.0
OURS = ("LX_ENGINE", "PYTHONPATH", "PYTHONHASHSEED")
"""Variables that steer lx itself: they reach the emulator and are taken from the guest (`lx run -U`)."""

Build = Callable[..., Path]
LxRun = Callable[..., "subprocess.CompletedProcess[bytes]"]


@dataclass(frozen=True)
class Outcome:
    """All that can be seen of a run from outside. `status` is a host wait status: negative for a signal."""

    stdout: bytes
    stderr: bytes
    status: int
    tree: dict[str, tuple[object, ...]]

    @property
    def shell_status(self) -> int:
        """The status as a shell tells it, which is what `lx run` exits with: 128+n for signal n."""
        return 128 - self.status if self.status < 0 else self.status


def lx_command(
    argv: Sequence[str], env: Mapping[str, str], options: Sequence[str] = ()
) -> tuple[list[str], dict[str, str]]:
    """The command line and environment that run argv under the installed lx with exactly `env` seen by the guest."""
    ours = {name: os.environ[name] for name in OURS if name in os.environ}
    hide = [word for name in ours if name not in env for word in ("-U", name)]
    return [*COMMAND, "run", *hide, *options, *argv], {**ours, **env}


def tree_of(top: Path) -> dict[str, tuple[object, ...]]:
    """Every file below top: kind and permissions, owner, links, and content (by hash) or target."""
    found: dict[str, tuple[object, ...]] = {}
    for base, directories, names in os.walk(top):
        for name in [*directories, *names]:
            path = os.path.join(base, name)
            st = os.lstat(path)
            content: object = None
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    content = hashlib.sha256(f.read()).hexdigest()
            elif stat.S_ISLNK(st.st_mode):
                content = os.readlink(path)
            links = None if stat.S_ISDIR(st.st_mode) else st.st_nlink
            found[os.path.relpath(path, top)] = (oct(st.st_mode), st.st_uid, st.st_gid, links, content)
    return found


def observe(
    command: Sequence[str], env: Mapping[str, str], top: Path, files: Mapping[str, str | bytes], stdin: bytes
) -> Outcome:
    """Run command in a fresh directory, always of the same name, and say what was seen; the directory goes then."""
    work = top / "w"
    work.mkdir()
    try:
        for name, content in files.items():
            path = work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            path.chmod(0o755 if path.read_bytes().startswith((b"#!", b"\x7fELF")) else 0o644)
        with subprocess.Popen(
            command, cwd=work, env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, umask=0o022,
        ) as process:  # fmt: skip
            try:
                out, err = process.communicate(stdin, TIMEOUT)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                try:
                    out, err = process.communicate(timeout=5)
                except subprocess.TimeoutExpired as held:  # by a process that has left the group
                    out, err = held.stdout or b"", held.stderr or b""
                raise AssertionError(f"no end after {TIMEOUT} s: {command}\n{out!r}\n{err!r}") from None
        return Outcome(out, err, process.returncode, tree_of(work))
    finally:
        shutil.rmtree(work)
