"""What a copy may not do: write outside its folder, start programs, reach the network. Every refusal is noted for the report.

Against a target whose import or handlers harm the machine of the person who proves it. The kernel's walls stand behind
(namespaces.py) where the machine allows them; these hooks see each attempt by name, and stand alone where it does not.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_DEVICES = frozenset({"/dev/null", "/dev/tty", "/dev/zero", "/dev/full"})
_PROGRAMS = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "pty.spawn"})
# Event, and how many of its leading arguments are paths that it changes.
_CHANGES = {
    "os.remove": 1, "os.rmdir": 1, "os.mkdir": 1, "os.truncate": 1, "os.chmod": 1, "os.chown": 1, "os.utime": 1,
    "os.setxattr": 1, "os.removexattr": 1, "os.rename": 2,
}  # fmt: skip
_MADE_LAST = frozenset({"os.link", "os.symlink"})  # only the second path is written
_DIR_FD_AT = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2, "os.chmod": 2, "os.chown": 3, "os.utime": 3}

_REFUSED: list[str] = []
_SEEN: set[str] = set()
_PERMITTED: set[int] = set()
_OBSERVERS: list[Callable[[str, tuple[Any, ...]], None]] = []


def refused() -> list[str]:
    """Sentences: what this process was kept from doing, in order, each once."""
    return list(_REFUSED)


def note(sentence: str) -> None:
    """Add a sentence to what was refused or redirected."""
    if sentence not in _SEEN:
        _SEEN.add(sentence)
        _REFUSED.append(sentence)


def permit(port: int) -> None:
    """Let this process connect to a listener of the harness's own, on its own loopback."""
    _PERMITTED.add(port)


def observe(observer: Callable[[str, tuple[Any, ...]], None]) -> None:
    """Tell each event to an observer before it is judged, also one that is refused."""
    _OBSERVERS.append(observer)


def confine(folder: Path) -> None:
    """From here on refuse what would leave `folder`. Cannot be undone; children by fork inherit it."""
    root = os.path.realpath(folder)
    handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
        "open": lambda args: _check_open(root, args),
        "sqlite3.connect": lambda args: _check_sqlite(root, args),
        "socket.connect": lambda args: _check_address(root, args[1], "connect to"),
        "socket.sendto": lambda args: _check_address(root, args[1], "send to"),
        "socket.sendmsg": lambda args: _check_address(root, args[1], "send to"),
        "socket.getaddrinfo": lambda args: _check_name(args[0]),
        "socket.gethostbyname": lambda args: _check_name(args[0]),
        "os.kill": lambda args: _check_kill(args[0]),
        "os.killpg": lambda args: _check_kill(-1),
    }
    for event, count in _CHANGES.items():
        handlers[event] = _change_check(root, event, count)
    for event in _MADE_LAST:
        handlers[event] = lambda args: _require_inside(root, args[1], "make a link at")
    for event in _PROGRAMS:
        handlers[event] = _check_program

    def hook(event: str, args: tuple[Any, ...]) -> None:
        for observer in _OBSERVERS:
            observer(event, args)
        handler = handlers.get(event)
        if handler is not None:
            handler(args)

    sys.addaudithook(hook)


def _refuse(what: str) -> None:
    note(f"the application tried to {what}; it was refused")
    raise PermissionError(errno.EACCES, f"ringwork keeps this copy from trying to {what}")


def _check_open(root: str, args: tuple[Any, ...]) -> None:
    path, mode, flags = args
    if isinstance(path, int) or path is None:
        return
    writes = bool(flags & _WRITE_FLAGS) if isinstance(flags, int) else False
    if isinstance(mode, str):
        writes = writes or any(letter in mode for letter in "wax+")
    if writes:
        _require_inside(root, path, "write to")


def _require_inside(root: str, path: Any, verb: str, dir_fd: Any = -1) -> None:
    if isinstance(path, int):
        return
    text = os.fsdecode(path)
    if isinstance(dir_fd, int) and dir_fd >= 0 and not os.path.isabs(text):
        text = os.path.join(os.readlink(f"/proc/self/fd/{dir_fd}"), text)
    if text in _DEVICES:
        return
    # Against a link that leads out: the folder is resolved, the last part is what is made or removed.
    folder, last = os.path.split(os.path.abspath(text))
    real = os.path.join(os.path.realpath(folder), last)
    if os.path.islink(real) and verb == "write to":
        real = os.path.realpath(real)
    if real != root and not real.startswith(root + os.sep) and not real.startswith("/proc/self/"):
        _refuse(f"{verb} {text}")


def _change_check(root: str, event: str, count: int) -> Callable[[tuple[Any, ...]], None]:
    verb = event.removeprefix("os.").replace("utime", "touch")
    at = _DIR_FD_AT.get(event, -1)

    def check(args: tuple[Any, ...]) -> None:
        for i in range(count):
            fd = args[2 + i] if event == "os.rename" and len(args) > 2 + i else args[at] if 0 <= at < len(args) else -1
            _require_inside(root, args[i], verb, fd)

    return check


def _check_sqlite(root: str, args: tuple[Any, ...]) -> None:
    database = os.fsdecode(args[0]) if isinstance(args[0], str | bytes | os.PathLike) else ""
    if database in {"", ":memory:"} or database.startswith("file:"):
        return  # the redirect (redirect.py) has already rewritten what is a file
    _require_inside(root, database, "open for writing the database")


def _check_address(root: str, address: Any, verb: str) -> None:
    if address is None or isinstance(address, int):
        return
    if isinstance(address, tuple) and address[0] == "127.0.0.1" and address[1] in _PERMITTED:
        return
    if isinstance(address, str | bytes):
        text = os.fsdecode(address)
        if os.path.realpath(text).startswith(root + os.sep):
            return
        shown = text.replace("\0", "@")
    else:
        shown = ":".join(str(part) for part in address[:2]) if isinstance(address, tuple) else "somewhere"
    note(f"the application tried to {verb} {shown}; it was refused")
    raise ConnectionRefusedError(errno.ECONNREFUSED, f"ringwork keeps this copy from the network ({shown})")


def _check_name(host: Any) -> None:
    name = os.fsdecode(host) if isinstance(host, str | bytes) else ""
    if name in {"", "localhost"} or _is_address(name):
        return
    note(f"the application tried to look up {name}; it was refused")
    raise socket.gaierror(socket.EAI_NONAME, f"ringwork keeps this copy from the network ({name})")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _check_kill(pid: int) -> None:
    if pid not in {0, os.getpid()}:
        _refuse("send a signal to another process")


def _check_program(args: tuple[Any, ...]) -> None:
    shown = args[0] if args else "a program"
    if isinstance(shown, list | tuple) and shown:
        shown = shown[0]
    _refuse(f"start the program {str(shown)[:80]}")
