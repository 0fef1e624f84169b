"""System V IPC: commands, flags and layouts. Source: Linux uapi linux/ipc.h, linux/shm.h, linux/sem.h, linux/msg.h.

Layouts are those of a 64-bit guest; each *_ds begins with struct ipc64_perm, which begins with the key.
"""

from struct import Struct

from lx.abi.names import IntEnum, IntFlag

IPC_PRIVATE = 0


class IpcFlags(IntFlag):
    """shmget, semget, msgget: the bits above the permissions; msgsnd, msgrcv and sembuf share IPC_NOWAIT."""

    IPC_CREAT = 0o1000
    IPC_EXCL = 0o2000
    IPC_NOWAIT = 0o4000


class ShmGetFlags(IntFlag):
    """shmget's own."""

    IPC_CREAT = 0o1000
    IPC_EXCL = 0o2000
    SHM_HUGETLB = 0o4000
    SHM_NORESERVE = 0o10000


class ShmAtFlags(IntFlag):
    """shmat's."""

    SHM_RDONLY = 0o10000
    SHM_RND = 0o20000
    SHM_REMAP = 0o40000
    SHM_EXEC = 0o100000


class MsgFlags(IntFlag):
    """msgsnd's and msgrcv's."""

    IPC_NOWAIT = 0o4000
    MSG_NOERROR = 0o10000
    MSG_EXCEPT = 0o20000
    MSG_COPY = 0o40000


class SemFlags(IntFlag):
    """struct sembuf's sem_flg."""

    IPC_NOWAIT = 0o4000
    SEM_UNDO = 0o10000


class ShmCommand(IntEnum):
    """shmctl's commands."""

    IPC_RMID = 0
    IPC_SET = 1
    IPC_STAT = 2
    IPC_INFO = 3
    SHM_LOCK = 11
    SHM_UNLOCK = 12
    SHM_STAT = 13
    SHM_INFO = 14
    SHM_STAT_ANY = 15


class SemCommand(IntEnum):
    """semctl's commands."""

    IPC_RMID = 0
    IPC_SET = 1
    IPC_STAT = 2
    IPC_INFO = 3
    GETPID = 11
    GETVAL = 12
    GETALL = 13
    GETNCNT = 14
    GETZCNT = 15
    SETVAL = 16
    SETALL = 17
    SEM_STAT = 18
    SEM_INFO = 19
    SEM_STAT_ANY = 20


class MsgCommand(IntEnum):
    """msgctl's commands."""

    IPC_RMID = 0
    IPC_SET = 1
    IPC_STAT = 2
    IPC_INFO = 3
    MSG_STAT = 11
    MSG_INFO = 12
    MSG_STAT_ANY = 13


SEMBUF = Struct("<Hhh")
"""sem_num, sem_op, sem_flg."""
SHM_INFO = Struct("<i4x5Q")
"""used_ids; shm_tot, shm_rss, shm_swp in pages; swap_attempts, swap_successes."""
SHMID_SIZE, SEMID_SIZE, MSQID_SIZE = 112, 104, 120
SHMINFO_SIZE, SEMINFO_SIZE, MSGINFO_SIZE = 72, 40, 32
SEMINFO = Struct("<10i")
"""semmap semmni semmns semmnu semmsl semopm semume semusz semvmx semaem; SEM_INFO: semusz is sets, semaem semaphores."""
MSGINFO = Struct("<7iH2x")
"""msgpool msgmap msgmax msgmnb msgmni msgssz msgtql msgseg; MSG_INFO: pool is queues, map messages, tql bytes."""
SEGSZ_AT, NSEMS_AT, CBYTES_AT, QNUM_AT = 48, 80, 72, 80
"""Offsets in shmid64_ds, semid64_ds and msqid64_ds."""
