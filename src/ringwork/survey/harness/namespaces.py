"""The kernel's own walls around a copy: no network, a read-only machine, and a private view of its folder.

Against a target that reaches the user's databases or files while it is examined: what the kernel does not show cannot be touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
from pathlib import Path

_NEW_MOUNTS, _NEW_USER, _NEW_NETWORK = 0x00020000, 0x10000000, 0x40000000
_DIE_WITH_PARENT = 1
_SET_FLAGS, _UP = 0x8914, 0x1
_BIND, _RECURSIVE, _PRIVATE = 0x1000, 0x4000, 0x40000
_READ_ONLY_ATTRIBUTE, _SYSCALL_MOUNT_SETATTR, _AT_RECURSIVE = 0x1, 442, 0x8000


class _MountAttributes(ctypes.Structure):
    _fields_ = (("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64), ("user_fd", ctypes.c_uint64))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def leave_network() -> tuple[bool, bool]:
    """Move this process, which must have one thread, to a network of its own that reaches nothing.

    Returns whether that worked, and whether private mounts are possible too. Sockets that are already open go on working.
    """
    user, group = os.getuid(), os.getgid()
    for flags in (_NEW_NETWORK | _NEW_MOUNTS, _NEW_USER | _NEW_NETWORK | _NEW_MOUNTS, _NEW_USER | _NEW_NETWORK, _NEW_NETWORK):
        if not hasattr(_libc(), "unshare") or _libc().unshare(flags) != 0:
            continue
        if flags & _NEW_USER:
            _map_user(user, group)
        return True, bool(flags & _NEW_MOUNTS) and _keep_mounts_private()
    return False, False


def die_with_parent() -> None:
    """Against a copy that outlives its prover: the kernel kills it when its parent is gone (Linux)."""
    with contextlib.suppress(OSError, AttributeError):
        _libc().prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def raise_loopback() -> None:
    """Switch on the loopback of a network of one's own, which begins switched off; elsewhere it is on already."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _map_user(user: int, group: int) -> None:
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        try:
            Path("/proc/self", name).write_text(text)
        except OSError:  # without the map the process is only weaker, which is what we want
            continue


def _keep_mounts_private() -> bool:
    return bool(_libc().mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None) == 0)


def make_read_only(*, except_for: Path) -> bool:
    """Make every file system read-only for this process and its children, except for one folder and shared memory."""
    folder = os.fsencode(except_for)
    if _libc().mount(folder, folder, None, _BIND, None) != 0:
        return False
    if not _set_attributes(b"/", _MountAttributes(_READ_ONLY_ATTRIBUTE, 0, 0, 0)):
        return False
    _set_attributes(b"/dev/shm", _MountAttributes(0, _READ_ONLY_ATTRIBUTE, 0, 0))  # locks between processes live there, and small copies
    return _set_attributes(folder, _MountAttributes(0, _READ_ONLY_ATTRIBUTE, 0, 0))


def _set_attributes(path: bytes, attributes: _MountAttributes) -> bool:
    size = ctypes.sizeof(attributes)
    call = _libc().syscall
    return bool(call(_SYSCALL_MOUNT_SETATTR, -100, path, _AT_RECURSIVE, ctypes.byref(attributes), size) == 0)


def show_instead(*, real: Path, shown_at: Path) -> bool:
    """From here on this process, alone, sees the folder `real` where `shown_at` stood."""
    libc = _libc()
    if libc.unshare(_NEW_MOUNTS) != 0:
        return False
    return bool(libc.mount(os.fsencode(real), os.fsencode(shown_at), None, _BIND, None) == 0)
