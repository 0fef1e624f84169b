"""The calls that no family implements: why not, and what to say of them.

Each is one line: LX's reason, the arguments (so that the operator's report and strace print as many as the call takes,
with their names), and a note. All of them answer -ENOSYS, as a kernel built without them does; the operator is told
once per number. A family that implements one of these removes its line here: a name in both places, or in neither,
fails the table's test.

The reasons are those of LX: not done yet; no equivalent on the host; reads or changes kernel state; obsolete; no such
call. "No such call" is said of numbers that Linux reserves and never gave an entry point.
"""

from syscalls.declare import Parameter, Reason, Row, Support
from syscalls.types import S32, S64, U32, U64, Arg

NOT_YET = Reason.NOT_YET
NO_HOST = Reason.NO_HOST
STATE = Reason.KERNEL_STATE
OBSOLETE = Reason.OBSOLETE
NO_CALL = Reason.NO_SUCH_CALL

INOTIFY = "file notification"
URING = "io_uring; libraries fall back to read, write and poll"
PIDFD = "process descriptors"
MOUNTS = "a zone's mounts are set from outside"
MOUNT_API = "the mount API of Linux 5.2; libmount falls back to mount(2)"
MODULES = "kernel modules belong to the host"
KEYS = "the kernel's key store"
SANDBOX = "sandboxing by path; callers treat ENOSYS as an old kernel"
SECURITY = "Linux security modules: none is active in a zone"
HANDLES = "file handles"
DEBUG = "debugging other processes"

CALLS: dict[str, tuple[Reason, str, str]] = {
    # Events
    "epoll_ctl_old": (NO_CALL, "ulong a, ulong b, ulong c, ulong d", "number reserved, never had an entry point"),
    "epoll_wait_old": (NO_CALL, "ulong a, ulong b, ulong c, ulong d", "number reserved, never had an entry point"),
    "fanotify_init": (NOT_YET, "uint flags, uint event_f_flags", INOTIFY),
    "fanotify_mark": (NOT_YET, "fd fanotify_fd, uint flags, ulong mask, dirfd dirfd, path pathname", INOTIFY),
    # Asynchronous I/O
    "io_uring_setup": (NOT_YET, "uint entries, ptr params", URING),
    "io_uring_enter": (NOT_YET, "fd fd, uint to_submit, uint min_complete, uint flags, ptr arg, size argsz", URING),
    "io_uring_register": (NOT_YET, "fd fd, uint opcode, ptr arg, uint nr_args", URING),
    # Threads, processes and their descriptors
    "rseq_slice_yield": (NOT_YET, "", "scheduler slice extension of Linux 7.0"),
    "process_madvise": (NOT_YET, "fd pidfd, ptr iovec, size vlen, int advice, uint flags", PIDFD),
    "process_mrelease": (NOT_YET, "fd pidfd, uint flags", PIDFD),
    "ptrace": (NOT_YET, "long request, pid pid, ptr addr, ptr data", DEBUG),
    "uretprobe": (NO_HOST, "", "reached only from the kernel's own trampoline"),
    "uprobe": (NO_HOST, "", "reached only from the kernel's own trampoline"),
    "landlock_create_ruleset": (NOT_YET, "ptr attr, size size, uint flags", SANDBOX),
    "landlock_add_rule": (NOT_YET, "fd ruleset_fd, int rule_type, ptr rule_attr, uint flags", SANDBOX),
    "landlock_restrict_self": (NOT_YET, "fd ruleset_fd, uint flags", SANDBOX),
    "listns": (NOT_YET, "ptr req, ptr ns_ids, size nr_ns_ids, uint flags", "namespaces"),
    "modify_ldt": (NOT_YET, "int func, ptr ptr, ulong bytecount", "segments of 16-bit and 32-bit code"),
    "set_thread_area": (NO_CALL, "ptr u_info", "32-bit only: Linux answers ENOSYS to 64-bit callers"),
    "get_thread_area": (NO_CALL, "ptr u_info", "32-bit only: Linux answers ENOSYS to 64-bit callers"),
    "userfaultfd": (NOT_YET, "int flags", "page faults served by the guest"),
    # Timers and clocks
    # Memory
    "remap_file_pages": (OBSOLETE, "ptr addr, size size, int prot, size pgoff, int flags", "emulated since 4.0"),
    "map_shadow_stack": (NO_HOST, "ptr addr, size size, uint flags", "the CPU advertises no shadow stacks"),
    "memfd_secret": (NO_HOST, "uint flags", "memory that the kernel itself cannot reach"),
    "mseal": (NOT_YET, "ptr addr, size len, ulong flags", "sealed mappings of Linux 6.10; the C library goes on without them"),
    # Files
    "name_to_handle_at": (NOT_YET, "dirfd dirfd, path pathname, ptr handle, ptr mount_id, int flags", HANDLES),
    "open_by_handle_at": (NOT_YET, "fd mount_fd, ptr handle, int flags", HANDLES),
    "file_getattr": (NOT_YET, "dirfd dirfd, path pathname, ptr attr, size size, uint at_flags", "Linux 6.17"),
    "file_setattr": (NOT_YET, "dirfd dirfd, path pathname, ptr attr, size size, uint at_flags", "Linux 6.17"),
    "ustat": (OBSOLETE, "ulong dev, ptr ubuf", "statfs replaces it"),
    "sysfs": (OBSOLETE, "int option, ulong arg1, ulong arg2", "/proc/filesystems replaces it"),
    "lookup_dcookie": (OBSOLETE, "ulong cookie, ptr buffer, size len", "removed in Linux 6.7"),
    # Mounts
    "mount": (NOT_YET, "path source, path target, path filesystemtype, ulong mountflags, ptr data", MOUNTS),
    "umount2": (NOT_YET, "path target, int flags", MOUNTS),
    "pivot_root": (STATE, "path new_root, path put_old", MOUNTS),
    "open_tree": (NOT_YET, "dirfd dirfd, path pathname, uint flags", MOUNT_API),
    "open_tree_attr": (NOT_YET, "dirfd dirfd, path pathname, uint flags, ptr attr, size size", MOUNT_API),
    "move_mount": (NOT_YET, "dirfd from_dirfd, path from_path, dirfd to_dirfd, path to_path, uint flags", MOUNT_API),
    "fsopen": (NOT_YET, "path fsname, uint flags", MOUNT_API),
    "fsconfig": (NOT_YET, "fd fs_fd, uint cmd, text key, ptr value, int aux", MOUNT_API),
    "fsmount": (NOT_YET, "fd fs_fd, uint flags, uint attr_flags", MOUNT_API),
    "fspick": (NOT_YET, "dirfd dirfd, path pathname, uint flags", MOUNT_API),
    "mount_setattr": (NOT_YET, "dirfd dirfd, path pathname, uint flags, ptr attr, size size", MOUNT_API),
    "statmount": (NOT_YET, "ptr req, ptr smbuf, size bufsize, uint flags", MOUNT_API),
    "listmount": (NOT_YET, "ptr req, ptr mnt_ids, size nr_mnt_ids, uint flags", MOUNT_API),
    "quotactl": (STATE, "uint cmd, path special, int id, ptr addr", "quotas are set on the host"),
    "quotactl_fd": (STATE, "fd fd, uint cmd, int id, ptr addr", "quotas are set on the host"),
    # The machine
    "reboot": (NOT_YET, "uint magic1, uint magic2, uint cmd, ptr arg", "halting and rebooting a zone from inside"),
    "iopl": (NO_HOST, "uint level", "I/O ports"),
    "ioperm": (NO_HOST, "ulong from, ulong num, int turn_on", "I/O ports"),
    "init_module": (STATE, "ptr module_image, ulong len, text param_values", MODULES),
    "finit_module": (STATE, "fd fd, text param_values, int flags", MODULES),
    "delete_module": (STATE, "text name, uint flags", MODULES),
    "kexec_load": (STATE, "ulong entry, ulong nr_segments, ptr segments, ulong flags", "replaces the running kernel"),
    "kexec_file_load": (
        STATE,
        "fd kernel_fd, fd initrd_fd, ulong cmdline_len, ptr cmdline, ulong flags",
        "replaces the running kernel",
    ),
    "bpf": (STATE, "int cmd, ptr attr, uint size", "loads code into the kernel"),
    "perf_event_open": (NO_HOST, "ptr attr, pid pid, int cpu, fd group_fd, ulong flags", "counters of a real CPU"),
    "add_key": (NOT_YET, "text type, text description, ptr payload, size plen, int keyring", KEYS),
    "request_key": (NOT_YET, "text type, text description, text callout_info, int dest_keyring", KEYS),
    "keyctl": (NOT_YET, "int operation, ulong arg2, ulong arg3, ulong arg4, ulong arg5", KEYS),
    "lsm_get_self_attr": (NOT_YET, "uint attr, ptr ctx, ptr size, uint flags", SECURITY),
    "lsm_set_self_attr": (NOT_YET, "uint attr, ptr ctx, uint size, uint flags", SECURITY),
    "lsm_list_modules": (NOT_YET, "ptr ids, ptr size, uint flags", SECURITY),
}

KINDS = {
    kind: Arg(kind, decode)
    for decode, kinds in (
        (S32, ("fd", "dirfd", "int", "pid", "signal")),
        (U32, ("uint", "mode")),
        (S64, ("long",)),
        (U64, ("ulong", "size", "ptr", "path", "text")),
    )
    for kind in kinds
}


def row(name: str) -> Row | None:
    """The row of a call that is not implemented; None if this module does not list it."""
    if name not in CALLS:
        return None
    reason, arguments, note = CALLS[name]
    parameters = []
    for declaration in arguments.split(", ") if arguments else ():
        kind, _, argument = declaration.partition(" ")
        parameters.append(Parameter(argument, KINDS[kind]))
    return Row(name, None, tuple(parameters), Support.UNSUPPORTED, note, reason, module="unsupported")


def unknown(number: int) -> Row:
    """The row that stands for a number without a call; strace calls it syscall_0x..., and so do we."""
    parameters = tuple(Parameter(f"arg{i}", KINDS["ulong"]) for i in range(6))
    return Row(f"syscall_{number:#x}", None, parameters, Support.UNSUPPORTED, "", Reason.NO_SUCH_CALL)


def missing(name: str) -> Row:
    """The row of a call of which nothing is declared: what a table with a problem answers by."""
    return Row(name, None, unknown(0).parameters, Support.UNSUPPORTED, "declared nowhere", Reason.NOT_YET)
