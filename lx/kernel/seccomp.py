"""seccomp: what a thread's filters say of a call, before it is made.

While a process has a filter, all its calls take the traced way (the engine's feature word), so that others pay nothing. A filter
is a program of classic BPF, checked as Linux checks it and interpreted; what it answers is kept by the call's number when it has
looked at no argument, as Linux's own cache does.

A filter is a thread's and its children's for ever: it is among what fork, clone and exec leave alone. Missing: listeners
(user notification), and tracers, so those verdicts answer ENOSYS, as without one.
"""

from lx.abi.errno import Errno, LinuxError
from lx.abi.seccomp import MODE_FILTER, MODE_STRICT, SECCOMP_DATA, SIGSYS_INFO, SYS_SECCOMP, Verdict
from lx.abi.signals import SIGINFO_SIZE, Signal
from lx.kernel.wait import ProcessKilled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lx.kernel.process import Process
    from lx.kernel.thread import Thread

Instruction = tuple[int, int, int, int]
STRICT_CALLS = ("read", "write", "exit", "rt_sigreturn")
FEATURE = 4
"""The bit of the engine's feature word that is ours."""
U32 = 0xFFFFFFFF
LD, LDX, ST, STX, ALU, JMP, RET, MISC = range(8)
IMM, ABS, MEM, LEN = 0x00, 0x20, 0x60, 0x80
CELLS = 16
DIV, LSH, RSH = 0x30, 0x60, 0x70
ALU_OPS = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0)
NEG, JA, TXA = 0x80, 0x00, 0x80
JUMPS = (0x10, 0x20, 0x30, 0x40)
FIRST_ARGUMENT = 16


class Filter:
    """One program."""

    __slots__ = ("known", "program")

    def __init__(self, program: list[Instruction]) -> None:
        _check(program)
        self.program = program
        self.known: dict[int, int] = {}

    def run(self, number: int, data: bytes) -> int:
        """What it returns for a struct seccomp_data."""
        answer = self.known.get(number)
        if answer is None:
            answer, depends = _interpret(self.program, data)
            if not depends:
                self.known[number] = answer
        return answer


def _check(program: list[Instruction]) -> None:
    """Linux's bpf_check_classic and seccomp_check_filter: EINVAL for what is not a filter."""
    reached = [U32] * (len(program) + 1)
    valid = 0
    for at, (code, jt, jf, k) in enumerate(program):
        kind, mode = code & 7, code & 0xE0
        valid &= reached[at]
        left = len(program) - at - 1
        fine = code < 0x100
        if kind in (LD, LDX):
            allowed = (IMM, MEM, LEN, ABS) if kind == LD else (IMM, MEM, LEN)
            fine &= code & 0x18 == 0 and mode in allowed
            fine &= mode != ABS or (k % 4 == 0 and k < SECCOMP_DATA.size)
            fine &= mode != MEM or (k < CELLS and bool(valid >> k & 1))
        elif kind in (ST, STX):
            fine &= code == kind and k < CELLS
            valid |= 1 << k if fine else 0
        elif kind == ALU:
            op = code & 0xF0
            fine &= op in ALU_OPS or code == ALU | NEG
            fine &= not (code == ALU | DIV and k == 0) and not (code in (ALU | LSH, ALU | RSH) and k >= 32)
        elif kind == JMP:
            jump = code & 0xF0
            targets = (k,) if code == JMP | JA else (jt, jf)
            fine &= (code == JMP | JA or jump in JUMPS) and all(target < left for target in targets)
            if fine:
                for target in targets:
                    reached[at + 1 + target] &= valid
                valid = U32
        elif kind == RET:
            fine &= code in (RET, RET | 0x10)
        else:
            fine &= code in (MISC, MISC | TXA)
        if not fine:
            raise LinuxError(Errno.EINVAL)
    if program[-1][0] & 7 != RET:
        raise LinuxError(Errno.EINVAL)


def _interpret(program: list[Instruction], data: bytes) -> tuple[int, bool]:
    """(the answer, whether an argument or the instruction pointer was looked at)."""
    a = x = at = 0
    cells = [0] * CELLS
    depends = False
    while True:
        code, jt, jf, k = program[at]
        at += 1
        kind, mode = code & 7, code & 0xE0
        if kind in (LD, LDX):
            if mode == ABS:
                value = int.from_bytes(data[k : k + 4], "little")
                depends |= k >= 8
            else:
                value = k if mode == IMM else cells[k] if mode == MEM else SECCOMP_DATA.size
            a, x = (value, x) if kind == LD else (a, value)
        elif kind == ST:
            cells[k] = a
        elif kind == STX:
            cells[k] = x
        elif kind == ALU:
            operand = x if code & 8 else k
            if code & 0xF0 == DIV and not operand:
                return 0, True
            a = _alu(code & 0xF0, a, operand) & U32
        elif kind == JMP:
            operand = x if code & 8 else k
            at += k if code == JMP | JA else jt if _holds(code & 0xF0, a, operand) else jf
        elif kind == RET:
            return (a if code & 0x10 else k), depends
        elif code & TXA:
            a = x
        else:
            x = a


def _alu(op: int, a: int, b: int) -> int:
    if op in (LSH, RSH):
        b &= 31
    simple = {0x00: a + b, 0x10: a - b, 0x20: a * b, 0x40: a | b, 0x50: a & b, 0x80: -a, 0xA0: a ^ b}
    if op in simple:
        return simple[op]
    return a // b if op == DIV else a << b if op == LSH else a >> b


def _holds(op: int, a: int, b: int) -> bool:
    return a == b if op == 0x10 else a > b if op == 0x20 else a >= b if op == 0x30 else bool(a & b)


def _action(answer: int) -> int:
    """The order of verdicts: the lowest wins, and killing the process is lower than all."""
    high = answer & 0xFFFF0000
    return high - (1 << 32) if high >> 31 else high


def refuse(t: "Thread", number: int, args: tuple[int, ...]) -> tuple[int | None] | None:
    """None: the call may be made. Else what it answers instead (None: the registers stay as they are)."""
    if t.attributes.seccomp_mode == MODE_STRICT:
        row = t.process.table.row_at(number)
        if row is None or row.name not in STRICT_CALLS:
            raise ProcessKilled(Signal.SIGKILL)
        return None
    arch = t.process.arch
    pc = t.engine.register(arch.pc)
    data = SECCOMP_DATA.pack(number, arch.audit, pc, *args[:6])
    answer = int(Verdict.ALLOW)
    for program in t.attributes.seccomp_filters:
        found = program.run(number, data)
        if _action(found) < _action(answer):
            answer = found
    return _obey(t, number, pc, answer)


def force_sigsys(p: "Process", number: int, pc: int, value: int) -> None:
    """SIGSYS for a call that may not be made. value: its si_errno."""
    info = SIGSYS_INFO.pack(Signal.SIGSYS, value, SYS_SECCOMP, pc, number, p.arch.audit)
    p.signals.force(info.ljust(SIGINFO_SIZE, b"\0"))
    p.attention()


def _obey(t: "Thread", number: int, pc: int, answer: int) -> tuple[int | None] | None:
    action, value = answer & 0xFFFF0000, answer & 0xFFFF
    if action in (Verdict.ALLOW, Verdict.LOG):
        return None
    if action == Verdict.ERRNO:
        return (-min(value, 4095),)
    if action in (Verdict.TRACE, Verdict.USER_NOTIF):
        return (-Errno.ENOSYS,)
    if action == Verdict.TRAP:
        force_sigsys(t.process, number, pc, value)
        return (None,)
    if action == Verdict.KILL_THREAD and sum(other.alive for other in t.process.threads) > 1:
        from lx.kernel import tasks

        tasks.end(t, Signal.SIGSYS)
        return (None,)
    raise ProcessKilled(Signal.SIGSYS, core=True)


def install(t: "Thread", mode: int, added: Filter | None) -> None:
    """From now on this thread's calls are looked at."""
    t.attributes.seccomp_mode = mode
    if added is not None:
        t.attributes.seccomp_filters = (added, *t.attributes.seccomp_filters)
    t.engine.features |= FEATURE


def filters_in_mode(t: "Thread") -> int:
    """How many filters the thread has."""
    return len(t.attributes.seccomp_filters) if t.attributes.seccomp_mode == MODE_FILTER else 0
