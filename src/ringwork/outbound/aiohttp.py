"""aiohttp sessions that always verify whom they speak to, whatever a single call says.

Against `ssl=False`, on the connector or in one call, and plain http after a redirect. Source: ASVS 5.0, 12.3.1 to 12.3.4.
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from ringwork.errors import ExtraMissing
from ringwork.outbound.context import PUBLIC, SECONDS, Trust, client_context, require_encrypted, require_no_switch

if TYPE_CHECKING:
    import aiohttp


def session(trust: Trust = PUBLIC, **options: Any) -> aiohttp.ClientSession:
    """A session, made inside a running loop; `options` as aiohttp.ClientSession takes them, apart from the connector.

    Raises PeerUnverified for a connector of the caller's own, and in calls that say how to verify.
    """
    try:
        import aiohttp
    except ImportError as error:
        raise ExtraMissing(feature="a guarded aiohttp session", package="aiohttp", extra="aiohttp") from error
    require_no_switch(options.pop("connector", None), where="aiohttp with connector=")
    given = {"timeout": aiohttp.ClientTimeout(total=SECONDS), **options, "trust_env": False}
    return aiohttp.ClientSession(connector=_connector(client_context(trust)), **given)


def _connector(context: ssl.SSLContext) -> Any:
    from aiohttp import TCPConnector

    class Verifying(TCPConnector):
        """Every connection has the one context; a request that brings another way is refused."""

        async def connect(self, req: Any, *given: Any, **options: Any) -> Any:
            # Also after a redirect: each hop asks for a connection of its own.
            require_no_switch(req.ssl, where="aiohttp with ssl=")
            require_encrypted(req.url.scheme, req.url.host or "")
            return await super().connect(req, *given, **options)

    return Verifying(ssl=context)
