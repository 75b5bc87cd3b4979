"""What the start of a guarded application may not cost, counted instead of timed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.house import graph

COUNTED = """
import asyncio, dataclasses, enum, gc, inspect, json, re, sys
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
sets, make_set = [], enum.EnumType.__new__
enum.EnumType.__new__ = lambda *given, **named: sets.append((given[3]["__module__"], given[1])) or make_set(*given, **named)
rested, collected = [], []
threshold = gc.set_threshold
gc.set_threshold = lambda *given: rested.append(given) or threshold(*given)
before_import = gc.get_threshold()
import ringwork
from ringwork import *
rested_at_import = list(rested)
guards = sorted(name for name in sys.modules if name.startswith("ringwork.enforce.") and name.count(".") == 3)
policy = ringwork.Policy()
gc.callbacks.append(lambda phase, told: collected.extend([phase] if phase == "start" else []))
ringwork.protect(app, policy)
gc.callbacks.clear()
after = gc.get_threshold()
asks = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
async def receive(): return next(asks)
async def send(message): assert message["type"].endswith("complete"), message
asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
new = sorted(set(sys.modules) - before)
sets = sorted(name for module, name in sets if module.split(".")[0] == "ringwork")
ours = [name for name in new if name.split(".")[0] == "ringwork"]
patterns = sorted(f"{name}.{word}" for name in ours for word, value in vars(sys.modules[name]).items() if isinstance(value, re.Pattern))
print(json.dumps({"generated": generated, "sets": sets, "patterns": patterns, "modules": new, "parsed": [lines[0] for lines in parsed],
    "rested_at_import": rested_at_import, "rested": rested, "guards": guards, "collected": collected,
    "thresholds": [before_import, after]}))
"""


@pytest.fixture(scope="module")
def counted() -> dict[str, list[Any]]:
    """What a fresh interpreter did between the application and its guard."""
    done = subprocess.run([sys.executable, "-c", COUNTED], cwd=graph.TOP / "docs", check=True, capture_output=True, text=True)
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


def test_generates_no_class_at_start(counted: dict[str, list[Any]]) -> None:
    """Records of the run time are `frozen.Frozen`: a generated dataclass costs a millisecond of each start."""
    assert not counted["generated"], counted["generated"]


def test_makes_no_enum_at_start_but_those_that_applications_are_given(counted: dict[str, list[Any]]) -> None:
    """Every guard has a set of reasons, `words.Words`: as an enum it costs a tenth of a millisecond of each start."""
    assert counted["sets"] == ["Mode", "Via"]


def test_compiles_no_pattern_before_it_is_used(counted: dict[str, list[Any]]) -> None:
    """A pattern costs a tenth of a millisecond to half of one: what is read at start keeps it as text, and `re` keeps what was used."""
    assert not counted["patterns"], counted["patterns"]


def test_loads_no_library_that_only_some_policies_need(counted: dict[str, list[Any]]) -> None:
    """Parsers and databases are for applications that name a file or a server; the rest does not wait for them."""
    rare = {"difflib", "queue", "sqlite3", "tomllib", "ringwork.stores.redis", "ringwork.stores.sqlite"}
    assert not rare.intersection(counted["modules"]), counted["modules"]


def test_loads_nothing_of_ours_that_only_some_policies_need(counted: dict[str, list[Any]]) -> None:
    """Signed messages, certificates and ways to tell who is asking are read when a policy or a route has them."""
    rare = {"crypto.certificates", "crypto.links", "crypto.webhooks", "frameworks.deadline", "identify"}
    assert not rare.intersection(name.removeprefix("ringwork.") for name in counted["modules"]), counted["modules"]


def test_reads_no_source_of_handlers(counted: dict[str, list[Any]]) -> None:
    """A function knows its line; reading its source at start would cost a tenth of a millisecond for each route."""
    assert not counted["parsed"], counted["parsed"]


def test_importing_loads_no_guard_but_the_one_whose_function_it_offers(counted: dict[str, list[Any]]) -> None:
    """Guards are read by the call that guards; of all of them only open_redirect offers something to applications, `safe_path`."""
    assert counted["guards"] == ["ringwork.enforce.browser.open_redirect"]


def test_importing_leaves_the_collector_to_its_host(counted: dict[str, list[Any]]) -> None:
    """Law 8: neither `import ringwork` nor taking every name out of it does anything; only calls may rest the collector."""
    assert not counted["rested_at_import"], counted["rested_at_import"]


def test_guards_without_a_collection_and_leaves_the_collector_as_it_was(counted: dict[str, list[Any]]) -> None:
    """One run through the objects of the application costs more than all else at start; what is made here stays and needs none."""
    assert counted["rested"]
    assert len(counted["collected"]) <= 1, "what was due is done once, when the rest is over"
    assert counted["thresholds"][0] == counted["thresholds"][1]
