"""Servers in the copy that nobody should believe, on its own loopback, and clients that are sent to each of them.

Whether a client was taken in is told by the server: a request arrived, or none did. What the client itself says is kept beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import os
import secrets
import socket
import ssl
import threading
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ringwork.outbound import aiohttp as guarded_aiohttp
from ringwork.outbound import httpx2 as guarded_httpx2
from ringwork.outbound import requests as guarded_requests
from ringwork.outbound.context import Trust
from ringwork.survey.harness import confine, namespaces

PARTNER = "partner.ringwork.example"
"""Whom the clients want to speak to. It leads to this copy's loopback, and to nobody else."""

GOOD, OLD_TLS, REVOKED = "good", "old-tls", "revoked"
SECONDS = 5.0
Visit = Callable[[str], Any]


class Rogue:
    """One server. seen: the paths that were asked of it."""

    def __init__(self, name: str, certificate: Path, key: Path) -> None:
        self.name, self.seen = name, set[str]()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if name == OLD_TLS:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of the old version, which is the point of it
                self.context.set_ciphers("ALL:@SECLEVEL=0")
                self.context.minimum_version = ssl.TLSVersion.TLSv1
                self.context.maximum_version = ssl.TLSVersion.TLSv1_1
        self.context.load_cert_chain(certificate, key)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listening.getsockname()[1])
        confine.permit(self.port)
        threading.Thread(target=self._serve, name=f"ringwork-rogue-{name}", daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._answer(self.listening.accept()[0])

    def _answer(self, sock: socket.socket) -> None:
        sock.settimeout(SECONDS)
        with sock, contextlib.suppress(OSError), self.context.wrap_socket(sock, server_side=True) as spoken:
            request = spoken.recv(8192)
            self.seen.add(request.split(b" ")[1].decode("latin-1") if request.count(b" ") > 1 else "")
            spoken.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")


def meet(papers: Path, factories: Mapping[str, Callable[[], Any]], *, brief: bool) -> list[dict[str, Any]]:
    """Every client to every server. papers: NAME.pem and NAME.key for each, authority.pem, revoked.crl. brief: one careless client alone.

    Returns rows of caller, kind (careless, guarded or own), rogue, reached, and what the client said.
    """
    namespaces.raise_loopback()
    found = list[dict[str, Any]]()
    with _resolving(), _trusting(papers / "authority.pem"):
        servers = list[Rogue]()
        for path in sorted(papers.glob("*.pem")):
            # A library that has forgotten the old version cannot offer it.
            with contextlib.suppress(ssl.SSLError, ValueError):
                servers += [Rogue(path.stem, path, path.with_suffix(".key"))] if path.stem != "authority" else []
        for caller, kind, visit in _clients(papers, factories, brief=brief):
            # Whether a certificate was revoked is known to those alone who were given the list.
            asked = [one for one in servers if kind == "guarded" or one.name != REVOKED]
            found += [_met(caller, kind, visit, one) for one in asked]
        for one in servers:
            one.listening.close()
    return found


def _met(caller: str, kind: str, visit: Visit, rogue: Rogue) -> dict[str, Any]:
    path, said = f"/{secrets.token_hex(8)}", "answered"
    try:
        visit(f"https://{PARTNER}:{rogue.port}{path}")
    except Exception as error:  # noqa: BLE001  # each library has errors of its own, and any of them is what is told
        said = f"{type(error).__name__}: {error}"[:300]
    return {"caller": caller, "kind": kind, "rogue": rogue.name, "reached": path in rogue.seen, "said": said}


def _clients(papers: Path, factories: Mapping[str, Callable[[], Any]], *, brief: bool) -> Iterator[tuple[str, str, Visit]]:
    yield "urllib with an unverified context", "careless", _careless_urllib
    if brief:
        return
    there = [name for name in ("requests", "httpx2", "aiohttp") if importlib.util.find_spec(name) is not None]
    for name in there:
        yield (
            f"{name} with verification off",
            "careless",
            {"requests": _careless_requests, "httpx2": _careless_httpx2, "aiohttp": _careless_aiohttp}[name],
        )
    trust = Trust(authority=str(papers / "authority.pem"), revoked=str(papers / "revoked.crl"))
    makers: dict[str, Callable[[], Any]] = {
        "requests": lambda: guarded_requests.session(trust),
        "httpx2": lambda: guarded_httpx2.client(trust),
        "aiohttp": lambda: guarded_aiohttp.session(trust),
    }
    for name in there:
        yield f"ringwork.outbound.{name}", "guarded", _visiting(makers[name])
    for name, factory in factories.items():
        yield name, "own", _visiting(factory)


def _careless_urllib(url: str) -> None:
    context = ssl._create_unverified_context()  # noqa: S323, SLF001  # what is tried is whether it gets through
    with urllib.request.urlopen(url, context=context, timeout=SECONDS) as answer:  # noqa: S310  # a rogue server of our own
        answer.read()


def _careless_requests(url: str) -> None:
    import requests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        requests.get(url, verify=False, timeout=SECONDS)  # noqa: S501  # what is tried is whether it gets through


def _careless_httpx2(url: str) -> None:
    import httpx2

    with httpx2.Client(verify=False, timeout=SECONDS, trust_env=False) as client:  # the same
        client.get(url)


def _careless_aiohttp(url: str) -> None:
    import aiohttp

    async def visit() -> None:
        async with aiohttp.ClientSession() as session, session.get(url, ssl=False, timeout=aiohttp.ClientTimeout(total=SECONDS)) as answer:
            await answer.read()

    asyncio.run(visit())


def _visiting(factory: Callable[[], Any]) -> Visit:
    """A visit by whatever a factory makes: a client with `get`, sync or async, or a TLS context."""

    async def visit(url: str) -> None:
        made = factory()
        made = await made if inspect.isawaitable(made) else made
        if isinstance(made, ssl.SSLContext):
            await asyncio.to_thread(_by_context, made, url)
            return
        answer = made.get(url, timeout=SECONDS) if type(made).__module__.partition(".")[0] != "aiohttp" else made.get(url)
        if inspect.isawaitable(answer) or hasattr(answer, "__aenter__"):
            await answer
        closing = getattr(made, "aclose", None) or getattr(made, "close", None)
        ended = closing() if closing is not None else None
        if inspect.isawaitable(ended):
            await ended

    return lambda url: asyncio.run(asyncio.wait_for(visit(url), 2 * SECONDS))


def _by_context(context: ssl.SSLContext, url: str) -> None:
    with urllib.request.urlopen(url, context=context, timeout=SECONDS) as answer:  # noqa: S310  # a rogue server of our own
        answer.read()


@contextlib.contextmanager
def _resolving() -> Iterator[None]:
    """In this process, for as long as it lasts, the partner's name leads to loopback."""
    real = socket.getaddrinfo

    def found(host: Any, *given: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if name == PARTNER else host, *given, **more)

    socket.getaddrinfo = found  # every library asks by this name
    try:
        yield
    finally:
        socket.getaddrinfo = real


@contextlib.contextmanager
def _trusting(authority: Path) -> Iterator[None]:
    """In this process, for as long as it lasts, clients that trust public authorities trust the throw-away one."""
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(authority)))
    real: Any = None
    if importlib.util.find_spec("certifi") is not None:
        import certifi

        real, certifi.where = certifi.where, lambda: str(authority)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if real is not None:
            certifi.where = real
