"""Facts about who else decides on address, scheme and https in an application: proxies believed, https forced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

_COUNTS = ("x_for", "x_proto", "x_host", "x_port", "x_prefix")
_TALISMAN = (
    "force_https",
    "strict_transport_security",
    "strict_transport_security_max_age",
    "strict_transport_security_include_subdomains",
    "strict_transport_security_preload",
)


def of_environment() -> dict[str, Any]:
    """Whom the server was told to believe; uvicorn and gunicorn read the same name."""
    given = os.environ.get("FORWARDED_ALLOW_IPS")
    return {} if given is None else {"FORWARDED_ALLOW_IPS": given}


def of_django() -> dict[str, Any]:
    """The header by which Django believes a proxy that a request came over TLS, where the settings name one."""
    from django.conf import settings

    header = getattr(settings, "SECURE_PROXY_SSL_HEADER", None)
    return {} if not header else {"SECURE_PROXY_SSL_HEADER": ", ".join(map(str, header))}


def of_flask(app: Any) -> dict[str, Any]:
    """Werkzeug's ProxyFix with its counts, and Flask-Talisman with what it forces, where they are in use."""
    found = of_environment()
    for layer in _layers(app.wsgi_app):
        if type(layer).__module__ == "werkzeug.middleware.proxy_fix":
            found["ProxyFix"] = ", ".join(f"{name}={getattr(layer, name)}" for name in _COUNTS if getattr(layer, name, 0))
    for hook in app.after_request_funcs.get(None, []):
        owner = getattr(hook, "__self__", None)
        if type(owner).__name__ == "Talisman":
            found["Talisman"] = {name: getattr(owner, name, None) for name in _TALISMAN}
    return found


def _layers(layer: Any) -> Iterator[Any]:
    seen: set[int] = set()
    while layer is not None and id(layer) not in seen:
        seen.add(id(layer))
        yield layer
        layer = getattr(layer, "app", None)
