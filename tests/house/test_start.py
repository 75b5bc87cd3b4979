"""What the start of a guarded application may not cost, counted instead of timed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house import graph

COUNTED = """
import asyncio, dataclasses, inspect, json, sys
from fastapi import FastAPI
app = FastAPI()
@app.get("/items/{item}")
async def item(item: int): return {"item": item}
before = set(sys.modules)
generated = []
parsed = []
getblock = inspect.getblock
inspect.getblock = lambda lines: parsed.append(lines) or getblock(lines)
write = dataclasses._process_class
dataclasses._process_class = lambda cls, *given, **named: generated.append(cls.__qualname__) or write(cls, *given, **named)
import ringwork
ringwork.protect(app, ringwork.Policy())
asks = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
async def receive(): return next(asks)
async def send(message): assert message["type"].endswith("complete"), message
asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
new = sorted(set(sys.modules) - before)
print(json.dumps({"generated": generated, "modules": new, "parsed": [lines[0] for lines in parsed]}))
"""


@pytest.fixture(scope="module")
def counted() -> dict[str, list[str]]:
    """What a fresh interpreter did between the application and its guard."""
    done = subprocess.run([sys.executable, "-c", COUNTED], cwd=graph.TOP / "docs", check=True, capture_output=True, text=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_generates_no_class_at_start(counted: dict[str, list[str]]) -> None:
    """Records of the run time are `frozen.Frozen`: a generated dataclass costs a millisecond of each start."""
    assert not counted["generated"], counted["generated"]


def test_loads_no_library_that_only_some_policies_need(counted: dict[str, list[str]]) -> None:
    """Parsers and databases are for applications that name a file or a server; the rest does not wait for them."""
    rare = {"difflib", "sqlite3", "tomllib", "ringwork.stores.redis", "ringwork.stores.sqlite"}
    assert not rare.intersection(counted["modules"]), counted["modules"]


def test_reads_no_source_of_handlers(counted: dict[str, list[str]]) -> None:
    """A function knows its line; reading its source at start would cost a tenth of a millisecond for each route."""
    assert not counted["parsed"], counted["parsed"]
