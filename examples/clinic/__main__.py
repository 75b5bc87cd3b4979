"""The guarded clinic for a person to try: `./run clinic`, or `./run clinic --flask`, `--django` or `--aiohttp`.

Over HTTPS, because the strict cookies are meant for it; on loopback only; with a database that is gone at the end.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
from pathlib import Path

from examples.clinic import sample
from ringwork.errors import ServerInvalid
from ringwork.servers import listening
from ringwork.survey.wire import forge

HOST = "clinic.localhost"
APPLICATIONS = {
    "fastapi": ("examples.clinic.fastapi_app", "ringwork.servers.uvicorn"),
    "flask": ("examples.clinic.flask_app", "ringwork.servers.gunicorn"),
    "django": ("examples.clinic.django_app", "ringwork.servers.gunicorn"),
    "aiohttp": ("examples.clinic.aiohttp_app", "ringwork.servers.aiohttp"),
}
"""Module of the application, and of the server that it is served with."""


def main() -> int:
    """Serve until Ctrl-C. Exit code 2 when the port is taken."""
    asked = _asked()
    framework = asked.framework
    with tempfile.TemporaryDirectory(prefix="clinic-") as name:
        folder = Path(name)
        # Read by the clinic when it is imported.
        os.environ["CLINIC_ORIGIN"] = origin = f"https://{HOST}:{asked.port}"
        os.environ["CLINIC_DATABASE"] = str(folder / "clinic.sqlite3")
        certificate, key = _certificate(folder)
        settings = listening.ServerSettings(port=asked.port, certificate=str(certificate), key=str(key), stop_seconds=1)
        try:
            with listening.bound(settings) as sock:
                module, server = (importlib.import_module(name) for name in APPLICATIONS[framework])
                _welcome(framework, origin)
                server.serve(module.app, settings, sock)
        except ServerInvalid as error:
            print(f"./run clinic: {error}", file=sys.stderr)
            return 2
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run clinic", description="Start the guarded clinic on loopback, over HTTPS.")
    chosen = parser.add_mutually_exclusive_group()
    for framework, name in (("flask", "Flask"), ("django", "Django"), ("aiohttp", "aiohttp")):
        told = f"the {name} application instead of the FastAPI one"
        chosen.add_argument(f"--{framework}", dest="framework", action="store_const", const=framework, default="fastapi", help=told)
    parser.add_argument("--port", type=int, default=8443, help="port of 127.0.0.1 (8443)")
    return parser.parse_args()


def _certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate_pem, key_pem = forge.make_authority().leaf(names=[HOST, "localhost"])
    # Against other accounts of the machine that read the key: the temporary folder is its owner's alone.
    certificate.write_bytes(certificate_pem)
    key.touch(mode=0o600)
    key.write_bytes(key_pem)
    return certificate, key


def _welcome(framework: str, origin: str) -> None:
    print(f"The clinic on {framework}, guarded: {origin}")
    print("The certificate was made for this run, so the browser asks once whether you trust it. Ctrl-C ends it and removes its data.\n")
    width = max(len(person.username) for person in sample.PEOPLE)
    for person in sample.PEOPLE:
        print(f"  {person.username:<{width}}  {person.password:<26}  {person.role.value}: {person.name}")
    print(flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
