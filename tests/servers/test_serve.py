"""`ringwork serve` over real sockets: all servers keep the same promises to clients and to whoever starts them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ringwork.cli.main import main
from tests.servers import running

APPS = "tests.servers.apps"
ASGI, WSGI = f"{APPS}:asgi", f"{APPS}:wsgi"
WORDS = {
    "asgi": (ASGI,),
    "wsgi": (WSGI,),
    "hypercorn": (ASGI, "--server", "hypercorn"),
    "granian": (ASGI, "--server", "granian"),
    "aiohttp": (f"{APPS}:aiohttp",),
}
"""How each server is started; the first two are the usual ones."""
PLAIN = {kind: (f"{words[0]}_plain", *words[1:]) for kind, words in WORDS.items()}
LATER = ("hypercorn", "granian", "aiohttp")
EACH = pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind in LATER)) for kind in WORDS])
SEVERAL = pytest.mark.parametrize("kind", [kind for kind in WORDS if kind != "aiohttp"])
SHORT = ("--head-seconds", "0.5", "--stop-seconds", "5")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> running.Papers:
    """A throw-away authority."""
    return running.make_papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def plain() -> Iterator[dict[str, running.Started]]:
    """Every server without TLS, with a short patience; started when it is first asked for."""
    with contextlib.ExitStack() as stack:
        yield Started(lambda kind: stack.enter_context(running.started(*PLAIN[kind], *SHORT)))


@pytest.fixture(scope="module")
def tls(papers: running.Papers) -> Iterator[dict[str, running.Started]]:
    """Every server with TLS."""
    with contextlib.ExitStack() as stack:
        yield Started(lambda kind: stack.enter_context(running.started(*WORDS[kind], *SHORT, papers=papers)))


class Started(dict[str, running.Started]):
    """One server of a kind for all tests that ask for it."""

    def __init__(self, start: Callable[[str], running.Started]) -> None:
        super().__init__()
        self.start = start

    def __missing__(self, kind: str) -> running.Started:
        self[kind] = self.start(kind)
        return self[kind]


def head_of(answer: bytes) -> list[str]:
    """Status line and headers, lower case."""
    return answer.partition(b"\r\n\r\n")[0].decode("latin-1").lower().split("\r\n")


@EACH
def test_answers_over_plain_http_on_this_machine(kind: str, plain: dict[str, running.Started]) -> None:
    """The honest request works, from its real address."""
    answer = plain[kind].get()
    assert answer.startswith(b"HTTP/1.1 200")
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["client"] == "127.0.0.1"


@EACH
def test_serves_one_request_after_the_other_on_a_kept_connection(kind: str, tls: dict[str, running.Started]) -> None:
    """The honest opposite of all deadlines: whoever keeps a connection is answered at once, each time."""
    with tls[kind].connect() as sock:
        for _ in range(4):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert running.read_until(sock, b"}").startswith(b"HTTP/1.1 200")


@EACH
def test_sends_no_banner(kind: str, plain: dict[str, running.Started]) -> None:
    """Neither an answer nor a refused head names the server."""
    for answer in (plain[kind].get(), plain[kind].ask(b"GET / HTTP/1.1\r\nno colon\r\n\r\n")):
        # granian cannot leave the header out; empty it tells nothing.
        assert not [line for line in head_of(answer) if line.startswith("server:") and line != "server: "]
        assert b"granian" not in answer.lower()
        assert b"corn/" not in answer.lower()
        assert b"gunicorn" not in answer.lower()
        assert b"uvicorn" not in answer.lower()


@EACH
def test_trap_22_believes_no_address_in_a_header(kind: str, plain: dict[str, running.Started]) -> None:
    """Trap 22: the server itself must not rewrite the peer's address or scheme from a header, not even for a loopback peer."""
    forged = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n"
    told = json.loads(plain[kind].ask(forged).rpartition(b"\r\n\r\n")[2])
    assert (told["client"], told["scheme"]) == ("127.0.0.1", "http")


@EACH
@pytest.mark.parametrize("began", [b"GET / HTTP/1.1\r\nHost: local", b"G", b""])
def test_closes_a_connection_whose_head_does_not_come(kind: str, began: bytes, plain: dict[str, running.Started]) -> None:
    """Slowloris: a thousand such clients would fill the server."""
    with plain[kind].connect() as sock:
        sock.sendall(began)
        answer = running.read_all(sock)
    assert b"200" not in answer[:12]
    assert plain[kind].get().startswith(b"HTTP/1.1 200")


@EACH
def test_bytes_in_between_do_not_prolong_the_wait(kind: str, plain: dict[str, running.Started]) -> None:
    """One byte after the other never makes a head in time."""
    with plain[kind].connect() as sock:
        sock.settimeout(0.1)
        sent, slow = 0, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 400
        for letter in slow:
            try:
                sock.sendall(bytes([letter]))
                sent += 1
                sock.recv(1)
                break
            except TimeoutError:
                continue
            except OSError:
                break
    assert sent < len(slow)


@EACH
def test_closes_on_a_head_without_end(kind: str, plain: dict[str, running.Started]) -> None:
    """A head larger than the limit is answered 4xx, or the connection is closed; the server goes on."""
    with plain[kind].connect() as sock:
        with contextlib.suppress(OSError):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Long: " + b"a" * 300_000)
        answer = running.read_all(sock)
    assert answer == b"" or answer[9:12] in {b"400", b"431"}
    assert plain[kind].get().startswith(b"HTTP/1.1 200")


@EACH
def test_speaks_tls(kind: str, tls: dict[str, running.Started]) -> None:
    """A client that trusts the authority gets its answer, and the application knows that it was encrypted."""
    answer = tls[kind].get()
    assert answer.startswith(b"HTTP/1.1 200")
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["scheme"] == "https"


@EACH
def test_speaks_tls_1_2_and_1_3_and_nothing_older(kind: str, tls: dict[str, running.Started]) -> None:
    """The old versions have known breaks; the client here would speak them."""
    for version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2):
        with tls[kind].connect(most=version) as sock:
            assert isinstance(sock, ssl.SSLSocket)
            assert sock.version() == version.name.replace("_", ".")
    with pytest.raises(OSError, match=r"(?i)version|alert|protocol|eof|reset"), pytest.warns(DeprecationWarning, match="TLSv1_1"):
        tls[kind].connect(most=ssl.TLSVersion.TLSv1_1)


@pytest.mark.slow
@EACH
def test_speaks_tls_1_3_only_where_that_is_asked(kind: str, papers: running.Papers) -> None:
    """The modern profile refuses 1.2."""
    with running.started(*WORDS[kind], "--tls", "modern", papers=papers) as server:
        assert server.get().startswith(b"HTTP/1.1 200")
        with pytest.raises(OSError, match=r"(?i)version|alert|protocol"):
            server.connect(most=ssl.TLSVersion.TLSv1_2)


def test_speaks_what_the_policy_asks_for(papers: running.Papers) -> None:
    """`tls = "modern"` in the settings file holds without a word on the command line, and a word there wins."""
    with running.started("tests.servers.apps:modern", papers=papers) as server:
        assert server.get().startswith(b"HTTP/1.1 200")
        with pytest.raises(OSError, match=r"(?i)version|alert|protocol|eof|reset"):
            server.connect(most=ssl.TLSVersion.TLSv1_2)
    with running.started("tests.servers.apps:modern", "--tls", "intermediate", papers=papers) as server:
        server.connect(most=ssl.TLSVersion.TLSv1_2).close()


@EACH
def test_closes_a_silent_connection_before_its_handshake(kind: str, tls: dict[str, running.Started]) -> None:
    """A connection that never begins to speak TLS is not kept for a minute."""
    with socket.create_connection(("127.0.0.1", tls[kind].port), timeout=running.PATIENCE) as sock:
        assert running.read_all(sock) == b""


def test_silent_connections_hold_no_thread(plain: dict[str, running.Started]) -> None:
    """More of them than there are threads: the next visitor is served at once."""
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(plain["wsgi"].connect())
        assert plain["wsgi"].get().startswith(b"HTTP/1.1 200")


@EACH
def test_closes_a_handshake_that_does_not_come(kind: str, tls: dict[str, running.Started]) -> None:
    """Plain bytes on the TLS port are no request, and the server goes on."""
    with socket.create_connection(("127.0.0.1", tls[kind].port), timeout=running.PATIENCE) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = running.read_all(sock)
    assert b"HTTP/1.1 200" not in answer
    assert tls[kind].get().startswith(b"HTTP/1.1 200")


def test_tells_the_application_about_the_clients_certificate(papers: running.Papers) -> None:
    """Only a verified certificate gets in, and its name cannot forge another part of itself."""
    with running.started(ASGI, "--client-authority", str(papers.authority), papers=papers) as server:
        told = json.loads(server.get(client=True).rpartition(b"\r\n\r\n")[2])["tls"]
        assert told["client_cert_name"] == "CN=ada\\,CN\\=admin,O=clinic"
        assert [text.replace("\r", "") for text in told["client_cert_chain"]] == [papers.client_certificate.read_text(encoding="ascii")]
        assert told["tls_version"] == 0x0304
        with server.connect() as nobody:  # in TLS 1.3 the refusal comes with the first read
            nobody.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert running.read_all(nobody) == b""


@pytest.mark.slow
def test_asks_for_client_certificates_under_wsgi_too(papers: running.Papers) -> None:
    """Whoever shows none is refused before any request."""
    with running.started(WSGI, "--client-authority", str(papers.authority), papers=papers) as server:
        assert server.get(client=True).startswith(b"HTTP/1.1 200")
        with server.connect() as nobody:
            nobody.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not running.read_all(nobody).startswith(b"HTTP/1.1 200")


@EACH
def test_lets_a_running_request_end_on_sigterm(kind: str) -> None:
    """A deployment loses nobody's answer, and ends with 0."""
    with running.started(*PLAIN[kind], *SHORT) as server:
        with server.connect() as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with server.connect() as other:  # the first request is being served once a later one was answered
                other.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert running.read_all(other).startswith(b"HTTP/1.1 200")
            server.process.send_signal(signal.SIGTERM)
            assert running.read_all(sock).endswith(b"done")
        assert server.process.wait(running.PATIENCE) == 0


@EACH
def test_ends_without_a_word_on_ctrl_c(kind: str) -> None:
    """Ctrl-C is how a person ends it, so it is no failure."""
    with running.started(*PLAIN[kind], *SHORT) as server:
        assert server.get().startswith(b"HTTP/1.1 200")
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(running.PATIENCE) == 0
        assert server.process.stderr is not None
        assert "Traceback" not in server.process.stderr.read()


@EACH
def test_serves_on_a_unix_socket(kind: str, tmp_path: Path) -> None:
    """A proxy on the same machine needs no port; the socket is gone afterwards."""
    path = tmp_path / "socket"
    with running.started(*PLAIN[kind], *SHORT, unix=str(path)) as server:
        assert path.stat().st_mode & 0o777 == 0o660
        assert server.get().startswith(b"HTTP/1.1 200")
        server.stop()
    assert not path.exists()


@pytest.mark.slow
def test_a_worker_that_ends_leaves_the_socket_to_the_others(tmp_path: Path) -> None:
    """A worker is a fork; what it tidied up at its end would be gone for everybody."""
    path = tmp_path / "socket"
    with running.started(*PLAIN["wsgi"], *SHORT, unix=str(path)) as server:
        assert server.get().startswith(b"HTTP/1.1 200")
        first = running.children(server.process.pid)
        os.kill(first[0], signal.SIGTERM)
        running.wait_for(lambda: set(running.children(server.process.pid)) - set(first))
        assert path.exists()
        assert server.get().startswith(b"HTTP/1.1 200")


@pytest.mark.slow
@SEVERAL
def test_serves_with_several_workers(kind: str) -> None:
    """The workers share one key, made for this run where the environment gives none."""
    with running.started(*PLAIN[kind], *SHORT, "--workers", "2") as server:
        assert all(server.get().startswith(b"HTTP/1.1 200") for _ in range(6))
        server.stop()
        assert server.process.stderr is not None
        assert "RINGWORK_KEY is not set" in server.process.stderr.read()


@pytest.mark.slow
def test_ends_a_wsgi_request_that_never_ends() -> None:
    """A thread cannot be cut, so its worker is replaced, and the next request is served."""
    with running.started(*PLAIN["wsgi"], "--request-seconds", "2", "--head-seconds", "1") as server:
        assert b"done" not in server.get("/slow?seconds=60")
        assert server.get().startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_gives_a_slow_body_no_more_than_the_requests_time() -> None:
    """A body of a byte a minute would hold a thread for hours."""
    with running.started(*PLAIN["wsgi"], "--request-seconds", "2") as server, server.connect() as sock:
        sock.sendall(b"POST /read HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Length: 100\r\n\r\nab")
        answer = running.read_all(sock)
        assert not answer.startswith(b"HTTP/1.1 200")
        assert server.get().startswith(b"HTTP/1.1 200")


# -- whoever starts it --------------------------------------------------------------------------------------


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said to a wrong command, which must end with exit code 2."""
    assert main(["serve", *words]) == 2
    return capsys.readouterr().err


def test_refuses_plain_http_beyond_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is imported or opened."""
    assert "--certificate" in refused(capsys, ASGI, "--host", "0.0.0.0")


def test_refuses_an_application_without_defences(capsys: pytest.CaptureFixture[str]) -> None:
    """A lost protect() is told, and can be overruled only by name."""
    told = refused(capsys, "tests.servers.apps:unguarded")
    assert "never called protect()" in told
    assert "--unguarded" in told


@pytest.mark.slow
def test_serves_an_application_without_defences_when_told_so() -> None:
    """With a warning."""
    with running.started("tests.servers.apps:unguarded", "--unguarded") as server:
        assert server.get().startswith(b"HTTP/1.1 200")
        server.stop()
        assert server.process.stderr is not None
        assert "WARNING: tests.servers.apps:unguarded is served without any defence" in server.process.stderr.read()


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("tests.servers.apps:nothing", "no application is found"),
        ("tests.servers.apps:not_an_application", "is a dict, no FastAPI, Starlette, Flask or aiohttp application"),
        ("tests.servers.nowhere:app", "there is no module"),
        ("tests.apps.plain_django.tracker.settings", "project.asgi:application"),
    ],
)
def test_tells_a_target_that_is_none(where: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to name instead."""
    assert said in refused(capsys, where)


def test_refuses_a_server_that_does_not_fit_the_application(capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is opened, with the servers that do."""
    assert "write uvicorn or hypercorn or granian" in refused(capsys, ASGI, "--server", "gunicorn")


def test_tells_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line with the next port to try, and without a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = refused(capsys, ASGI, "--port", str(taken.getsockname()[1]))
    assert "cannot be opened" in told
    assert "Traceback" not in told


@EACH
def test_does_not_serve_what_refuses_to_start(kind: str) -> None:
    """Production without its key is told, and nothing stays behind that answers 200."""
    words = [sys.executable, "-c", "from ringwork.cli.main import main; raise SystemExit(main())", "serve", *PLAIN[kind]]
    port = running.free_port()
    environment = {"PATH": "", "PYTHONPATH": str(running.ROOT), "RINGWORK_MODE": "production"}
    process = subprocess.Popen([*words, "--port", str(port)], cwd=running.ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    server = running.Started(process=process, port=port, unix="", papers=None)
    try:
        if kind == "wsgi":
            running._wait(server)  # WSGI has no start-up event: every request meets the refusal
            assert server.get().startswith(b"HTTP/1.1 503")
        else:
            assert process.wait(running.PATIENCE) != 0
    finally:
        process.kill()
        _, told = process.communicate()
    assert "RINGWORK_KEY" in told
