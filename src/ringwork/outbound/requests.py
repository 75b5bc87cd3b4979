"""requests sessions that always verify whom they speak to, whatever a single call says.

Against `verify=False`, on the session or in one call, and plain http after a redirect. Source: ASVS 5.0, 12.3.1 to 12.3.4.
"""

from __future__ import annotations

import ssl
import urllib.parse
from typing import TYPE_CHECKING, Any

from ringwork.errors import ExtraMissing
from ringwork.outbound.context import PUBLIC, SECONDS, Trust, client_context, require_encrypted, require_no_switch

if TYPE_CHECKING:
    import requests


_SEND = ("stream", "timeout", "verify", "cert", "proxies")


def session(trust: Trust = PUBLIC) -> requests.Session:
    """A session. Each call waits 10 seconds unless it says otherwise; one that says how to verify raises PeerUnverified."""
    try:
        import requests
    except ImportError as error:
        raise ExtraMissing(feature="a guarded requests session", package="requests", extra="clients") from error
    made = requests.Session()
    made.trust_env = False  # neither another store nor a proxy of the environment, which could be anybody's
    adapter = _adapter(client_context(trust))
    for prefix in ("https://", "http://"):
        made.mount(prefix, adapter)
    return made


def _adapter(context: ssl.SSLContext) -> Any:
    from requests.adapters import HTTPAdapter

    class Verifying(HTTPAdapter):
        """Every connection of its pools has the one context."""

        def init_poolmanager(self, *given: Any, **options: Any) -> None:
            super().init_poolmanager(*given, **{**options, "ssl_context": context})

        def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
            return super().proxy_manager_for(proxy, **{**options, "ssl_context": context})

        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            # The library would load its own store into the context, beside the authority that was named.
            conn.cert_reqs = "CERT_REQUIRED"

        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
            host, pool = super().build_connection_pool_key_attributes(request, verify=True, cert=None)
            return host, {**pool, "ssl_context": context}

        def send(self, request: Any, *given: Any, **options: Any) -> Any:
            # In the order of the library's own signature: stream, timeout, verify, cert, proxies.
            asked = {**dict(zip(_SEND, given, strict=False)), **options}
            require_no_switch(asked.get("verify"), where="requests with verify=")
            require_no_switch(asked.get("cert"), where="requests with cert=")
            parts = urllib.parse.urlsplit(request.url or "")
            require_encrypted(parts.scheme, parts.hostname or "")
            waits = SECONDS if asked.get("timeout") is None else asked["timeout"]
            return super().send(request, **{**asked, "timeout": waits, "verify": True, "cert": None})

    return Verifying()
