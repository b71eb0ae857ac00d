"""Confines the process that calls it, for good: files, network, privileges, size of what it writes.

Nothing but the standard library is imported here, because a renderer is confined before it loads
any library. The kernel's own calls are used directly: three system calls that never change weigh
less than a package whose every release would have to be trusted with this.

Source: Linux kernel documentation, "Landlock: unprivileged access control"; capset(2), prctl(2),
seccomp(2), unshare(2).
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import stat
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
# Rights on files by the version of the interface that first knew them.
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: 1 << 13, 3: _TRUNCATE, 5: _IOCTL}
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READING = _EXECUTE | _READ_FILE | _READ_DIR
_NO_BIND_NO_CONNECT = 0b11
_NO_ABSTRACT_SOCKETS_NO_SIGNALS = 0b11

_NO_NEW_PRIVILEGES, _SECCOMP, _DROP_BOUND, _SUBREAPER = 38, 22, 24, 36
_DIE_WITH_PARENT = 1
_MAX_TASKS = 512
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_LAST_CAPABILITY = 40
# machine: (audit architecture, number of socket, number of io_uring_setup)
_CALLS = {"x86_64": (0xC000003E, 41, 425), "aarch64": (0xC00000B7, 198, 425)}
_X32 = 0x40000000


def landlock_abi() -> int:
    """Return the version of Landlock that the kernel offers; 0 for none."""
    return max(int(_LIBC.syscall(_CREATE_RULESET, None, 0, 1)), 0)


def confine(read: Iterable[str], write: Iterable[str], *, max_file_bytes: int) -> tuple[str, ...]:
    """Confine this process and all that it starts; what the machine cannot do is left out.

    Args:
        read: files and folders that may be read and executed; those that are absent do not count.
        write: folders in which everything but devices may be done.
        max_file_bytes: no file grows larger.

    Returns:
        What the machine could not do, in words for a log; empty when the jail is whole.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    # Orphans of a command stay below this process, where who watches it finds them.
    _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)
    steps = (
        ("a network namespace", _leave_network),
        ("no new privileges", lambda: _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0),
        ("Landlock", lambda: _restrict_files(read, write)),
        ("dropped capabilities", _drop_capabilities),
        ("refused sockets", _refuse_sockets),
    )
    return tuple(name for name, step in steps if not step())


def _leave_network() -> bool:
    if _LIBC.unshare(_NEW_NETWORK) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    if _LIBC.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        return False
    maps = (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    )
    for name, line in maps:
        with contextlib.suppress(OSError):
            Path(f"/proc/self/{name}").write_text(line)
    # In a namespace of its own the kernel counts this process and what it starts alone.
    resource.setrlimit(resource.RLIMIT_NPROC, (_MAX_TASKS, _MAX_TASKS))
    return True


def _restrict_files(read: Iterable[str], write: Iterable[str]) -> bool:
    abi = landlock_abi()
    if not abi:
        return False
    rights = sum(right for since, right in _RIGHTS_BY_ABI.items() if since <= abi)
    words = (rights, _NO_BIND_NO_CONNECT, _NO_ABSTRACT_SOCKETS_NO_SIGNALS)
    known = 1 if abi < 4 else 2 if abi < 6 else 3
    attributes = struct.pack(f"={known}Q", *words[:known])
    ruleset = _LIBC.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    devices = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
    try:
        for path, allowed in (
            *((path, _READING) for path in read),
            *((path, rights & ~_IOCTL) for path in write),
            *((path, _READ_FILE | _WRITE_FILE) for path in devices),
        ):
            _allow(ruleset, path, allowed & rights)
        return bool(_LIBC.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _ON_FILES
        rule = struct.pack("=Qi", rights, opened)
        if _LIBC.syscall(_ADD_RULE, ruleset, 1, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"Landlock refused a rule for {path}")
    finally:
        os.close(opened)


def _drop_capabilities() -> bool:
    for capability in range(_LAST_CAPABILITY + 1):
        _LIBC.prctl(_DROP_BOUND, capability, 0, 0, 0)  # only root has any to drop
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    return bool(_LIBC.capset(header, nothing) == 0)


def _refuse_sockets() -> bool:
    """Refuse the calls that make sockets: Landlock knows TCP only, and no socket files."""
    known = _CALLS.get(platform.machine())
    if known is None:
        return False
    program = b"".join(_filter(*known))
    memory = ctypes.create_string_buffer(program, len(program))
    count = len(program) // 8
    described = struct.pack("HxxxxxxQ", count, ctypes.addressof(memory))
    return bool(_LIBC.prctl(_SECCOMP, 2, described, 0, 0) == 0)


def _filter(architecture: int, *refused: int) -> Iterator[bytes]:
    """Yield instructions of the kernel's packet filter: code, jump if true, if false, operand."""

    def instruction(code: int, operand: int, yes: int = 0, no: int = 0) -> bytes:
        return struct.pack("=HBBI", code, yes, no, operand)

    load, equals, at_least, answer = 0x20, 0x15, 0x35, 0x06
    left = len(refused) + 2
    yield instruction(load, 4)
    yield instruction(equals, architecture, 0, left + 1)
    yield instruction(load, 0)
    yield instruction(at_least, _X32, left - 1)
    for place, number in enumerate(refused):
        yield instruction(equals, number, len(refused) - place)
    yield instruction(answer, 0x7FFF0000)  # allow
    yield instruction(answer, 0x00050000 | 13)  # EACCES
