"""What campaigns have found and was mended: the minimal programs, and what stands beside them. Both sides answer alike."""

from collections.abc import Callable
from struct import pack

import pytest

from lx.testing import Side, replay
from lx.testing.image import EDGE

AT_FDCWD, CREATE = -100, 0o102
A, B = 0x50D000, 0x50D100
LAST_PAGE = 0x7FFF_FFFF_F000


def a_last_dot_needs_search_permission(side: Side) -> None:
    side.mkdir(b"d", 0o755)
    side.mkdir(b"z", 0)
    for name in (b"z/..", b"z/.", b"d/.", b"/", b"z/a"):
        side.rename(b"d", name)
        side.rename(name, b"d")
        side.rename(b"..", name)
        if name != b"z/a":
            side.rename(name, b"nope/a")
        side.link(b"d", name)
        side.mkdir(name, 0)
        side.unlink(name)
        side.rmdir(name)
        side.symlink(b"a", name)
        side.mknod(name, 0o100644, 0)


def the_limit_comes_before_the_buffers(side: Side) -> None:
    side.creat(b"a", 0o644)
    side.poke(A, pack("<QQ", 0, 100))
    side.preadv(0, A, 1, 0)
    side.pwritev(0, A, 1, 0, 0)
    side.pwritev(0, A, 1, 1 << 31, 0)


def reading_at_the_end_looks_at_no_buffer(side: Side) -> None:
    side.openat(AT_FDCWD, b"a", CREATE, 0o644)
    side.poke(A, pack("<QQ", 0, 100))
    side.preadv(0, A, 1, 0)
    side.preadv2(0, A, 1, 0, 0, 0)
    side.preadv2(0, A, 1, -1, -1, 0)
    side.pread64(0, 0, 100, 0)


def flags_of_a_transfer_come_before_its_buffers(side: Side) -> None:
    side.openat(AT_FDCWD, b"a", CREATE, 0o644)
    side.poke(A, pack("<QQ", 0, 1))
    for flags in (1, 2, 8, 0x10, 0x40, 0x80):
        for offset in (0, 2**63 - 1):
            side.pwritev2(0, A, 1, offset, 0, flags)
            side.preadv2(0, A, 1, offset, 0, flags)


def a_path_descriptor_is_ready_for_all(side: Side) -> None:
    side.openat(AT_FDCWD, b"b", 0o100, 0o644)
    side.openat(AT_FDCWD, b"b", 0o10000000, 0)
    for sets in ((A, 0, 0), (0, A, 0), (0, 0, A), (A, A, A)):
        side.poke(A, pack("<Q", 2))
        side.select(3, *sets, B)
        side.peek(A, 8)


def an_io_priority_goes_with_the_nice_value(side: Side) -> None:
    for nice in (0, 7, 13):
        side.setpriority(1, 0, nice)
        side.ioprio_get(2, 0)
        side.ioprio_get(1, 0)


def a_fixed_address_among_the_errors_comes_back(side: Side) -> None:
    side.pipe2(A, 0)
    for address in (-8, -1, -4095, -4096, 1 << 47):
        side.mmap(address, 1, 0, 0x100000, 0, 0)
        side.mmap(address, 1 << 40, 3, 0x32, -1, 0)


def a_word_is_stored_whole_or_not(side: Side) -> None:
    for by in (1, 3):
        side.getresgid(A, A + 4, EDGE - by)
        side.symlink(b"l", EDGE - by)
        side.pipe2(EDGE - by, 0)
        side.symlink(b"l", EDGE - by)
        side.time(EDGE - by)
        side.symlink(b"l", EDGE - by)
        side.gettimeofday(EDGE - by, 0)
        side.symlink(b"l", EDGE - by)


def a_device_of_no_name(side: Side) -> None:
    side.mkdir(b"d", 0o755)
    for name in (b"a/", b"a", b"d/", b"d/a/", b"nope/a/", b""):
        for mode in (0o020000, 0o060644, 0o010644, 0o040000, 0o030000):
            side.mknod(name, mode, 1)
            side.unlink(name)


def a_segment_of_two_gigabytes(side: Side) -> None:
    ident = side.shmget(8, 1 << 31, 0o1600)
    side.shmget(8, 0, 0)
    side.shmctl(ident, 0, 0)


def what_cannot_be_spliced_is_not_waited_for(side: Side) -> None:
    side.epoll_create1(0)
    side.pipe2(A, 0)
    side.splice(0, 0, 0, 0, 1, 0)
    side.splice(0, 0, 2, 0, 1, 0)
    side.splice(1, 0, 0, 0, 1, 1)
    side.eventfd2(0, 0)
    side.splice(3, 0, 2, 0, 1, 0)


def the_default_policy_over_holes(side: Side) -> None:
    side.mbind(0, 2**32 - 1, 0, 0, 0, 0)
    side.mbind(0, 2**32 - 1, 2, 0, 0, 0)
    side.mbind(0, 4096, 0, 0, 0, 0)
    side.mbind(0, 4096, 4, 0, 0, 0)


def a_directory_that_is_opened_meanwhile(side: Side) -> None:
    side.symlink(b"d/a", b"a")
    for call in (side.linkat, side.renameat2):
        for directory in (0, 1, 2, 3, 7):
            call(AT_FDCWD, b"a", directory, b"d/a", 0)
            call(AT_FDCWD, b"a", directory, b"b", 0)
            call(directory, b"a", AT_FDCWD, b"b", 0)
            side.unlink(b"b")


def a_nice_value_is_not_given_back(side: Side) -> None:
    side.setpriority(0, 0, 5)
    side.poke(A, pack("<IIQiIQQQ", 48, 0, 0, 3, 0, 0, 0, 0))
    side.sched_setattr(0, A, 0)
    side.setpriority(0, 0, 3)


def a_slash_after_a_link_to_a_file(side: Side) -> None:
    side.openat(AT_FDCWD, b"a", CREATE, 0o644)
    side.mkdir(b"d", 0o755)
    side.symlink(b"a", b"l")
    side.symlink(b"d", b"k")
    for old in (b"l/", b"k/", b"a/", b"m/", b"d/"):
        side.readlink(old, A, 8)
        side.lstat(old, A)
        side.lchown(old, -1, -1)
        side.access(old, 0)
        for new in (b"", b"b", b"m/b", b"a/b", b"d/"):
            side.link(old, new)
            side.rename(old, new)
            side.unlink(b"b")


def what_comes_before_a_bad_address(side: Side) -> None:
    for flags in (2, 0x82, 0, 3, 0x402):
        for mask in (0, 1, 1 << 32):
            side.futex_wait(0, 0, mask, flags, 0, 0)
            side.futex_wait(A, 1, mask, flags, EDGE, 0)
            side.futex_wake(0, mask, 1, flags)
            side.futex_wake(0, mask, 0, flags)
    side.recvmmsg(0, 0, 0, 0x80000000, 1)
    side.sendmmsg(0, 0, 0, 0x80000000)
    side.recvmmsg(0, 0, 0, 0, 1)


def proc_after_root_was_given_up(side: Side) -> None:
    for name in (b"/proc", b"/proc/self", b"/proc/self/fd", b"/proc/self/task", b"/dev", b"/sys"):
        fd = side.openat(AT_FDCWD, name, 0, 0)
        side.access(name, 4)
        side.close(fd)


def what_cannot_be_mapped(side: Side) -> None:
    side.pipe2(A, 0)
    side.socketpair(1, 1, 0, A + 8)
    side.openat(AT_FDCWD, b".", 0o200000, 0)
    for fd in range(5):
        for prot in (1, 4, 5, 3):
            for flags in (1, 2):
                side.mmap(0, 1, prot, flags, fd, 0)


def an_empty_pipe_comes_before_a_bad_address(side: Side) -> None:
    side.poke(A, pack("<QQ", 8, 8))
    side.pipe2(B, 0)
    side.vmsplice(0, A, 1, 2)
    side.write(1, b"x", 1)
    side.vmsplice(0, A, 1, 2)
    side.vmsplice(0, A, 1, 0)
    side.vmsplice(1, A, 1, 2)
    side.close(1)
    side.read(0, B, 8)
    side.vmsplice(0, A, 1, 0)


def a_segment_of_huge_pages(side: Side) -> None:
    for size in (-1, 0, -(1 << 24), -(1 << 24) - 1):
        side.shmget(0, size, 0o4000)


def flags_of_a_descriptor_s_own_status(side: Side) -> None:
    side.openat(AT_FDCWD, b"a", CREATE, 0o644)
    side.openat(AT_FDCWD, b".", 0o10000000, 0)
    for flags in (0x9000, 0x1000, 0x8000, 0x1100, 0x11000):
        for fd in (0, 1, 7, AT_FDCWD):
            side.newfstatat(fd, 0, A, flags)
            side.newfstatat(fd, b"", A, flags)
    side.setns(0, 0)
    side.setns(1, 0)


def a_mapping_that_shrinks_where_it_is_put(side: Side) -> None:
    side.mmap(0x10000000, 1, 0, 0x31, -1, 0)
    side.mremap(0x10000000, -1, 1, 0, 0)
    side.mmap(0x10202000, 0x2000, 0, 0x32, -1, 0)
    side.mremap(0x10203000, 0x1001, 1, 3, 0x10201000)
    side.mremap(0x10202000, -4096, 1, 3, 0x10301000)
    side.mremap(0x10202000, 0x3000, 0x2000, 3, 0x10301000)


def what_cannot_be_written_comes_before_its_buffers(side: Side) -> None:
    side.epoll_create1(0)
    side.openat(AT_FDCWD, b".", 0o200000, 0)
    side.pipe2(B, 0o4000)
    for fd in range(5):
        side.writev(fd, 0, 1)
        side.readv(fd, 0, 1)
        side.pwritev(fd, 0, 1, 0, 0)
        side.preadv2(fd, 0, 1, -1, -1, 0)


def huge_pages_of_a_file(side: Side) -> None:
    side.creat(b"a", 0o644)
    side.mmap(0, 1, 0, 0x40000, 0, 0)
    side.mmap(0, 0, 0, 0x40000, 0, 0)
    side.mmap(0, 4096, 1, 0x40002, 9, 0)


def a_private_futex_at_the_end_of_user_space(side: Side) -> None:
    for address in (LAST_PAGE - 4, LAST_PAGE, LAST_PAGE + 4, 0, 2):
        side.futex(address, 129, 0, 0, 0, 0)
        side.futex(0, 131, 0, 0, address, 0)
        side.futex(address, 138, 0, 0, 0, 1)


def the_numbers_of_a_futex_come_before_its_address(side: Side) -> None:
    for address in (0, LAST_PAGE):
        side.futex(address, 4, -1, 0, address, 0)
        side.futex(address, 3, 0, -1, address, 0)
        side.futex(address, 9, 0, 0, 0, 0)
        side.futex(address, 10, 0, 0, 0, 0)
        side.futex(address, 12, -1, 0, 0, 0)


def a_shared_futex_in_memory_that_cannot_change(side: Side) -> None:
    at = 0x1000_0000
    for flags in (0x32, 0x31):
        side.mmap(at, 4096, 1, flags, -1, 0)
        for operation in (3, 131, 1, 129, 0x80 | 10):
            side.futex(B, operation, 0, 0, at, 1)
            side.futex(at, operation, 0, 0, B, 1)


def memory_that_should_grow_up(side: Side) -> None:
    for prot in (0x1000000, 0x2000000, 0x3000000):
        for start, size in ((0, 1 << 47), (0x400000, 4096), (0x1000_0000, 4096), (0x3FF000, 8192)):
            side.mprotect(start, size, prot)


def attributes_of_the_working_directory_without_a_name(side: Side) -> None:
    side.poke(A, pack("<QII", B, 1, 0))
    for dirfd in (AT_FDCWD, -1, 0):
        side.setxattrat(dirfd, 0, 0x1000, b"trusted.x", A, 16)
        side.setxattrat(dirfd, b"", 0x1000, b"trusted.x", A, 16)
        side.getxattrat(dirfd, 0, 0x1000, b"user.x", A, 16)
        side.listxattrat(dirfd, 0, 0x1000, 0, 0)
        side.removexattrat(dirfd, 0, 0x1000, b"user.x")


def _state_of_mappings(side: Side) -> None:
    """The protection of the page at 0x1000_0000, as a number that both sides must have alike."""
    maps = side.side.openat(AT_FDCWD, b"/proc/self/maps", 0, 0)
    side.side.pread64(maps, A, 4096, 0)
    text = side.side.peek(A, 4096)
    at = text.find(b"10000000-")
    side.poke(B, text[at + 18 : at + 22])
    side.peek(B, 4)


def all_that_is_readable_is_executable(side: Side) -> None:
    side.personality(0x400000)
    side.mmap(0x1000_0000, 8192, 1, 0x32, -1, 0)
    side.mprotect(0x1000_1000, 4096, 3)
    side.personality(0xFFFFFFFF)
    _state_of_mappings(side)
    side.mincore(0x1000_0000, 8192, B)


def addresses_at_the_end_of_64_bits(side: Side) -> None:
    for address in (-1, -4, -8):
        side.io_cancel(0, address, 0)
        side.get_mempolicy(0, address, 1024, 0, 0)
        side.read(0, address, 100)
        side.pipe2(address, 0)
        side.newfstatat(AT_FDCWD, b".", address, 0)
        side.openat(AT_FDCWD, address, 0, 0)


def nothing_is_asked_of_nothing(side: Side) -> None:
    side.get_mempolicy(0, A, -1, 0, 0)
    side.get_mempolicy(0, 1, 32, 0, 1 << 52)
    side.process_vm_readv(0, 0, 0, 0, -1, 0)
    side.process_vm_writev(0, 0, 2000, 0, 0, 0)


def a_directory_is_read_into_less_than_nothing(side: Side) -> None:
    side.openat(AT_FDCWD, b".", 0, 0)
    for count in (-1, 0, 23, 24):
        side.getdents64(0, A, count)
        side.getdents(0, A, count)
        side.lseek(0, 0, 0)


def a_path_descriptor_cannot_be_mapped(side: Side) -> None:
    side.openat(AT_FDCWD, b".", 0x200000, 0)
    side.mmap(0x1000_0000, 4096, 0, 0x32, -1, 0)
    side.mmap(0x1000_0000, 4096, 0, 0x100001, 0, 0)
    side.mmap(0x1000_0000, 4096, 0, 0x140001, 0, 0)
    side.mmap(0x1000_0000, 0, 0, 1, 0, 0)


def lending_to_a_pipe_waits_whatever_the_pipe_says(side: Side) -> None:
    side.poke(A, pack("<QQ", B, 100))
    side.pipe2(B, 0o4000)
    side.vmsplice(1, A, 1, 0)
    side.vmsplice(0, A, 1, 0)
    side.vmsplice(0, A, 1, 2)
    side.vmsplice(0, A, 1, 0)


def select_writes_its_time_with_an_error(side: Side) -> None:
    side.poke(A, pack("<qq", 5, 3_500_000))
    side.select(-1, 0, 0, 0, A)
    side.peek(A, 8)
    side.poke(A, pack("<qq", 0, 0))
    side.select(-1, 0, 0, 0, A)
    side.peek(A, 16)


def the_value_of_a_semaphore_comes_before_its_set(side: Side) -> None:
    for value in (-1, 1 << 31, 32768, 32767):
        side.semctl(0, 0, 16, value)


def a_bad_buffer_of_a_pipe_comes_after_its_end(side: Side) -> None:
    side.pipe2(A, 0)
    side.poke(B, pack("<QQQQ", A, 100, 0x520000, 0x800))
    side.writev(0, B, 2)
    side.writev(1, B, 2)


def a_position_in_what_has_none(side: Side) -> None:
    side.eventfd2(0, 0)
    side.pwritev2(0, A, 64, 0, 0, 0)
    side.pwritev(0, A, 64, 0, 0)
    side.preadv(0, A, 2000, 0, 0)


FOUND = [
    the_value_of_a_semaphore_comes_before_its_set,
    a_bad_buffer_of_a_pipe_comes_after_its_end,
    a_position_in_what_has_none,
    a_last_dot_needs_search_permission,
    the_limit_comes_before_the_buffers,
    reading_at_the_end_looks_at_no_buffer,
    flags_of_a_transfer_come_before_its_buffers,
    a_path_descriptor_is_ready_for_all,
    an_io_priority_goes_with_the_nice_value,
    a_fixed_address_among_the_errors_comes_back,
    a_word_is_stored_whole_or_not,
    a_device_of_no_name,
    a_segment_of_two_gigabytes,
    what_cannot_be_spliced_is_not_waited_for,
    the_default_policy_over_holes,
    a_directory_that_is_opened_meanwhile,
    a_nice_value_is_not_given_back,
    a_slash_after_a_link_to_a_file,
    what_comes_before_a_bad_address,
    proc_after_root_was_given_up,
    what_cannot_be_mapped,
    an_empty_pipe_comes_before_a_bad_address,
    a_segment_of_huge_pages,
    flags_of_a_descriptor_s_own_status,
    a_mapping_that_shrinks_where_it_is_put,
    what_cannot_be_written_comes_before_its_buffers,
    huge_pages_of_a_file,
    a_private_futex_at_the_end_of_user_space,
    the_numbers_of_a_futex_come_before_its_address,
    a_shared_futex_in_memory_that_cannot_change,
    memory_that_should_grow_up,
    attributes_of_the_working_directory_without_a_name,
    all_that_is_readable_is_executable,
    addresses_at_the_end_of_64_bits,
    nothing_is_asked_of_nothing,
    a_directory_is_read_into_less_than_nothing,
    a_path_descriptor_cannot_be_mapped,
    lending_to_a_pipe_waits_whatever_the_pipe_says,
    select_writes_its_time_with_an_error,
]


@pytest.mark.parametrize("calls", FOUND, ids=lambda calls: calls.__name__)
def test_both_sides_answer_alike(calls: Callable[[Side], None]) -> None:
    seen = replay(calls)
    assert seen.agree, f"\n{seen}"
