"""The watch over every client of this process: one that would take any certificate is refused at its handshake.

Against `verify=False` in a library that nobody looked at. What is refused and excepted is said by
enforce/transport/certificate_verification.py; this file alone reaches into the standard library, since nothing else sees each client.
"""

from __future__ import annotations

import ipaddress
import ssl
import sys
import weakref
from collections.abc import Callable
from typing import Any

from ringwork.enforce.guard import Refusal
from ringwork.enforce.transport.certificate_verification import CONTROL, CertificateVerificationReason, CertificateVerificationSettings
from ringwork.outbound.refused import CertificateRefused

_VERIFIES_BY_ITSELF = "truststore"
"""A library that asks the system's own verifier after the handshake, and therefore takes any certificate during it."""


class Watch:
    """What one application asks of every client in its process, for as long as somebody keeps it."""

    __slots__ = ("hosts", "observing", "tell", "__weakref__")

    def __init__(self, settings: CertificateVerificationSettings, *, observing: bool, tell: Callable[[Refusal], None]) -> None:
        self.hosts = frozenset(one.host.lower() for one in settings.exceptions)
        self.observing, self.tell = observing, tell


_WATCHES: weakref.WeakSet[Watch] = weakref.WeakSet()
_REAL: dict[str, Any] = {}


def watch(settings: CertificateVerificationSettings, *, observing: bool, tell: Callable[[Refusal], None]) -> Watch:
    """From now on, while the result is kept, refuse every client of this process that would take any certificate.

    observing: only tell. tell: gets each refusal. Loopback names and addresses are left alone: there is no path to stand in.
    """
    made = Watch(settings, observing=observing, tell=tell)
    _WATCHES.add(made)
    if not _REAL:
        _REAL.update(wrap_socket=ssl.SSLContext.wrap_socket, wrap_bio=ssl.SSLContext.wrap_bio)
        ssl.SSLContext.wrap_socket = _wrap_socket  # type: ignore[method-assign]
        ssl.SSLContext.wrap_bio = _wrap_bio  # type: ignore[method-assign]
    return made


def _wrap_socket(
    self: ssl.SSLContext,
    sock: Any,
    server_side: bool = False,  # noqa: FBT001, FBT002  # the signature is the standard library's
    do_handshake_on_connect: bool = True,  # noqa: FBT001, FBT002
    suppress_ragged_eofs: bool = True,  # noqa: FBT001, FBT002
    server_hostname: Any = None,
    session: Any = None,
) -> Any:
    refusal = _refusal(self, server_hostname, sock) if not server_side and _takes_anybody(self) else None
    if refusal is not None:
        sock.close()  # a handshake that fails takes its connection with it
        raise refusal
    return _REAL["wrap_socket"](self, sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, server_hostname, session)


def _wrap_bio(
    self: ssl.SSLContext,
    incoming: Any,
    outgoing: Any,
    server_side: bool = False,  # noqa: FBT001, FBT002  # the signature is the standard library's
    server_hostname: Any = None,
    session: Any = None,
) -> Any:
    refusal = _refusal(self, server_hostname, None) if not server_side and _takes_anybody(self) else None
    made = _REAL["wrap_bio"](self, incoming, outgoing, server_side, server_hostname, session)
    if refusal is not None:
        # Raised when the handshake begins, where loops expect a failure and close the connection. Reading and writing would begin it too.
        for name in ("do_handshake", "read", "write", "unwrap"):
            setattr(made, name, _raising(refusal))
    return made


def _raising(refusal: CertificateRefused) -> Callable[..., Any]:
    def refused(*given: Any, **more: Any) -> Any:
        raise refusal

    return refused


def _takes_anybody(context: ssl.SSLContext) -> bool:
    # Against a certificate that is good for another name: without the name's check, every owner of any certificate is the peer.
    return context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname


def _refusal(context: ssl.SSLContext, server_hostname: Any, sock: Any) -> CertificateRefused | None:
    """What a client that takes any certificate is refused with; None where every application of this process excepts its peer."""
    peer = _peer(server_hostname, sock)
    if _is_local(peer) or sys._getframe(2).f_globals.get("__name__", "").partition(".")[0] == _VERIFIES_BY_ITSELF:  # noqa: SLF001
        return None
    missing = "its certificate" if context.verify_mode is not ssl.CERT_REQUIRED else "the name in its certificate"
    for one in list(_WATCHES):
        if peer in one.hosts:
            continue
        detail = (
            f"a client was about to speak to {peer or 'a peer without a name'} without verifying {missing}; take verify=False and its "
            f'like out, trust a private authority by its file, or write exceptions = [{{host = "{peer}", reason = "..."}}]'
        )
        one.tell(Refusal(control=CONTROL, status=502, reason=CertificateVerificationReason.UNVERIFIED_PEER.value, detail=detail))
        if not one.observing:
            return CertificateRefused(f"{CONTROL}: {detail}")
    return None


def _peer(server_hostname: Any, sock: Any) -> str:
    if isinstance(server_hostname, bytes):
        return server_hostname.decode("ascii", "replace").lower()
    if server_hostname:
        return str(server_hostname).lower()
    try:
        address = sock.getpeername()
    except (AttributeError, OSError):
        return ""
    return str(address[0]) if isinstance(address, tuple) else "localhost"  # a Unix socket leads nowhere else


def _is_local(peer: str) -> bool:
    if peer == "localhost" or peer.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(peer.strip("[]")).is_loopback
    except ValueError:
        return False
