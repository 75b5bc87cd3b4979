"""Two workers of one server count together, through a real Redis with a password over TLS; without it they do not."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.servers import running
from tests.stores import redis_server

pytestmark = pytest.mark.real

FEW, ASKED = 12, 40
ASGI = """
from fastapi import FastAPI
app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
"""
WSGI = """
from flask import Flask
app = Flask(__name__, static_folder=None)
"""
REST = """
import os
from ringwork import Policy, protect, public, rate_limited
from ringwork.enforce.network.rate_limiting import RateClass, RateLimitingSettings

@app.get("/")
@rate_limited("few")
@public("counted")
def counted():
    return {"counted": True}

@app.get("/worker")
@public("who answers")
def worker():
    return {"worker": os.getpid()}

few = RateClass(name="few", by_address=("12 per 10 minutes",))
protect(app, Policy(origin="https://localhost", store=os.environ["SHARED"], rate_limiting=RateLimitingSettings(classes=(few,))))
"""


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis_server.Server]:
    """A server of Debian's for each test: applications of the same origin share their limits, and so would the two here."""
    assert redis_server.is_installed(), "redis-server is missing: ./run setup-system"
    with redis_server.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.mark.parametrize("text", [ASGI, WSGI], ids=["uvicorn", "gunicorn"])
def test_workers_grant_together_what_one_would(text: str, redis: redis_server.Server, tmp_path: Path) -> None:
    """Exactly the limit is granted, whichever worker is asked, and the rest is told to wait."""
    (tmp_path / "shared_shop.py").write_text(text + REST, encoding="utf-8")
    papers = running.make_papers(tmp_path)
    environment = {
        "SHARED": redis.url,
        "RINGWORK_MODE": "production",
        "RINGWORK_KEY": base64.b64encode(os.urandom(32)).decode(),
    }
    started = running.started("shared_shop:app", "--workers", "2", papers=papers, folder=tmp_path, **environment)
    with started as server, ThreadPoolExecutor(8) as pool:
        running.wait_for(lambda: len({*pool.map(lambda _: server.get("/worker").rpartition(b"\r\n\r\n")[2], range(16))}) == 2)
        answers = list(pool.map(lambda _: server.get("/"), range(ASKED)))
    granted = [answer for answer in answers if answer.startswith(b"HTTP/1.1 200")]
    refused = [answer for answer in answers if answer.startswith(b"HTTP/1.1 429")]
    assert (len(granted), len(refused)) == (FEW, ASKED - FEW), answers[0][:400]
    assert all(b"retry-after:" in answer.lower() for answer in refused)
