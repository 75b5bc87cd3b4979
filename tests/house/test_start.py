"""What the start of a guarded application may not cost, counted instead of timed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.house import graph

COUNTED = """
import dataclasses, json, sys
from fastapi import FastAPI
app = FastAPI()
@app.get("/items/{item}")
async def item(item: int): return {"item": item}
before = set(sys.modules)
generated = []
write = dataclasses._process_class
dataclasses._process_class = lambda cls, *given, **named: generated.append(cls.__qualname__) or write(cls, *given, **named)
import ringwork
ringwork.protect(app, ringwork.Policy())
app.build_middleware_stack()
new = sorted(name for name in set(sys.modules) - before if not name.startswith("ringwork"))
print(json.dumps({"generated": generated, "modules": new}))
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
