"""Addresses without encryption: told for hosts of the open net, whichever client asks, and not for the own machine or a private network."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.taint import cleartext
from ringwork.survey.taint.analysis import analyse


def found(folder: Path, text: str) -> list[tuple[str, str]]:
    """Kind and strength of what is told of one module."""
    (folder / "app.py").write_text(text, encoding="utf-8")
    return [(flow.kind, flow.strength.value) for flow in analyse(folder).flows if flow.kind == "cleartext"]


@pytest.mark.parametrize(
    "call",
    [
        "import requests\nrequests.get({}, timeout=3)\n",
        "import requests\nwith requests.Session() as session:\n    session.post({}, timeout=3)\n",
        "import httpx\nhttpx.get({}, timeout=3)\n",
        "from urllib.request import urlopen\nurlopen({}, timeout=3)\n",
        "from urllib.request import Request\nRequest({})\n",
        "import requests\nWHERE = {}\ndef ask(name):\n    return requests.get(WHERE + name, timeout=3)\n",
        "import requests\ndef ask(url={}):\n    return requests.get(url, timeout=3)\n",
    ],
)
def test_tells_a_public_address_without_encryption(tmp_path: Path, call: str) -> None:
    """Against whoever sits on the way: what is asked and answered in clear can be read and changed."""
    assert found(tmp_path, call.format("'http://rates.example.org/today?of='")) == [("cleartext", "strong")]
    assert found(tmp_path, call.format("'https://rates.example.org/today?of='")) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/",
        "http://127.0.0.1/",
        "http://10.1.2.3:9000/x",
        "http://192.168.0.4/",
        "http://169.254.169.254/latest/",
        "http://web:8000/health",
        "http://redis.svc.cluster.local/",
        "http://printer.lan",
        "notes/http://rates.example.org/",
    ],
)
def test_passes_over_the_own_machine_and_private_networks(url: str) -> None:
    """What does not leave the house is not told."""
    assert not cleartext.is_open(url)


@pytest.mark.parametrize(
    "url", ["http://rates.example.org", "ftp://files.example.org/a", "HTTP://user@rates.example.org:80/", "ws://feed.example.org/x"]
)
def test_knows_open_schemes_however_they_are_written(url: str) -> None:
    """Upper case, a user and a port change nothing."""
    assert cleartext.is_open(url)
