"""A changed certificate is taken into use by the next handshake; what cannot be used changes nothing."""

from __future__ import annotations

import contextlib
import ssl
import weakref
from pathlib import Path

import pytest

from ringwork.errors import ServerInvalid
from ringwork.outbound import watching
from ringwork.servers import listening
from ringwork.servers.listening import ServerSettings
from ringwork.servers.renewal import LOOK_SECONDS
from ringwork.survey.wire import forge
from tests.servers import running


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Place:
    """Certificate files that change, and a client that looks at what is served."""

    def __init__(self, folder: Path) -> None:
        self.authority = forge.make_authority()
        self.certificate, self.key = folder / "chain.pem", folder / "key.pem"
        self.key.touch(mode=0o600)
        self.write()
        self.clock = Clock()
        self.settings = ServerSettings(certificate=str(self.certificate), key=str(self.key))
        self.listening = listening.renewal(self.settings, clock=self.clock).current

    def write(self, *, key: bool = True, kind: forge.Leaf = forge.Leaf.THROW_AWAY) -> None:
        """A new pair; without its key half of it."""
        certificate, secret = self.authority.leaf(["localhost"], kind)
        for path, text in ((self.certificate, certificate), *([(self.key, secret)] if key else ())):
            # Another file in its place, as tools write them: two writes within one tick of the clock look the same.
            fresh = path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_bytes(text)
            fresh.replace(path)

    def pass_time(self) -> None:
        """Until the files are looked at again."""
        self.clock.now += LOOK_SECONDS

    def served(self, name: str | None = "localhost") -> bytes:
        """The certificate that the next client is shown, as PEM."""
        client_context = ssl.create_default_context(cadata=self.authority.certificate_pem.decode())
        client_context.check_hostname = name is not None
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = client_context.wrap_bio(to_client, to_server, server_hostname=name)
        server = self.listening.wrap_bio(to_server, to_client, server_side=True)
        for side in (client, server) * 3:
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
        return ssl.DER_cert_to_PEM_cert(client.getpeercert(binary_form=True) or b"").encode()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A server's context whose files can be changed. No guarded application of another test watches the clients of this one."""
    monkeypatch.setattr(watching, "_WATCHES", weakref.WeakSet())
    return Place(tmp_path)


@pytest.mark.parametrize("name", ["localhost", None])
def test_shows_the_new_certificate_to_the_next_client(name: str | None, place: Place) -> None:
    """A renewal needs no restart, also for clients that name no server."""
    assert place.served(name) == place.certificate.read_bytes()
    place.write()
    place.pass_time()
    assert place.served(name) == place.certificate.read_bytes()


def test_keeps_the_last_good_pair_while_half_of_the_new_one_is_written(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """Files are written one after the other; a client that comes in between is served, and the line names no secret."""
    before = place.certificate.read_bytes()
    place.write(key=False)
    place.pass_time()
    assert place.served() == before
    assert "the last one stays" in caplog.text
    assert "PRIVATE" not in caplog.text
    place.write()
    place.pass_time()
    assert place.served() == place.certificate.read_bytes()


def test_keeps_the_last_good_pair_when_the_new_one_has_run_out(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    """A renewal that fetched the wrong file must not take down what it should save."""
    before = place.served()
    place.write(kind=forge.Leaf.EXPIRED)
    place.pass_time()
    assert place.served() == before
    assert "ran out on" in caplog.text


@pytest.mark.parametrize(("mode", "refused"), [("production", True), ("enforce", False)])
def test_takes_no_development_certificate_in_production(mode: str, *, refused: bool, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ringwork certs` is for a developer's machine, and so is what it makes."""
    monkeypatch.setenv("RINGWORK_MODE", mode)
    place.write(kind=forge.Leaf.DEVELOPMENT)
    with pytest.raises(ServerInvalid, match="refused in production") if refused else contextlib.nullcontext():
        listening.require_sound(place.settings)


def test_survives_files_that_are_gone(place: Place) -> None:
    """A tool that removes before it writes takes no server down."""
    before = place.certificate.read_bytes()
    place.key.unlink()
    place.pass_time()
    assert place.served() == before


def test_looks_at_the_files_no_more_than_once_a_second(place: Place) -> None:
    """A flood of handshakes is no flood of file reads."""
    before = place.certificate.read_bytes()
    place.write()
    assert place.served() == before


def test_refuses_a_pair_that_is_wrong_from_the_start(place: Place) -> None:
    """There is no last good one yet."""
    place.write(key=False)
    with pytest.raises(ServerInvalid, match="is not the key of"):
        listening.context(place.settings)


@pytest.fixture(scope="module")
def authority() -> forge.Authority:
    """Whoever signs both certificates."""
    return forge.make_authority()


APPS = "tests.servers.apps"
KEEPING = [
    pytest.param((f"{APPS}:asgi",), id="uvicorn"),
    pytest.param((f"{APPS}:wsgi",), id="gunicorn"),
    pytest.param((f"{APPS}:asgi", "--server", "hypercorn"), id="hypercorn", marks=pytest.mark.slow),
    pytest.param((f"{APPS}:aiohttp",), id="aiohttp", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("words", KEEPING)
def test_renews_without_losing_an_open_connection(words: tuple[str, ...], tmp_path: Path, authority: forge.Authority) -> None:
    """Whoever is connected stays so; whoever comes next sees the new certificate."""
    papers = running.make_papers(tmp_path)
    papers.authority.write_bytes(papers.authority.read_bytes() + authority.certificate_pem)
    ask = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with running.started(*words, papers=papers) as server, server.connect() as kept:
        kept.sendall(ask)
        assert running.read_until(kept, b"}").startswith(b"HTTP/1.1 200")
        certificate, key = authority.leaf(names=["localhost"])
        papers.certificate.write_bytes(certificate)
        papers.key.write_bytes(key)
        wanted = ssl.PEM_cert_to_DER_cert(certificate.decode())

        def is_new() -> bool:
            with server.connect() as fresh:
                assert isinstance(fresh, ssl.SSLSocket)
                return fresh.getpeercert(binary_form=True) == wanted

        running.wait_for(is_new)
        kept.sendall(ask)
        assert running.read_until(kept, b"}").startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_granian_refuses_nobody_while_its_workers_are_replaced(tmp_path: Path, authority: forge.Authority) -> None:
    """It cannot change a certificate in a worker, so each is replaced; whoever asks meanwhile is served by the old one or the new."""
    papers = running.make_papers(tmp_path)
    papers.authority.write_bytes(papers.authority.read_bytes() + authority.certificate_pem)
    with running.started(f"{APPS}:asgi", "--server", "granian", papers=papers) as server:
        assert server.get().startswith(b"HTTP/1.1 200")
        certificate, key = authority.leaf(names=["localhost"])
        papers.certificate.write_bytes(certificate)
        papers.key.write_bytes(key)
        wanted = ssl.PEM_cert_to_DER_cert(certificate.decode())

        def is_new() -> bool:
            with server.connect() as fresh:
                assert isinstance(fresh, ssl.SSLSocket)
                fresh.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert running.read_all(fresh).startswith(b"HTTP/1.1 200")
                return fresh.getpeercert(binary_form=True) == wanted

        running.wait_for(is_new)
