"""/dev, /sys, /proc/sys and the nodes themselves."""

import os
import stat
import struct
from pathlib import Path
from types import SimpleNamespace

import pytest
from synthetic_world import Guest

from lx.abi.errno import Errno, LinuxError
from lx.kernel.synthetic import cpu
from lx.kernel.synthetic.nodes import Device, Directory, File, HostDirectory, Link, MagicLink


@pytest.fixture
def guest(tmp_path: Path) -> Guest:
    return Guest(str(tmp_path))


@pytest.mark.parametrize("tree", ["proc", "dev", "sys"])
def test_every_name_that_is_listed_can_be_looked_up_read_and_has_the_listed_number(guest: Guest, tree: str) -> None:
    for node in guest.walk(f"/{tree}"):
        result = node.stat(guest.p)
        assert stat.S_IFMT(result.st_mode) == stat.S_IFMT(node.mode)
        if isinstance(node, Directory):
            for name, ino, kind in node.names(guest.p):
                child = node.lookup(guest.p, name)
                assert child.path == node.path + b"/" + name
                assert child.stat(guest.p).st_ino == ino, child.path
                assert child.mode >> 12 == kind
        elif isinstance(node, File) and node.mode & 0o444:
            assert isinstance(node.read(guest.p), bytes)
        elif isinstance(node, Link):
            assert node.target(guest.p)


def test_names_of_a_directory_are_unique_and_numbers_too(guest: Guest) -> None:
    numbers = [node.ino() for tree in ("proc", "sys") for node in guest.walk(f"/{tree}")]
    assert len(set(numbers)) == len(numbers) - 1, "only the two roots share a number"


def test_a_missing_name_is_enoent(guest: Guest) -> None:
    for path in ("/proc/nothing", "/proc/99999999", "/proc/self/fd/99", "/dev/sda", "/sys/nothing", "/proc/01"):
        with pytest.raises(LinuxError) as error:
            guest.node(path)
        assert error.value.errno == Errno.ENOENT


def test_a_file_of_proc_looks_as_linux_has_it(guest: Guest) -> None:
    for name in ("/proc/self/maps", "/proc/self/environ", "/proc/meminfo", "/proc/self/stat", "/proc/self/comm"):
        ours, real = guest.node(name).stat(guest.p), os.stat(name)
        assert (ours.st_mode, ours.st_nlink, ours.st_size, ours.st_blocks, ours.st_blksize) == (
            real.st_mode,
            real.st_nlink,
            real.st_size,
            real.st_blocks,
            real.st_blksize,
        ), name
        assert (ours.st_uid, ours.st_gid) == (real.st_uid, real.st_gid)
    for name in ("/proc", "/proc/self/fd", "/proc/self/task", "/proc/self", "/proc/sys/kernel", "/sys", "/dev"):
        ours, real = guest.node(name), os.lstat(name)
        if name == "/proc/self":
            assert ours.mode == real.st_mode
            ours, real = guest.node(f"/proc/{os.getpid()}"), os.stat(name)
        assert ours.mode == real.st_mode, name
    assert guest.node("/proc").ino() == guest.node("/sys").ino() == 1


def test_an_undumpable_process_belongs_to_root(guest: Guest) -> None:
    guest.p.dumpable = 0
    assert guest.node("/proc/self/maps").owner(guest.p) == (0, 0)


# ---- /dev


def test_devices_are_the_hosts_with_linux_numbers(guest: Guest) -> None:
    for name, number in {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "urandom": (1, 9)}.items():
        node = guest.node(f"/dev/{name}")
        assert isinstance(node, Device)
        result, real = node.stat(guest.p), os.stat(node.host_path)
        assert result.st_rdev == os.makedev(*number)
        assert (result.st_dev, result.st_ino) == (real.st_dev, real.st_ino), "fstat of the opened device must agree"


def test_dev_shm_is_the_zones_own(guest: Guest, tmp_path: Path) -> None:
    node = guest.node("/dev/shm")
    assert isinstance(node, HostDirectory)
    assert node.host_path == os.fsencode(tmp_path / "shm")
    assert stat.S_IMODE(os.stat(node.host_path).st_mode) == 0o1777


def test_only_terminals_of_the_zone_are_seen(guest: Guest) -> None:
    master, other = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY), os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    try:
        ptmx, pts = guest.node("/dev/ptmx"), guest.node("/dev/pts")
        assert isinstance(ptmx, Device) and isinstance(pts, HostDirectory)
        ptmx.opened(guest.p, master)
        import fcntl

        ours, theirs = (struct.unpack("i", fcntl.ioctl(fd, 0x80045430, bytes(4)))[0] for fd in (master, other))
        assert pts.admits(guest.p, b"%d" % ours)
        assert not pts.admits(guest.p, b"%d" % theirs)
        assert not pts.admits(guest.p, b"..")
    finally:
        os.close(master)
        os.close(other)


def test_standard_links_of_dev(guest: Guest) -> None:
    for name in ("fd", "stdin", "stdout", "stderr"):
        node = guest.node(f"/dev/{name}")
        assert isinstance(node, Link) and not isinstance(node, MagicLink)
        assert os.fsdecode(node.target(guest.p)).startswith("/proc/self/fd")


# ---- the CPU


def _cpuid() -> "dict[str, int]":
    unicorn = pytest.importorskip("unicorn")
    x86 = pytest.importorskip("unicorn.x86_const")
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
    uc.mem_map(0x1000, 0x1000)
    uc.mem_write(0x1000, b"\x0f\xa2")
    found = {}
    for leaf in ("0", "1", "2", "6", "7", "d.1", "80000001", "80000002", "80000003", "80000004", "80000008", "4.2"):
        number, _, sub = leaf.partition(".")
        uc.reg_write(x86.UC_X86_REG_RAX, int(number, 16))
        uc.reg_write(x86.UC_X86_REG_RCX, int(sub or "0", 16))
        uc.emu_start(0x1000, 0x1002)
        for name in ("eax", "ebx", "ecx", "edx"):
            found[f"{leaf} {name}"] = uc.reg_read(getattr(x86, f"UC_X86_REG_R{name[1:].upper()}")) & 0xFFFFFFFF
    return found


def test_cpuinfo_agrees_with_the_cpuid_instruction() -> None:
    real = _cpuid()
    assert {name: word for name, (word, _) in cpu.LEAVES.items()} == {name: real[name] for name in cpu.LEAVES}
    assert real["0 eax"] == cpu.CPUID_LEVEL
    assert real["1 eax"] == cpu.SIGNATURE
    assert (real["1 ebx"] >> 8 & 255) * 8 == cpu.CLFLUSH_BYTES
    assert struct.pack("<III", real["0 ebx"], real["0 edx"], real["0 ecx"]).decode() == cpu.VENDOR
    brand = b"".join(
        struct.pack("<IIII", *(real[f"8000000{n} {r}"] for r in ("eax", "ebx", "ecx", "edx"))) for n in (2, 3, 4)
    )
    assert brand.rstrip(b"\0").decode() == cpu.MODEL_NAME
    assert (real["80000008 eax"] & 255, real["80000008 eax"] >> 8 & 255) == (cpu.PHYSICAL_BITS, cpu.VIRTUAL_BITS)
    assert ((real["4.2 ebx"] >> 22) + 1, real["4.2 ecx"] + 1) == cpu.CACHES[-1][2:]


def test_the_cpu_has_sse42_and_no_avx() -> None:
    flags = cpu.flags()
    assert {"fpu", "sse2", "sse4_2", "popcnt", "cx16", "lahf_lm", "fsgsbase", "lm", "syscall"} <= set(flags)
    assert not {"avx", "avx2", "fma"} & set(flags)
    assert len(flags) == len(set(flags))


def test_flag_names_are_linux_names_in_linux_order() -> None:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            real = line.partition(":")[2].split()
            both = [name for name in cpu.flags() if name in real]
            assert len(both) > 30
            assert both == [name for name in real if name in both]
            return
    pytest.skip("not an x86 host")


def test_cpu_count_is_the_same_everywhere(guest: Guest) -> None:
    count = len(os.sched_getaffinity(0))
    assert guest.read("/proc/cpuinfo").count(b"processor\t:") == count
    assert (
        sum(name.startswith("cpu") and name[3:].isdigit() for name in guest.names("/sys/devices/system/cpu")) == count
    )
    assert sum(line[:3] == b"cpu" and line[3:4].isdigit() for line in guest.read("/proc/stat").splitlines()) == count
    assert guest.read("/sys/devices/system/cpu/online") == cpu.cpu_list() + b"\n"


def test_cpuinfo_has_the_real_ones_fields_in_order(guest: Guest) -> None:
    def fields(text: bytes) -> list[bytes]:
        return [line.partition(b":")[0] for line in text.split(b"\n\n")[0].splitlines()]

    real = Path("/proc/cpuinfo").read_bytes()
    if b"GenuineIntel" not in real:
        pytest.skip("fields differ by vendor")
    optional = {b"vmx flags\t", b"microcode\t", b"power management"}
    assert [f for f in fields(guest.read("/proc/cpuinfo")) if f not in optional] == [
        f for f in fields(real) if f not in optional
    ]


@pytest.mark.parametrize("name", ["online", "possible", "present", "kernel_max", "offline"])
def test_sys_cpu_files_have_the_real_form(guest: Guest, name: str) -> None:
    real = Path(f"/sys/devices/system/cpu/{name}").read_bytes()
    ours = guest.read(f"/sys/devices/system/cpu/{name}")
    assert ours == real or name in ("possible", "present", "kernel_max", "offline")
    assert ours.endswith(b"\n")


def test_topology_names_are_real_ones(guest: Guest) -> None:
    base = "/sys/devices/system/cpu/cpu0/topology"
    assert set(guest.names(base)) <= {*os.listdir(base), "die_id"}
    assert guest.read(f"{base}/core_siblings_list") == cpu.cpu_list() + b"\n"


# ---- /proc/sys


def test_parameters_have_the_real_ones_form(guest: Guest) -> None:
    for node in guest.walk("/proc/sys"):
        if isinstance(node, File):
            text = node.read(guest.p)
            assert text.endswith(b"\n"), node.path
            try:
                real = Path(os.fsdecode(node.path)).read_bytes()
            except OSError:
                continue
            assert len(text.split()) == len(real.split()) or b"kernel/version" in node.path, node.path
            assert node.stat(guest.p).st_mode & 0o444 == os.stat(node.path).st_mode & 0o444, node.path


def test_names_of_the_kernel_are_the_zones(guest: Guest) -> None:
    assert guest.read("/proc/sys/kernel/hostname") == b"zone7\n"
    assert guest.read("/proc/sys/kernel/osrelease") == b"5.10.0\n"
    assert guest.read("/proc/sys/kernel/domainname") == b"example\n"
    assert guest.read("/proc/version").startswith(b"Linux version 5.10.0 (")
    guest.p.zone.uname = SimpleNamespace(nodename="other")
    assert guest.read("/proc/sys/kernel/hostname") == b"other\n"


def test_parameters_cannot_be_set(guest: Guest) -> None:
    node = guest.node("/proc/sys/vm/swappiness")
    assert isinstance(node, File) and not node.writable
    with pytest.raises(LinuxError) as error:
        node.write(guest.p, b"1")
    assert error.value.errno == Errno.EPERM


def test_each_uuid_is_fresh_and_valid(guest: Guest) -> None:
    import uuid

    first, second = (uuid.UUID(guest.read("/proc/sys/kernel/random/uuid").decode().strip()) for _ in range(2))
    assert first != second
    assert first.version == second.version == 4
