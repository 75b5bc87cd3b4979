"""`ringwork prove` on an application of which `only` guards a part: everything that is left out is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringwork import pipeline

APP = """
from fastapi import FastAPI
from ringwork import protect

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.get("/")
def home(): return {}

protect(app, only=["browser.security-headers"])
"""


@pytest.mark.slow
def test_names_every_guard_that_only_leaves_out(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report lists them all, and the terminal at least one of each layer, however many they are."""
    (tmp_path / "shop.py").write_text(APP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ended = run("prove", "shop:app", "--quick")
    left_out = json.loads((tmp_path / ".ringwork" / "report.json").read_text(encoding="utf-8"))["unenforced"]
    guards = {str(guard.control) for guard in pipeline.ORDER} - {"browser.security-headers"}
    assert guards - set(left_out) <= {"output.fail-closed"}, "what the pipeline itself is, no `only` leaves out"
    assert "browser.security-headers" not in left_out
    told = " ".join(ended.text.partition("Not enforced")[2].split())
    for layer in {control.partition(".")[0] for control in left_out}:
        first = next(control for control in left_out if control.startswith(f"{layer}."))
        assert f"{layer} {first.partition('.')[2]}" in told
