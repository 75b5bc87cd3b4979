"""Which servers there are, for which applications, and what each of them cannot do: refused by name, never left out in silence.

Against a setting that a server takes no notice of: a certificate that nobody asks for, or a deadline that is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringwork.errors import ServerInvalid
from ringwork.servers.listening import ServerSettings

ASGI, WSGI, AIOHTTP = "asgi", "wsgi", "aiohttp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One server. interfaces: what it serves, by the interface's name. extra: what installs it.

    sees_clients: the application can learn whose certificate it was. several: it runs more than one process. forks: each of
    them is a fork of the one that has loaded the application; else they import it by its name. least_head_bytes: it reads so many.
    """

    name: str
    interfaces: tuple[str, ...]
    extra: str
    sees_clients: bool = True
    several: bool = True
    forks: bool = False
    least_head_bytes: int = 0


OFFERS = (
    Offer(name="uvicorn", interfaces=(ASGI,), extra="serve"),
    Offer(name="hypercorn", interfaces=(ASGI,), extra="hypercorn"),
    Offer(name="granian", interfaces=(ASGI,), extra="granian", sees_clients=False, forks=True, least_head_bytes=8192),
    Offer(name="gunicorn", interfaces=(WSGI,), extra="serve", forks=True),
    Offer(name="aiohttp", interfaces=(AIOHTTP,), extra="aiohttp", several=False),
)
"""The first that serves an interface is the one that is taken where none is named."""


def names() -> str:
    """All of them, as a person writes a list."""
    return ", ".join(offer.name for offer in OFFERS)


def interface_of(framework: str, app: object) -> str:
    """How a server speaks to an application of this framework (the last part of its adapter's name)."""
    if framework == "django":
        return ASGI if type(app).__name__.startswith("ASGI") else WSGI
    return {"flask": WSGI, "aiohttp": AIOHTTP}.get(framework, ASGI)


def chosen(name: str, interface: str, settings: ServerSettings) -> Offer:
    """The server of this name, the usual one for "". Raises ServerInvalid with everything that it cannot do."""
    fitting = [offer for offer in OFFERS if interface in offer.interfaces]
    offer = next((offer for offer in OFFERS if offer.name == name), None) if name else fitting[0]
    others = " or ".join(one.name for one in fitting)
    if offer is None:
        raise ServerInvalid([f"server: {name[:40]!r} is none that ringwork can start; write {others} for this application"])
    found = [] if offer in fitting else [f"server: {offer.name} does not serve {_SPOKEN[interface]} applications here; write {others}"]
    found += _lacks(offer, settings)
    if found:
        raise ServerInvalid(found)
    return offer


_SPOKEN = {ASGI: "ASGI", WSGI: "WSGI", AIOHTTP: "aiohttp"}


def _lacks(offer: Offer, settings: ServerSettings) -> Iterator[str]:
    if settings.client_authority and not offer.sees_clients:
        # Against a login by certificate that nobody reads: the application would take every certificate's owner for nobody.
        yield (
            f"client_authority: {offer.name} asks for a certificate and never tells the application whose it was; take uvicorn or "
            "hypercorn, or let a trusted proxy ask"
        )
    if settings.head_bytes < offer.least_head_bytes:
        yield f"head_bytes: {offer.name} reads {offer.least_head_bytes} bytes of a head at least; write that or more"
    if settings.workers > 1 and not offer.several:
        yield f"workers: {offer.name} is one process; start several, each on a port or Unix socket of its own, behind a proxy"
