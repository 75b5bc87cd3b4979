"""The proof of output.debug-disabled: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.output import debug_disabled
from ringwork.survey.facts import AppFacts, RouteFacts
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("output.debug-disabled")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


# -- what the look at settings finds, and what it leaves alone --------------------------------------------------


class Looking:
    """A stage for looks: facts and nothing else."""

    def __init__(self, root: Path, **settings: object) -> None:
        plain = RouteFacts(kind="http", path="/notes", methods=("GET",), handler="notes")
        self.facts = AppFacts(
            target="shop:app", framework="flask", framework_version="3", root=str(root), routes=(plain,), settings=settings
        )


def looked(root: Path, **settings: object) -> list[str]:
    """Where the look found debugging; [] when it holds."""
    evidence = debug_disabled.debug_settings(Looking(root, **settings))  # type: ignore[arg-type]  # looks read facts only
    broken = [o.where for o in evidence.observations if o.outcome is Outcome.BROKEN]
    assert broken or judge.first_verdict(evidence) is Verdict.PROVEN
    return broken


@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ({"DEBUG": True, "debugging": ["app.debug"]}, ["DEBUG"]),
        ({"debug": True, "debugging": ["app.debug", "DebugToolbarMiddleware"]}, ["debug", "DebugToolbarMiddleware"]),
        ({"TESTING": True}, ["TESTING"]),
        ({"PROPAGATE_EXCEPTIONS": None, "DEBUG": False, "debugging": []}, []),
        ({"debugging": ["/_debug_toolbar/{name}"]}, ["/_debug_toolbar/{name}"]),
    ],
)
def test_names_each_switch_that_is_on_once(settings: dict[str, object], places: list[str], tmp_path: Path) -> None:
    """Switches, layers and routes of tools are violations by name; what is off or unset is none."""
    assert looked(tmp_path, **settings) == places


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", "FROM python\nENV FLASK_DEBUG=1\n"),
        ("Dockerfile", 'CMD ["uvicorn", "main:app", "--reload"]\n'),
        ("Dockerfile", 'CMD ["fastapi", "dev", "main.py"]\n'),
        ("compose.yml", "    environment:\n      FLASK_DEBUG: 'true'\n"),
        ("docker-compose.yml", "    command: gunicorn --reload app:app\n"),
        ("Procfile", "web: flask --app shop run --debug\n"),
        (".flaskenv", "FLASK_ENV=development\n"),
    ],
)
def test_finds_debugging_in_what_starts_the_application(name: str, text: str, tmp_path: Path) -> None:
    """An image that starts a reloader is a production with one."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert looked(tmp_path) == [name]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dockerfile", "FROM python\nENV FLASK_DEBUG=0\nCMD gunicorn app:app\n"),
        ("Dockerfile", "# on your own machine: uvicorn main:app --reload\nCMD uvicorn main:app\n"),
        ("Procfile", "web: gunicorn shop:app --workers 4\n"),
        ("notes.txt", "FLASK_DEBUG=1\n"),
    ],
)
def test_finds_no_debugging_where_none_is_started(name: str, text: str, tmp_path: Path) -> None:
    """A comment, a switch that is off, and a file that starts nothing are no violation."""
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert looked(tmp_path) == []


# -- what an answer shows of itself, and what it only repeats ------------------------------------------------------

PROJECTS = """
from flask import Flask, request
app = Flask(__name__)
@app.get("/")
def home():
    return "<p>home</p>"
@app.get("/<project>/")
def project(project):
    return SHOWN, 404
"""


@pytest.mark.parametrize(
    ("shown", "tools"),
    [
        ('f"<p>There is no project {project}, nor anything at {request.full_path}</p>"', set()),
        ('"<script>window.flDebug = {}</script>"', {"GET /__debug__/", "GET /_debug_toolbar/", "GET /flask-profiler/"}),
    ],
    ids=["repeats what was asked for", "is a toolbar"],
)
def test_a_page_that_repeats_its_address_is_no_tool(shown: str, tools: set[str]) -> None:
    """The name of a tool that was asked for proves nothing where the page says it back; the tool's own marks do."""
    with unguarded.serving(PROJECTS.replace("SHOWN", shown)) as stage:
        assert set(unguarded.broken(debug_disabled.debug_triggers(stage))) == tools
