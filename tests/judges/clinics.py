"""The clinics as the judges meet them: `ringwork serve` over TLS on loopback, with the events in a file."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from examples.clinic import sample
from tests.servers import running

PASSWORDS = {person.username: person.password for person in sample.PEOPLE}
PATIENCE = 60.0


def each(*frameworks: str) -> list[Any]:
    """Parameters for the clinics of these frameworks. One clinic for each worker: its tests stay together."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(f"judges-{name}")) for name in frameworks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A served application. origin: scheme, host and port. authority: the certificate to trust, PEM. told: the file of its stderr."""

    framework: str
    origin: str
    authority: Path
    told: Path

    @property
    def place(self) -> str:
        """Host and port."""
        return self.origin.removeprefix("https://")

    @contextlib.contextmanager
    def visitor(self, username: str = "") -> Iterator[httpx2.Client]:
        """A client as a browser of this site would send; signed in when a person is named."""
        trust = ssl.create_default_context(cafile=str(self.authority))
        headers = {"origin": self.origin, "sec-fetch-site": "same-origin", "accept": "text/html"}
        with httpx2.Client(base_url=self.origin, verify=trust, headers=headers, timeout=PATIENCE) as client:
            if username:
                answer = client.post("/api/login", json={"username": username, "password": PASSWORDS[username]})
                assert answer.status_code == 200, answer.text
            yield client

    def cookie(self, username: str) -> str:
        """The Cookie header of a signed-in person."""
        with self.visitor(username) as client:
            return "; ".join(f"{name}={value}" for name, value in client.cookies.items())

    def events(self, word: str) -> list[dict[str, object]]:
        """What the application has told of events whose control or reason holds the word."""
        lines = [line for line in self.told.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if word in f"{event.get('control')} {event.get('reason')} {event.get('event')}"]


@contextlib.contextmanager
def clinic(framework: str, folder: Path) -> Iterator[Site]:
    """The guarded clinic, with a database of its own."""
    with serving(f"examples.clinic.{framework}_app:app", folder, framework=framework) as site:
        yield site


@contextlib.contextmanager
def serving(target: str, folder: Path, *words: str, framework: str = "") -> Iterator[Site]:
    """`ringwork serve TARGET words` over TLS, ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    papers, port = running.make_papers(folder), running.free_port()
    site = Site(framework=framework, origin=f"https://localhost:{port}", authority=papers.authority, told=folder / "told.txt")
    settings = {"CLINIC_ORIGIN": site.origin, "CLINIC_DATABASE": str(folder / "clinic.sqlite3"), "PYTHONPATH": str(running.ROOT)}
    tls = ("--certificate", str(papers.certificate), "--key", str(papers.key), "--port", str(port))
    start = "from ringwork.cli.main import main; raise SystemExit(main())"
    # Its words go to a file: judges provoke thousands of events, and a full pipe would stop the server.
    with site.told.open("w", encoding="utf-8") as told:
        process = subprocess.Popen(
            [sys.executable, "-c", start, "serve", target, *words, *tls],
            cwd=running.ROOT, env={**os.environ, **settings}, stdout=told, stderr=told,
        )  # fmt: skip
        try:
            _wait(process, port, site.told)
            yield site
        finally:
            for child in running.children(process.pid) if process.poll() is None else ():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, told: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not _answers(port):
        assert process.poll() is None, told.read_text(encoding="utf-8")
        assert time.monotonic() < end, "the server never listened"
        time.sleep(0.02)


def _answers(port: int) -> bool:
    with running.socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def token_of(html: str, action: str) -> str:
    """The token of the form of a page that is sent to `action`."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', html, re.DOTALL)
    assert form is not None, f"no form to {action}"
    found = re.search(r'name="csrf_token" value="([^"]+)"', form[1])
    assert found is not None, form[1]
    return found[1]
