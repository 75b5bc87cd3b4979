"""`waive(...)` on a handler, its class or its router: the proof tells the violation as accepted, until its day."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SOON = (datetime.datetime.now(tz=datetime.UTC).date() + datetime.timedelta(days=30)).isoformat()
GONE = "2020-01-31"
CHECK = "access.deny-by-default/policy-coverage"

FASTAPI = """
from fastapi import FastAPI
from ringwork import waive

app = FastAPI(openapi_url=None)

@app.get("/admin/users")
{mark}
def users():
    return [{{"id": 1, "email": "anna@clinic.example"}}]
"""

FLASK = """
from flask import Flask
from flask.views import MethodView
from ringwork import waive

app = Flask(__name__, static_folder=None)

class Users(MethodView):
    {mark}

    def get(self):
        return [{{"id": 1, "email": "anna@clinic.example"}}]

app.add_url_rule("/admin/users", view_func=Users.as_view("users"))
"""


def waived(control: str = "access.deny-by-default", until: str = SOON) -> str:
    return f'waive("{control}", reason="the office alone reaches it", owner="anna", until="{until}")'


@pytest.fixture
def proved(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[Any, Any]]:
    """How a run on this module ends, and its report."""
    monkeypatch.chdir(tmp_path)

    def _proved(text: str) -> tuple[Any, Any]:
        (tmp_path / "shop.py").write_text(text, encoding="utf-8")
        ended = run("prove", "shop.py", "-q", "--quick", "--select", CHECK)
        stored = tmp_path / ".ringwork" / "report.json"
        return ended, json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else None

    return _proved


def test_is_violated_where_nobody_accepts_it(proved: Callable[[str], tuple[Any, Any]]) -> None:
    """The hole without a mark, so that its acceptance means something."""
    ended, report = proved(FASTAPI.format(mark="# nothing"))
    assert ended.code == 1
    assert [one["verdict"] for one in report["findings"]] == ["violated"]


@pytest.mark.parametrize("text", [FASTAPI.format(mark=f"@{waived()}"), FLASK.format(mark=f"ringwork_rule = {waived()}")])
def test_accepts_a_violation_on_what_it_marks(proved: Callable[[str], tuple[Any, Any]], text: str) -> None:
    """As a decorator and as a class's attribute; it is listed beside the waivers of policy and comments."""
    ended, report = proved(text)
    assert ended.code == 0, ended.text
    assert [one["verdict"] for one in report["findings"]] == ["accepted"]
    (one,) = report["waived"]
    assert (one["source"], one["state"], one["route"], one["owner"]) == ("mark", "used", "GET /admin/users", "anna")
    assert one["file"] == "shop.py"


def test_accepts_no_other_control(proved: Callable[[str], tuple[Any, Any]]) -> None:
    """A word about something else opens nothing."""
    ended, report = proved(FASTAPI.format(mark=f"@{waived('browser.csrf')}"))
    assert ended.code == 1
    assert [one["verdict"] for one in report["findings"]] == ["violated"]


def test_covers_nothing_after_its_day(proved: Callable[[str], tuple[Any, Any]]) -> None:
    """Against an exception that outlives its reason: the run fails until somebody renews it."""
    ended, report = proved(FASTAPI.format(mark=f"@{waived(until=GONE)}"))
    assert ended.code == 1
    assert [one["state"] for one in report["waived"]] == ["expired"]


@pytest.mark.parametrize(
    ("mark", "said"),
    [(waived("browser.crsf"), "did you mean browser.csrf?"), (waived(until="2999-01-31"), "180 days")],
)
def test_ends_the_run_for_one_that_is_not_whole(proved: Callable[[str], tuple[Any, Any]], mark: str, said: str) -> None:
    """An unknown control accepts nothing, and a day too far ahead is no day; file and line are told."""
    ended, _ = proved(FASTAPI.format(mark=f"@{mark}"))
    assert ended.code == 2
    told = " ".join((ended.text + ended.err).split())
    assert said in told
    assert "shop.py:" in told
