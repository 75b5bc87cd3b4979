"""What servers share: handshakes that end in time, starts that fail, and the application being told about the client's certificate.

Against connections that never finish their handshake, an application that is served although it refused to start, and a name in a
certificate that forges another part of itself. Source: ASGI TLS extension 0.2; RFC 4514, 2.4.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]

_VERSIONS = {"TLSv1.2": 0x0303, "TLSv1.3": 0x0304}


class PatientLoop(asyncio.SelectorEventLoop):
    """asyncio's loop, which also ends handshakes that are never finished. seconds: how long one may take."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def create_server(self, *args: Any, ssl: Any = None, **more: Any) -> Any:
        """As asyncio's own."""
        # Against connections that never finish their handshake: asyncio waits a minute for each.
        patience = {"ssl_handshake_timeout": self.seconds, "ssl_shutdown_timeout": self.seconds} if ssl else {}
        return await super().create_server(*args, ssl=ssl, **{**more, **patience})


class StartedOrNot:
    """An application whose refusal to start is one: hypercorn and granian serve on without what failed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any, *_: Any) -> None:
        """As the application; what its start raises is told to the server as a failed start."""
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        is_told = False

        async def noted(message: Scope) -> None:
            nonlocal is_told
            is_told = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            # Against a production that runs without the guard which refused it.
            if not is_told:
                await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            raise


def with_tls(app: Any, transport: asyncio.BaseTransport | asyncio.StreamWriter) -> Any:
    """The application with `scope["extensions"]["tls"]` as the ASGI TLS extension describes it; as it is where no TLS is spoken.

    client_cert_chain: PEM texts, the client's own first; only certificates that the handshake has verified are there.
    """
    spoken = transport.get_extra_info("ssl_object")
    if spoken is None:
        return app
    told = extension(spoken)

    async def certified(scope: Scope, *more: Any) -> None:
        scope.setdefault("extensions", {})["tls"] = told
        await app(scope, *more)

    return certified


def extension(spoken: ssl.SSLObject) -> dict[str, Any]:
    """What the ASGI TLS extension tells of a connection whose handshake is over."""
    der = spoken.getpeercert(binary_form=True)
    cipher = spoken.cipher()
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(der)] if der else [],
        "client_cert_name": _name(spoken.getpeercert() or {}) if der else None,
        "client_cert_error": None,
        "tls_version": _VERSIONS.get(spoken.version() or ""),
        "cipher_suite": None,
        "cipher_name": cipher[0] if cipher else None,
    }


def _name(certificate: Any) -> str:
    """The subject as RFC 4514 writes it, most specific part first."""
    parts = [f"{_SHORT.get(key, key)}={_escaped(value)}" for part in certificate.get("subject", ()) for key, value in part]
    return ",".join(reversed(parts))


_SHORT = {
    "commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C", "stateOrProvinceName": "ST",
    "localityName": "L", "domainComponent": "DC", "userId": "UID",
}  # fmt: skip


def _escaped(value: str) -> str:
    # Against a name that holds ",CN=administrator": what separates parts is escaped inside of one.
    out = "".join(f"\\{letter}" if letter in ',+"\\<>;=' else letter for letter in value)
    return f"\\{out}" if out[:1] in {"#", " "} else out
