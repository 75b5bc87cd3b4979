"""What sslyze says of `ringwork serve`, by Mozilla's recommendations."""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringwork.servers import listening
from tests.judges import clinics, outsiders
from tests.servers import running

pytestmark = pytest.mark.real

# OpenSSL 3.5 under a Python that cannot choose curves keeps its own list; see listening.py.
TOLERATED = {"tls_curves"} if ssl.OPENSSL_VERSION_INFO >= (3, 5) and not hasattr(ssl.SSLContext, "set_groups") else set()

APPS = "tests.servers.apps"
SERVERS = {
    "uvicorn": (f"{APPS}:asgi",),
    "hypercorn": (f"{APPS}:asgi", "--server", "hypercorn"),
    "granian": (f"{APPS}:asgi", "--server", "granian"),
    "gunicorn": (f"{APPS}:wsgi",),
    "aiohttp": (f"{APPS}:aiohttp",),
}
"""How each server of `ringwork serve` is started."""


def objections(port: int, authority: Path, profile: str) -> dict[str, str]:
    """What the profile objects to. An incomplete scan fails the test."""
    done = outsiders.run(outsiders.python_tool("python"), str(outsiders.HERE / "tls_scan.py"), str(port), str(authority), profile)
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, str] = json.loads(done.stdout)
    return said


@contextlib.contextmanager
def weak_server(papers: running.Papers) -> Iterator[int]:
    """A server with ciphers that keep nothing secret afterwards, and every curve of the library."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(papers.certificate, papers.key)
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("profile", [listening.INTERMEDIATE, listening.MODERN])
@pytest.mark.parametrize("server", list(SERVERS))
def test_every_server_follows_its_profile(server: str, profile: str, tmp_path: Path) -> None:
    """Versions, ciphers, curves, certificate and known faults: nothing is objected to."""
    papers = running.make_papers(tmp_path)
    with running.started(*SERVERS[server], "--tls", profile, papers=papers) as started:
        assert not set(objections(started.port, papers.authority, profile)) - TOLERATED


def test_the_clinic_as_it_is_served_follows_the_intermediate_profile(clinic: clinics.Site) -> None:
    """Without any option the profile is Mozilla's intermediate one."""
    assert not set(objections(int(clinic.origin.rpartition(":")[2]), clinic.authority, listening.INTERMEDIATE)) - TOLERATED


def test_the_judge_objects_to_a_weak_server(tmp_path: Path) -> None:
    """The same scan names the cipher and the curves of a weak one."""
    papers = running.make_papers(tmp_path)
    with weak_server(papers) as port:
        said = objections(port, papers.authority, listening.INTERMEDIATE)
    assert {"ciphers", "tls_curves"} <= set(said), said
