"""A server of WSGI that a test can count: it hands over what gunicorn would and closes what it was given."""

from __future__ import annotations

import io
import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from tests.frameworks.clients.replies import BARE, NOTHING, Reply, Sending

LOGGER = logging.getLogger(__name__)


class Client:
    """Asks one application in this thread."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def ask(self, sent: Sending) -> Reply:
        """One request through the whole stack."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            started.append((status, headers))
            return lambda piece: None

        pieces: list[bytes] = []
        try:
            ends = self._read(self.app(environ_of(sent), start_response), pieces, sent.hears)
        except Exception:  # noqa: BLE001  # as a server: whatever it is, it is logged and the next request is served
            LOGGER.warning("the application raised through to its server: %s", traceback.format_exc())
            if not started:
                return BARE
            ends = False
        if not started:
            return NOTHING
        status, headers = started[-1]
        # As every server: the answer to HEAD has no body, whatever the application sends.
        return Reply(int(status[:3]), headers, b"" if sent.method == "HEAD" else b"".join(pieces), ends=ends)

    @staticmethod
    def _read(answer: Any, pieces: list[bytes], hears: int) -> bool:
        """Whether the answer was read to its end; it is closed in any case, as PEP 3333 asks."""
        try:
            for piece in answer:
                pieces.append(piece)
                if hears and sum(map(bool, pieces)) >= hears:
                    return False
        finally:
            if hasattr(answer, "close"):
                answer.close()
        return True

    def knock(self, sent: Sending) -> Reply:
        """A handshake is to WSGI a GET with an Upgrade header."""
        asked = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "AA=="))
        return self.ask(Sending("GET", sent.target, (*sent.headers, *asked), None, sent.scheme, sent.peer))

    def close(self) -> None:
        """Nothing is kept open."""


def environ_of(sent: Sending) -> dict[str, Any]:
    """The environ of one request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": sent.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(sent.path).decode("latin-1"),
        "QUERY_STRING": sent.query,
        "RAW_URI": sent.target,
        "SERVER_NAME": "clinic.example",
        "SERVER_PORT": "443" if sent.scheme == "https" else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": sent.peer,
        "REMOTE_PORT": "50000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": sent.scheme,
        "wsgi.input": io.BytesIO(b"".join(sent.pieces or ())),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in sent.headers:
        key = name.upper().replace("-", "_")
        key = key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    if sent.named("transfer-encoding") is not None:
        environ["wsgi.input_terminated"] = True
    return environ
