"""Refuse system calls, on Linux: no network, no other processes, nothing that outlives this one.

A filter of seccomp needs no privilege, can't be taken off, and holds for every thread. What it
refuses fails as if the user were not allowed to (EPERM).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterator

#: System calls that are refused, with their numbers on x86-64 and on ARM (64 bits), from Linux's
#: ``unistd.h``; None where there is none.
REFUSED: dict[str, tuple[int | None, int | None]] = {
    # The network, and the services that listen on this machine.
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    # Other processes. A clone that is no thread is refused below.
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    # Secrets that the kernel keeps.
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # Memory that no limit counts, or that stays.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    # Properties of files outside of the folder, which Landlock does not guard.
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "setxattrat": (463, 463),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "removexattrat": (466, 466),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    # The machine.
    "setrlimit": (160, 164),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
    "kcmp": (312, 272),
    "sethostname": (170, 161),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
}
#: System calls that are judged by an argument.
CLONE, OPEN, OPENAT = (56, 220), (2, None), (257, 56)
AFFINITY = (203, 122)
PRLIMIT, PRCTL, KILL, TGKILL = (302, 261), (157, 167), (62, 129), (234, 131)
#: Calls whose arguments a filter can't see: libraries fall back on an older one (ENOSYS).
CLONE3, OPENAT2 = (435, 435), (437, 437)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_EPERM, _ENOSYS = 1, 38
_LOAD, _EQUAL, _ATLEAST, _ANY, _MASK, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_THREAD, _FILES = 0x10000, 0x400
_PDEATHSIG, _DUMPABLE, _NO_NEW_PRIVS = 1, 4, 38
_SECCOMP = (317, 277)
_SET_FILTER, _ALL_THREADS = 1, 1
_ACCESS_MODE = 0o3

#: An instruction of the filter: code, jump if true, jump if false, value.
Step = tuple[int, int, int, int]


def install() -> bool:
    """Install the filter for every thread; return whether that was possible."""
    machine = _MACHINES.get(platform.machine())
    if machine is None or platform.system() != "Linux" or struct.calcsize("P") != 8:
        return False
    column, arch = machine
    steps = b"".join(struct.pack("HBBI", *step) for step in _steps(column, arch))
    buffer = ctypes.create_string_buffer(steps, len(steps))
    program = struct.pack("HL", len(steps) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    number = ctypes.c_long(_SECCOMP[column])
    return bool(libc.syscall(number, _SET_FILTER, _ALL_THREADS, program) == 0)


def _steps(column: int, arch: int) -> Iterator[Step]:
    """Yield the filter: it sees a call's number, the machine and the arguments."""
    yield (_LOAD, 0, 0, 4)
    yield (_EQUAL, 1, 0, arch)
    yield _end(_KILL)
    yield (_LOAD, 0, 0, 0)
    if column == 0:  # the calls of the 32-bit mode of x86-64 have other numbers
        yield (_ATLEAST, 0, 1, 0x40000000)
        yield _end(_ERRNO | _EPERM)
    for numbers in REFUSED.values():
        yield from _about(numbers[column], [_end(_ERRNO | _EPERM)])
    for numbers in (CLONE3, OPENAT2):
        yield from _about(numbers[column], [_end(_ERRNO | _ENOSYS)])
    own = os.getpid()
    truncates = os.O_TRUNC | _ACCESS_MODE
    # A thread, which has the open files of the others: what is open is counted.
    yield from _about(CLONE[column], _unless(0, (_ANY, 0, 1, _THREAD), (_ANY, 1, 0, _FILES)))
    # No new limit: both halves of its address are 0.
    halves = [(_EQUAL, 0, 2, 0), (_LOAD, 0, 0, 36), (_EQUAL, 1, 0, 0)]
    yield from _about(PRLIMIT[column], _unless(2, *halves))
    yield from _about(KILL[column], _unless(0, (_EQUAL, 1, 0, own)))
    yield from _about(TGKILL[column], _unless(0, (_EQUAL, 1, 0, own)))
    yield from _about(AFFINITY[column], _unless(0, (_EQUAL, 1, 0, 0)))  # that of itself
    # Neither to outlive the parent, nor to hide from it.
    hides = [(_EQUAL, 1, 0, _PDEATHSIG), (_EQUAL, 0, 1, _DUMPABLE)]
    yield from _about(PRCTL[column], _unless(0, *hides))
    # Opened for reading, a file can still be emptied: Landlock sees that from Linux 6.2 on.
    emptied = [(_MASK, 0, 0, truncates), (_EQUAL, 0, 1, os.O_TRUNC)]
    yield from _about(OPEN[column], _unless(1, *emptied))
    yield from _about(OPENAT[column], _unless(2, *emptied))
    yield _end(_ALLOW)


def _about(number: int | None, steps: list[Step]) -> Iterator[Step]:
    """Yield steps for one call; others jump over them."""
    if number is not None:
        yield (_EQUAL, 0, len(steps), number)
        yield from steps


def _unless(argument: int, *test: Step) -> list[Step]:
    """Return steps that refuse a call unless the lower half of an argument passes a test.

    The last step of the test jumps over the refusal, so by one, where it is passed. The jumps of a
    whole test end the filter: what passes is allowed.
    """
    return [(_LOAD, 0, 0, 16 + 8 * argument), *test, _end(_ERRNO | _EPERM), _end(_ALLOW)]


def _end(action: int) -> Step:
    return (_RETURN, 0, 0, action)
