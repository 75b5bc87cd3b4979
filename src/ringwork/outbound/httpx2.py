"""httpx2 clients that always verify whom they speak to.

Against `verify=False`, a client that trusts by its environment, and plain http after a redirect. Source: ASVS 5.0, 12.3.1 to 12.3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringwork.errors import ExtraMissing
from ringwork.outbound.context import PUBLIC, SECONDS, Trust, client_context, require_encrypted, require_no_switch

if TYPE_CHECKING:
    import httpx2


def client(trust: Trust = PUBLIC, **options: Any) -> httpx2.Client:
    """A client; `options` as httpx2.Client takes them, apart from how to verify. Raises PeerUnverified for those."""
    made: httpx2.Client = _library().Client(**_options(trust, options, waits=False))
    return made


def async_client(trust: Trust = PUBLIC, **options: Any) -> httpx2.AsyncClient:
    """The same for async code."""
    made: httpx2.AsyncClient = _library().AsyncClient(**_options(trust, options, waits=True))
    return made


def _options(trust: Trust, options: dict[str, Any], *, waits: bool) -> dict[str, Any]:
    for name in ("verify", "cert"):
        require_no_switch(options.pop(name, None), where=f"httpx2 with {name}=")
    for name in ("transport", "mounts"):
        # A transport of the caller's own brings a context of its own, which nobody has looked at.
        require_no_switch(options.get(name), where=f"httpx2 with {name}=")
    hooks = {name: list(found) for name, found in dict(options.pop("event_hooks", None) or {}).items()}
    hooks["request"] = [_check_async if waits else _check, *hooks.get("request", [])]
    # trust_env False: neither another store nor a proxy of the environment, which could be anybody's.
    return {"timeout": SECONDS, "trust_env": False, **options, "verify": client_context(trust), "event_hooks": hooks}


def _check(request: httpx2.Request) -> None:
    """Runs before each request, those after a redirect too."""
    require_encrypted(request.url.scheme, request.url.host)


async def _check_async(request: httpx2.Request) -> None:
    require_encrypted(request.url.scheme, request.url.host)


def _library() -> Any:
    try:
        import httpx2
    except ImportError as error:
        raise ExtraMissing(feature="a guarded httpx2 client", package="httpx2", extra="clients") from error
    return httpx2
