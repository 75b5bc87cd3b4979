"""uvicorn as ringwork configures it: deadlines of later requests, and what a WebSocket learns about its client."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from ringwork.servers.connections import with_tls
from ringwork.servers.listening import ServerSettings
from ringwork.servers.uvicorn import SafeConfig
from tests.servers import running

SHORT = ("--head-seconds", "0.5")
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def plain() -> Iterator[running.Started]:
    """A server without TLS."""
    with running.started("tests.servers.apps:asgi_plain", *SHORT) as server:
        yield server


def read_some(sock: socket.socket, answers: int = 1) -> bytes:
    """So many answers of a kept connection; each ends in the one brace of its body."""
    out = b""
    while out.count(b"null}") < answers:
        piece = sock.recv(65536)
        assert piece, out
        out += piece
    return out


def test_tells_a_late_head_that_it_is_late(plain: running.Started) -> None:
    """Half a head is answered 408; nothing at all is closed without a word."""
    with plain.connect() as sock:
        sock.sendall(b"GET / HT")
        assert running.read_all(sock).startswith(b"HTTP/1.1 408")
    with plain.connect() as sock:
        assert running.read_all(sock) == b""


def test_holds_later_requests_of_a_connection_to_the_same_deadline(plain: running.Started) -> None:
    """A first honest request buys no patience for a second, slow one."""
    with plain.connect() as sock:
        sock.sendall(WHOLE)
        assert read_some(sock).startswith(b"HTTP/1.1 200")
        sock.sendall(WHOLE[:-6])
        assert running.read_all(sock).startswith(b"HTTP/1.1 408")


def test_serves_pipelined_and_kept_requests(plain: running.Started) -> None:
    """The honest opposite: two requests at once and one later, on one connection."""
    with plain.connect() as sock:
        sock.sendall(WHOLE + WHOLE)
        assert read_some(sock, 2).count(b"HTTP/1.1 200") == 2
        sock.sendall(WHOLE)
        assert read_some(sock).startswith(b"HTTP/1.1 200")


def test_does_not_cut_an_answer_that_takes_longer_than_a_head(plain: running.Started) -> None:
    """The deadline is the head's, not the handler's."""
    assert plain.get("/slow").endswith(b"done")


def test_a_websocket_learns_the_name_of_its_client(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Trap 2: what holds for HTTP holds for sockets, the verified certificate too."""
    papers = running.make_papers(tmp_path_factory.mktemp("papers"))
    context = ssl.create_default_context(cafile=str(papers.authority))
    context.load_cert_chain(papers.client_certificate, papers.client_key)
    words = ("tests.servers.apps:asgi", "--client-authority", str(papers.authority))
    with running.started(*words, papers=papers) as server:
        plain = socket.create_connection(("127.0.0.1", server.port), timeout=running.PATIENCE)
        with connect("wss://localhost/socket", sock=plain, ssl=context, origin="https://localhost") as client:  # type: ignore[arg-type]
            assert json.loads(client.recv(timeout=running.PATIENCE)) == "CN=ada\\,CN\\=admin,O=clinic"


def test_configures_what_uvicorn_leaves_open() -> None:
    """The server takes no address from a header, logs no query string and names no version."""
    config = SafeConfig("tests.servers.apps:asgi", ServerSettings())
    assert (config.proxy_headers, config.server_header, config.access_log) == (False, False, False)
    assert config.limit_concurrency == 1000
    assert config.ws_max_size == 1024 * 1024


def test_leaves_an_application_alone_where_no_tls_is_spoken() -> None:
    """No extension is made up: an application must not take its absence for a certificate."""

    class Transport:
        def get_extra_info(self, name: str) -> None:
            return None

    app = object()
    assert with_tls(app, Transport()) is app  # type: ignore[arg-type]
