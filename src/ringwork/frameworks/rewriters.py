"""Who else decides on client address and scheme by forwarding headers: servers and middleware round the application, seen on the stack.

Against two owners of one address (trap 22): uvicorn believes proxies on loopback by default, and what it has rewritten hides the
peer on which the question whom to believe depends.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any


def around_us() -> tuple[str, ...]:
    """What stands on the stack right now, each with what to write instead; called once, at the lifespan's start or the first request."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # the one way to see what called the application
    found: dict[str, None] = {}
    while frame is not None:
        told = _REWRITERS.get(frame.f_globals.get("__name__", ""))
        if told is not None:
            believes, advice = told
            if believes(frame.f_locals):
                found[advice] = None
        frame = frame.f_back
    return tuple(found)


def inside(layer: Any) -> Iterator[str]:
    """Werkzeug's ProxyFix among the layers of a WSGI application; each names the next as `app`."""
    seen: set[int] = set()
    while layer is not None and id(layer) not in seen:
        seen.add(id(layer))
        if type(layer).__module__ == "werkzeug.middleware.proxy_fix":
            yield PROXY_FIX
        layer = getattr(layer, "app", None)


def among(classes: Iterable[Any]) -> Iterator[str]:
    """Those of uvicorn, hypercorn and aiohttp-remotes among an application's middleware."""
    names = {getattr(found, "__module__", "") for found in classes}
    yield from (advice for module, advice in _MIDDLEWARE.items() if module in names)


PROXY_FIX = "werkzeug's ProxyFix is in use, which believes whoever connects; take it out"
HYPERCORN = "hypercorn's ProxyFixMiddleware is in use; take it out"
REMOTES = "aiohttp-remotes rewrites client address and scheme; take it out"
_MIDDLEWARE = {
    "uvicorn.middleware.proxy_headers": "ProxyHeadersMiddleware of uvicorn is in use; take it out",
    "hypercorn.middleware.proxy_fix": HYPERCORN,
    "aiohttp_remotes.x_forwarded": REMOTES,
    "aiohttp_remotes.forwarded": REMOTES,
}


def _uvicorn(frame: dict[str, Any]) -> bool:
    trusted = getattr(frame.get("self"), "trusted_hosts", None)
    # One that trusts nobody (forwarded_allow_ips="") rewrites nothing.
    groups: list[Any] = [getattr(trusted, name, True) for name in ("trusted_hosts", "trusted_networks", "trusted_literals")]
    return bool(getattr(trusted, "always_trust", True)) or any(group is True or group - {""} for group in groups)


def _waitress(frame: dict[str, Any]) -> bool:
    return frame.get("trusted_proxy") is not None  # without one it only takes the headers out


def _always(frame: dict[str, Any]) -> bool:
    return True


_REWRITERS: dict[str, tuple[Callable[[dict[str, Any]], bool], str]] = {
    "uvicorn.middleware.proxy_headers": (
        _uvicorn,
        "uvicorn rewrites client address and scheme; start it with --no-proxy-headers (uvicorn.run(..., proxy_headers=False))",
    ),
    "hypercorn.middleware.proxy_fix": (_always, HYPERCORN),
    "werkzeug.middleware.proxy_fix": (_always, PROXY_FIX),
    "waitress.proxy_headers": (_waitress, "waitress rewrites client address and scheme; start it without --trusted-proxy"),
}
"""Module whose frame shows it, whether it believes anybody, and what to do instead."""
