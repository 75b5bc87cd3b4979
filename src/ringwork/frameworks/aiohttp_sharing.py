"""What aiohttp-cors was told, read from where it keeps it: in the signal that it leaves in the application.

Against sharing that nobody reviews because it stands in a call and not in the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

PACKAGE = "aiohttp_cors."


def sharing(parts: Iterable[Any]) -> list[dict[str, Any]]:
    """One entry for each origin of each shared resource of these applications, as plain values; empty without aiohttp-cors.

    resource: the path. origins, methods, allow_headers: texts.
    """
    found = []
    for adapter in (adapter for part in parts for adapter in _adapters(part)):
        everywhere = getattr(adapter, "_default_config", {})
        for resource, config in getattr(adapter, "_resource_config", {}).items():
            for told in ({**everywhere, **config.default_config}, *config.method_config.values()):
                found += [_plain(str(resource.canonical), origin, options) for origin, options in (told or {}).items()]
    return [one for i, one in enumerate(found) if one not in found[:i]]


def _adapters(app: Any) -> Iterator[Any]:
    """What each CorsConfig keeps its table in; its own signal leads there."""
    for receiver in app.on_response_prepare:
        owner: Any = getattr(receiver, "__self__", None)
        if type(owner).__module__.startswith(PACKAGE):
            yield owner._router_adapter  # noqa: SLF001  # the one place where it stands


def is_preflight(route: Any) -> bool:
    """Whether aiohttp-cors added this route, to answer preflights; ringwork answers them before any route."""
    handler = route.handler
    return route.method == "OPTIONS" and str(getattr(handler, "__module__", "")).startswith(PACKAGE)


def _plain(resource: str, origin: str, options: Any) -> dict[str, Any]:
    told: Mapping[str, Any] = options._asdict()
    return {
        "resource": resource,
        "origins": [origin],
        "supports_credentials": bool(told.get("allow_credentials")),
        "methods": list(_texts(told.get("allow_methods"))),
        "allow_headers": list(_texts(told.get("allow_headers"))),
    }


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value:
        yield from sorted(str(item) for item in value)
