"""The guarded clinic for a person to try: `./run clinic`, or `./run clinic --flask`.

Over HTTPS, because the strict cookies are meant for it; on loopback only; with a database that is gone at the end.
"""

from __future__ import annotations

import argparse
import importlib
import os
import socket
import ssl
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvicorn
from werkzeug.serving import WSGIRequestHandler, make_server

from examples.clinic import sample
from ringwork.survey.wire import forge

HOST = "clinic.localhost"
APPLICATIONS = {"fastapi": "examples.clinic.fastapi_app", "flask": "examples.clinic.flask_app"}


def main() -> int:
    """Serve until Ctrl-C. Exit code 2 when the port is taken."""
    asked = _asked()
    if not _is_free(asked.port):
        print(f"port {asked.port} of 127.0.0.1 is in use; choose another: ./run clinic --port {asked.port + 1}", file=sys.stderr)
        return 2
    framework = "flask" if asked.flask else "fastapi"
    with tempfile.TemporaryDirectory(prefix="clinic-") as name:
        folder = Path(name)
        # Read by the clinic when it is imported.
        os.environ["CLINIC_ORIGIN"] = origin = f"https://{HOST}:{asked.port}"
        os.environ["CLINIC_DATABASE"] = str(folder / "clinic.sqlite3")
        certificate, key = _certificate(folder)
        app = importlib.import_module(APPLICATIONS[framework]).app
        _welcome(framework, origin)
        serve = _serve_flask if asked.flask else _serve_fastapi
        serve(app, asked.port, certificate, key)
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run clinic", description="Start the guarded clinic on loopback, over HTTPS.")
    parser.add_argument("--flask", action="store_true", help="the Flask application instead of the FastAPI one")
    parser.add_argument("--port", type=int, default=8443, help="port of 127.0.0.1 (8443)")
    return parser.parse_args()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate_pem, key_pem = forge.make_authority().leaf(names=[HOST, "localhost"])
    # Against other accounts of the machine that read the key: the temporary folder is its owner's alone.
    certificate.write_bytes(certificate_pem)
    key.write_bytes(key_pem)
    return certificate, key


def _welcome(framework: str, origin: str) -> None:
    print(f"The clinic on {framework}, guarded: {origin}")
    print("The certificate was made for this run, so the browser asks once whether you trust it. Ctrl-C ends it and removes its data.\n")
    width = max(len(person.username) for person in sample.PEOPLE)
    for person in sample.PEOPLE:
        print(f"  {person.username:<{width}}  {person.password:<26}  {person.role.value}: {person.name}")
    print(flush=True)


def _serve_fastapi(app: Any, port: int, certificate: Path, key: Path) -> None:
    uvicorn.run(app, host="127.0.0.1", port=port, ssl_certfile=certificate, ssl_keyfile=key, server_header=False, log_level="warning")


class _Handler(WSGIRequestHandler):
    """Werkzeug's own, which neither tells its version to everyone nor prints every request."""

    def version_string(self) -> str:
        """What stands in the Server header."""
        return "clinic"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing; refusals are events."""


def _serve_flask(app: Any, port: int, certificate: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler, ssl_context=context)
    try:
        server.serve_forever()
    finally:
        server.server_close()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
