"""A request that shows a client certificate, or none: one handshake, one answer."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ringwork.survey.wire import connection, hello
from ringwork.survey.wire.client import Answer
from ringwork.survey.wire.connection import Place, WireError

Papers = tuple[bytes, bytes]
"""Certificate and key, both PEM."""


def get(place: Place, host: str, path: str, papers: Papers | None, *, headers: Sequence[tuple[str, str]] = ()) -> Answer:
    """The answer to one GET over a connection of its own. Raises WireError when the server lets no session begin, or ends it."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Accept: application/json", *(f"{name}: {value}" for name, value in headers)]
    request = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    with hello.open_plain(place) as plain:
        try:
            sock = _context(place, papers).wrap_socket(plain, server_hostname=place.server_name)
        except OSError as error:
            raise WireError(f"the handshake was refused: {error}") from error
        with sock:
            # With TLS 1.3 a server refuses a certificate when its client takes the session for begun: the first read tells.
            found = connection.exchange(sock, request, method="GET")
    return Answer(
        status=found.status,
        reason=found.reason,
        http_version=found.version,
        headers=found.headers,
        body=found.body,
        request=request,
        answer=found.raw,
    )


def _context(place: Place, papers: Papers | None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(cadata=(place.ca_pem or b"").decode("ascii"))
    if papers is not None:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("certificate.pem", "key.pem")]
            for file, data in zip(files, papers, strict=True):
                file.touch(mode=0o600)
                file.write_bytes(data)
            made.load_cert_chain(files[0], files[1])
    return made
