"""Where a copy's processes listen, as the kernel tells it: its own sockets, and those of every process that it has started.

Against a debugger, a reloader's child or an endpoint for figures that opens a door of its own beside the server's.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_LISTENS = "0A"  # in /proc/net/tcp
_ACCEPTS = 0x10000  # in /proc/net/unix


def listening() -> list[str] | None:
    """Each place as "tcp host:port" or "unix path", sorted; None where the system does not tell (it is no Linux)."""
    if not (_PROC / "self" / "fd").is_dir():
        return None
    found, own = set[str](), set[str]()
    for descriptor, link in _sockets(os.getpid()):
        own.add(link)
        place = _place(descriptor)
        if place:
            found.add(place)
    for pid in _started(os.getpid()):
        others = {link for _, link in _sockets(pid)} - own
        found.update(place for link, place in _of_tables(pid) if link in others)
    return sorted(found)


def _sockets(pid: int) -> Iterator[tuple[int, str]]:
    """Descriptor and "socket:[inode]" of each socket of a process."""
    with contextlib.suppress(OSError):
        for entry in (_PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):
                link = str(entry.readlink())
                if link.startswith("socket:"):
                    yield int(entry.name), link


def _place(descriptor: int) -> str:
    """Where one of our own sockets accepts connections, "" for one that does not."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as sock:
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            name = sock.getsockname()
            return f"unix {name}" if sock.family == socket.AF_UNIX else f"tcp {name[0]}:{name[1]}"
    return ""


def _started(pid: int) -> Iterator[int]:
    """All processes below one."""
    with contextlib.suppress(OSError):
        for children in (_PROC / str(pid) / "task").glob("*/children"):
            for word in children.read_text(encoding="ascii").split():
                yield int(word)
                yield from _started(int(word))


def _of_tables(pid: int) -> Iterator[tuple[str, str]]:
    """The link, as descriptors show it, and the place of everything that listens in a process's own network."""
    for table in ("tcp", "tcp6"):
        for words in _rows(pid, table):
            if len(words) > 9 and words[3] == _LISTENS:
                address, _, port = words[1].partition(":")
                yield f"socket:[{words[9]}]", f"tcp {_host(address)}:{int(port, 16)}"
    for words in _rows(pid, "unix"):
        if len(words) > 6 and int(words[3], 16) & _ACCEPTS:
            yield f"socket:[{words[6]}]", f"unix {words[7] if len(words) > 7 else '(unnamed)'}"


def _rows(pid: int, table: str) -> Iterator[list[str]]:
    with contextlib.suppress(OSError):
        for line in (_PROC / str(pid) / "net" / table).read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
            yield line.split()


def _host(digits: str) -> str:
    """An address as the kernel writes it: words of four bytes, each the other way round."""
    words = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, b"".join(words))


def memory() -> int:
    """How many bytes of memory this process holds."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
