"""A session whose client asks to negotiate it anew, which Python's own TLS cannot ask for.

Against a server that lets one connection cost it a handshake after the other. Source: RFC 5246, 7.4.1.1; RFC 9325, 3.5.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

from ringwork.survey.wire import hello
from ringwork.survey.wire.connection import TIMEOUT_SECONDS, Place, WireError


def ask(place: Place) -> tuple[bool, str]:
    """Whether a session of TLS 1.2 is negotiated anew when its client asks, and what was seen.

    Raises WireError when there is no connection, ImportError where pyOpenSSL is missing.
    """
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    with hello.open_plain(place) as sock:
        session = SSL.Connection(context, sock)
        session.set_tlsext_host_name(place.server_name.encode("idna"))
        session.set_connect_state()
        try:
            _step(session.do_handshake, sock, SSL)
        except (SSL.Error, OSError) as error:
            return False, f"no session of TLS 1.2 begins ({_words(error)})"
        try:
            session.renegotiate()
            _step(session.do_handshake, sock, SSL)
        except (SSL.Error, OSError) as error:
            return False, f"refused ({_words(error)})"
        if session.total_renegotiations() and not session.renegotiate_pending():
            return True, "the session was negotiated anew"
        return False, "the server went on without it"


def _step(call: Callable[[], object], sock: socket.socket, library: object) -> None:
    """A step of a handshake on a socket that has a deadline, as pyOpenSSL wants it."""
    waits = (library.WantReadError, library.WantWriteError)  # type: ignore[attr-defined]  # the module, imported by the caller
    until = time.monotonic() + TIMEOUT_SECONDS
    while True:
        try:
            call()
        except waits as error:
            left = until - time.monotonic()
            if left <= 0:
                raise WireError(f"no answer within {TIMEOUT_SECONDS:g} seconds") from error
            select.select([sock], [], [], left)
        else:
            return


def _words(error: Exception) -> str:
    """What the library says, its own numbers left out."""
    told = error.args[0] if error.args else ""
    return ", ".join(str(one[-1]) for one in told) if isinstance(told, list) and told else str(error) or type(error).__name__
