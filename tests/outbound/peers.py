"""TLS servers on loopback for the tests of guarded clients, good and bad."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from ringwork.survey.wire import forge
from ringwork.survey.wire.forge import Leaf

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Peers:
    """Servers with certificates of one authority, whose files lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = forge.make_authority()
        self.trusted = str(folder / "authority.pem")
        (folder / "authority.pem").write_bytes(self.authority.certificate_pem)

    @contextlib.contextmanager
    def serving(self, kind: Leaf = Leaf.GOOD, *, answer: bytes = ANSWER, plain: bool = False) -> Iterator[str]:
        """The address of a server for localhost, until the block ends; without TLS where it is `plain`."""
        authority = forge.make_authority() if kind is Leaf.FOREIGN else self.authority
        certificate, key = authority.leaf(["localhost"], kind)
        (self.folder / "leaf.pem").write_bytes(certificate)
        (self.folder / "leaf.key").write_bytes(key)
        (self.folder / "revoked.pem").write_bytes(authority.revoking(certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "leaf.pem", self.folder / "leaf.key")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=_serve, args=(listening, None if plain else context, answer), daemon=True)
            thread.start()
            yield f"http{'' if plain else 's'}://localhost:{listening.getsockname()[1]}/"
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def _serve(listening: socket.socket, context: ssl.SSLContext | None, answer: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            sock, _ = listening.accept()
            sock.settimeout(5)
            with sock, contextlib.suppress(OSError), sock if context is None else context.wrap_socket(sock, server_side=True) as spoken:
                spoken.recv(8192)
                spoken.sendall(answer)
