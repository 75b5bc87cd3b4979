"""Where a process and those that it has started listen is told as the kernel knows it."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ringwork.survey.harness import sockets

CHILD = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_lists_an_own_socket_that_listens(family: socket.AddressFamily) -> None:
    """Of either family of addresses; gone when it is closed."""
    host = "127.0.0.1" if family == socket.AF_INET else "::1"
    with socket.create_server((host, 0), family=family) as sock:
        place = f"tcp {host}:{sock.getsockname()[1]}"
        assert place in (sockets.listening() or ())
    assert place not in (sockets.listening() or ())


def test_lists_a_unix_socket_by_its_path(tmp_path: Path) -> None:
    """A door of another kind is a door."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "door"))
        sock.listen()
        assert f"unix {tmp_path / 'door'}" in (sockets.listening() or ())


def test_leaves_out_what_only_connects() -> None:
    """A client's end, and a socket that is bound and does not listen, take nobody in."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        found = sockets.listening() or []
        assert f"tcp 127.0.0.1:{client.getsockname()[1]}" not in found


def test_lists_what_a_started_process_listens_on() -> None:
    """A reloader's child or a debugger is of the same family."""
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        assert f"tcp 127.0.0.1:{port}" in (sockets.listening() or ())
        child.communicate("")
