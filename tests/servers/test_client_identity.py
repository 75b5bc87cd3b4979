"""Client certificates over real sockets: on every server only the right one reaches a handler, and the handler knows whose it is."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from ringwork.cli.main import main
from ringwork.survey.wire import certified, forge
from ringwork.survey.wire.certified import Papers
from ringwork.survey.wire.connection import Place, WireError
from tests.servers import identity_apps, running

APPS = "tests.servers.identity_apps"
SERVERS = {
    "uvicorn": (f"{APPS}:asgi",),
    "hypercorn": (f"{APPS}:asgi", "--server", "hypercorn"),
    "gunicorn": (f"{APPS}:wsgi",),
    "aiohttp": (f"{APPS}:aiohttp",),
}
EACH = pytest.mark.parametrize("server", [pytest.param(name, marks=pytest.mark.xdist_group(f"clients of {name}")) for name in SERVERS])
"""All tests of one server in one process, so that it is started once."""
SOCKETS = ("uvicorn", "hypercorn", "aiohttp")
NAME = identity_apps.LABORATORY


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """An authority of the inner network with its files, and certificates of every kind."""

    authority: forge.Authority
    papers: running.Papers
    revoked: Path
    shown: dict[str, Papers | None]


@pytest.fixture(scope="module")
def inner(tmp_path_factory: pytest.TempPathFactory) -> Inner:
    folder = tmp_path_factory.mktemp("inner")
    authority, papers = forge.make_authority(), running.make_papers(folder)
    for path, data in zip((papers.certificate, papers.key), authority.leaf(["localhost"]), strict=True):
        path.write_bytes(data)
    papers.authority.write_bytes(authority.certificate_pem)
    revoked = folder / "revoked.pem"
    revoked.write_bytes(authority.revoked())
    return Inner(
        authority=authority,
        papers=papers,
        revoked=revoked,
        shown={
            "good": authority.client([NAME]),
            "none": None,
            "self-signed": forge.self_signed([NAME]),
            "foreign": forge.make_authority().client([NAME]),
            "expired": authority.client([NAME], days=(-3, -1)),
            "tomorrow": authority.client([NAME], days=(1, 3)),
            "revoked": authority.client([NAME], serial=forge.REVOKED),
            "server's": authority.client([NAME], purpose=forge.FOR_SERVERS),
            "unknown": authority.client(["spiffe://clinic.example/kitchen"]),
            "nameless": authority.client([]),
            "billing": authority.client(["billing.internal"]),
        },
    )


class Servers(dict[str, running.Started]):
    """One server of a kind for all tests that ask for it."""

    def __init__(self, start: Callable[[str], running.Started]) -> None:
        super().__init__()
        self.start = start

    def __missing__(self, kind: str) -> running.Started:
        self[kind] = self.start(kind)
        return self[kind]


@pytest.fixture(scope="module")
def servers(inner: Inner) -> Iterator[Servers]:
    """Every server as the inner network's listener, started when it is first asked for."""
    asked = ("--client-authority", str(inner.papers.authority), "--client-revoked", str(inner.revoked))
    with contextlib.ExitStack() as stack:
        yield Servers(lambda kind: stack.enter_context(running.started(*SERVERS[kind], *asked, papers=inner.papers)))


def asked(server: running.Started, inner: Inner, shown: str, path: str = "/") -> tuple[int, str]:
    """Status and text; 0 and what happened where no session was had."""
    place = Place(address=("127.0.0.1", server.port), server_name="localhost", ca_pem=inner.authority.certificate_pem, source="127.0.0.1")
    try:
        answer = certified.get(place, "localhost", path, inner.shown[shown])
    except WireError as error:
        return 0, str(error)
    return answer.status, answer.text


@EACH
def test_the_known_service_becomes_the_principal(server: str, servers: Servers, inner: Inner) -> None:
    """The honest caller is served, and the handler knows who it is without any login."""
    assert asked(servers[server], inner, "good") == (200, f"{NAME} certificate")


@EACH
@pytest.mark.parametrize("shown", ["none", "self-signed", "foreign", "expired", "tomorrow", "revoked", "server's"])
def test_gives_no_session_to_a_certificate_that_does_not_hold(server: str, shown: str, servers: Servers, inner: Inner) -> None:
    """What the authority has not signed for this use and this day, or has taken back, is refused before any request."""
    assert asked(servers[server], inner, shown, "/open")[0] == 0


@EACH
@pytest.mark.parametrize("shown", ["unknown", "nameless"])
def test_refuses_a_good_certificate_of_nobody_known(server: str, shown: str, servers: Servers, inner: Inner) -> None:
    """The same authority signs for others as well; their names let nobody in, not even to what is public."""
    assert asked(servers[server], inner, shown, "/open")[0] == 403


@EACH
def test_a_service_enters_by_its_roles_alone(server: str, servers: Servers, inner: Inner) -> None:
    """Another known service is known, and may not do what the laboratory may."""
    assert asked(servers[server], inner, "billing", "/open") == (200, "billing.internal certificate")
    assert asked(servers[server], inner, "billing")[0] == 403


@contextlib.contextmanager
def live(server: running.Started, inner: Inner, shown: str) -> Iterator[ClientConnection]:
    """A WebSocket of whoever shows this certificate."""
    context = ssl.create_default_context(cafile=str(inner.papers.authority))
    files = [inner.revoked.with_name(f"{shown}.{kind}") for kind in ("pem", "key")]
    for file, data in zip(files, inner.shown[shown] or (), strict=True):
        file.write_bytes(data)
    context.load_cert_chain(files[0], files[1])
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=running.PATIENCE) as plain,
        connect("wss://localhost/live", sock=plain, ssl=context) as session,
    ):
        yield session


ON_SOCKETS = pytest.mark.parametrize(
    "server", [pytest.param(name, marks=pytest.mark.xdist_group(f"clients of {name}")) for name in SOCKETS]
)


@ON_SOCKETS
def test_knows_the_service_on_a_socket_too(server: str, servers: Servers, inner: Inner) -> None:
    """A handshake of a WebSocket carries the same certificate."""
    with live(servers[server], inner, "good") as session:
        assert session.recv() == f"{NAME} certificate"


@ON_SOCKETS
@pytest.mark.parametrize("shown", ["billing", "unknown"])
def test_opens_no_socket_to_another_service(server: str, shown: str, servers: Servers, inner: Inner) -> None:
    """A certificate of the same authority that is not the right one: the handshake is refused, and nothing is said."""
    with pytest.raises(InvalidStatus) as refused, live(servers[server], inner, shown):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.slow
def test_a_revoked_certificate_comes_back_without_its_list(inner: Inner) -> None:
    """The opposite: it is the list that keeps it out."""
    with running.started(*SERVERS["uvicorn"], "--client-authority", str(inner.papers.authority), papers=inner.papers) as server:
        assert asked(server, inner, "revoked") == (200, f"{NAME} certificate")


def test_a_new_list_is_taken_into_use_without_a_restart(inner: Inner, tmp_path: Path) -> None:
    """A key that was stolen today is kept out today."""
    listed = tmp_path / "revoked.pem"
    shutil.copy(inner.revoked, listed)
    good = inner.shown["good"]
    assert good is not None
    words = ("--client-authority", str(inner.papers.authority), "--client-revoked", str(listed))
    with running.started(*SERVERS["uvicorn"], *words, papers=inner.papers) as server:
        assert asked(server, inner, "good")[0] == 200
        fresh = tmp_path / "fresh.pem"
        fresh.write_bytes(inner.authority.revoking(good[0]))
        os.replace(fresh, listed)  # noqa: PTH105  # as tools do it: at once
        running.wait_for(lambda: asked(server, inner, "good")[0] == 0)
        assert asked(server, inner, "billing", "/open")[0] == 200


def test_refuses_to_start_an_internal_listener_without_its_authority(inner: Inner, capsys: pytest.CaptureFixture[str]) -> None:
    """The policy asks for certificates that this listener would never see."""
    words = ["serve", f"{APPS}:asgi", "--certificate", str(inner.papers.certificate), "--key", str(inner.papers.key)]
    assert main(words) == 2
    assert "add --client-authority" in capsys.readouterr().err
