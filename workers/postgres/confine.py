"""Confines the program it then becomes: rlimits, another user, Landlock, seccomp, and death with its parent.

Run as a script of its own, `python -I -S confine.py ORDER -- PROGRAM ARGUMENT…`, so that it needs no import outside the
standard library and no helper binary. ORDER is a JSON object with the fields of `Order`. Landlock:
https://docs.kernel.org/userspace-api/landlock.html, seccomp: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import resource
import signal
import struct
import sys
from typing import TypedDict

CONFINEMENT_FAILED = 97  # exit code: the confinement was refused, PROGRAM was never started


class Order(TypedDict):
    """What to do before PROGRAM is started. Paths that do not exist are passed over."""

    parent: int  # pid of the process to die with
    user: int | None  # uid and gid to become; None stays who we are
    rlimits: dict[str, int]  # name without RLIMIT_: value in the kernel's unit
    landlock: bool
    seccomp: str  # require, try, or no
    read: list[str]  # files and folders that may be read
    execute: list[str]  # files that may be read and started
    write: list[str]  # files and folders that may be changed


# ---------------------------------------------------------------- Landlock

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_BLOCK, _TRUNCATE, _IOCTL_DEV = 1 << 6, 1 << 11, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}  # how many rights on files that ABI knows; 16 from ABI 5
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38


def _system_call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    passed = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    result: int = libc.syscall(ctypes.c_long(number), *passed)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _process_control(option: int, *arguments: int | ctypes.c_void_p) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    passed = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments]
    if libc.prctl(option, *passed, *[ctypes.c_ulong(0)] * (4 - len(passed))):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def landlock_abi() -> int:
    """The kernel's Landlock version, 0 when it has none or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return _system_call(_CREATE_RULESET, None, 0, 1)
    except OSError as refused:
        if refused.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
            return 0
        raise


def restrict_files(order: Order) -> None:
    """Landlock: nothing but the order's paths; no TCP where the kernel can tell (6.7), no signals or abstract sockets
    to processes outside (6.12). Raises OSError."""
    abi = landlock_abi()
    if not abi:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    rights = (1 << _RIGHTS_BY_ABI.get(abi, 16)) - 1
    ruleset = struct.pack("=QQQ", rights, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)
    handle = _system_call(_CREATE_RULESET, ruleset, 8 if abi < 4 else 16 if abi < 6 else 24, 0)
    allowed = {
        "read": _READ_FILE | _READ_DIR,
        "execute": _READ_FILE | _EXECUTE,
        "write": rights & ~(_EXECUTE | _MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEV),
    }
    for paths, right in ((order["read"], "read"), (order["execute"], "execute"), (order["write"], "write")):
        for path in paths:
            _allow(handle, path, allowed[right] & rights)
    _system_call(_RESTRICT_SELF, handle, 0)
    os.close(handle)


def _allow(handle: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not os.path.isdir(path):  # noqa: PTH112  pathlib costs 8 ms of start-up here
        rights &= _OF_FILES
    _system_call(_ADD_RULE, handle, 1, struct.pack("=QI", rights, opened), 0)
    os.close(opened)


# ---------------------------------------------------------------- seccomp

# x86_64 and aarch64 numbers of calls a database server never makes. `connect` is among them: the server only accepts,
# and Landlock does not keep a process from the sockets of other programs.
_DENIED = {
    "connect": (42, 203),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "userfaultfd": (323, 282),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "adjtimex": (159, 171),
}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column in the tables, audit architecture
_SOCKET, _CLONE, _CLONE3 = (41, 198), (56, 220), (435, 435)
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS | …NEWCGROUP | …NEWUTS | …NEWIPC | …NEWUSER | …NEWPID | …NEWNET
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _REFUSE = 0x7FFF0000, 0x80000000, 0x00050000


def seccomp_filter() -> bytes:
    """The classic BPF program for this machine: the denied calls fail with EPERM, socket() makes Unix sockets only, no
    new namespaces. Raises OSError for an architecture whose call numbers we do not have."""
    if platform.machine() not in _MACHINES:
        raise OSError(errno.ENOSYS, f"no seccomp filter for the architecture {platform.machine()}")
    column, architecture = _MACHINES[platform.machine()]

    def step(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, jump_true, jump_false, value)

    refuse = step(_RETURN, _REFUSE | errno.EPERM)
    program = [step(_LOAD, 4), step(_EQUAL, architecture, 1, 0), step(_RETURN, _KILL_PROCESS), step(_LOAD, 0)]
    if platform.machine() == "x86_64":
        program += [step(_AT_LEAST, 0x40000000, 0, 1), refuse]  # the x32 calls have numbers of their own
    for numbers in _DENIED.values():
        program += [step(_EQUAL, numbers[column], 0, 1), refuse]
    # glibc falls back to clone() when clone3(), whose flags a filter cannot see, is said not to exist
    program += [step(_EQUAL, _CLONE3[column], 0, 1), step(_RETURN, _REFUSE | errno.ENOSYS)]
    program += [step(_EQUAL, _CLONE[column], 0, 4), step(_LOAD, 16), step(_ANY_BIT, _NEW_NAMESPACES, 0, 1), refuse]
    program += [step(_RETURN, _ALLOW)]
    program += [step(_EQUAL, _SOCKET[column], 0, 3), step(_LOAD, 16), step(_EQUAL, 1, 1, 0), refuse]
    return b"".join([*program, step(_RETURN, _ALLOW)])


def filter_calls() -> None:
    """Installs `seccomp_filter` for this process and all it starts; needs no_new_privs. Raises OSError."""
    program = seccomp_filter()
    steps = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(steps)))
    _process_control(_PR_SET_SECCOMP, 2, ctypes.cast(header, ctypes.c_void_p))


# ---------------------------------------------------------------- the whole order


def confine(order: Order) -> None:
    """Carries out the order on this process. Raises OSError or ValueError when any part of it is refused."""
    for name, value in order["rlimits"].items():
        if name == "AS" and not sys.platform.startswith("linux"):
            continue  # macOS refuses limits below the terabytes that it reserves for every process
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))
    if order["user"] is not None:
        os.setgroups([])
        os.setgid(order["user"])
        os.setuid(order["user"])
    if sys.platform.startswith("linux"):
        # After setuid, which clears it. SIGQUIT is what Postgres calls an immediate shutdown.
        _process_control(_PR_SET_PDEATHSIG, int(signal.SIGQUIT))
        if os.getppid() != order["parent"]:
            raise OSError(errno.ESRCH, "the process that ordered this is gone")
        _process_control(_PR_SET_NO_NEW_PRIVS, 1)
    if order["landlock"]:
        restrict_files(order)
    if order["seccomp"] == "require" or (order["seccomp"] == "try" and sys.platform.startswith("linux")):
        try:
            filter_calls()
        except OSError:
            if order["seccomp"] == "require":
                raise


def main() -> None:
    """Confines this process, then becomes the program; exits with CONFINEMENT_FAILED and a sentence when it cannot."""
    order: Order = json.loads(sys.argv[1])
    program = sys.argv[3:]
    try:
        confine(order)
        os.execv(program[0], program)  # noqa: S606  the program and its arguments are ours, no shell
    except (OSError, ValueError) as refused:
        print(f"cannot confine {program[0]}: {refused}", file=sys.stderr)
        sys.exit(CONFINEMENT_FAILED)


if __name__ == "__main__":
    main()
