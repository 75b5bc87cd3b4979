"""Debugging tools stay on the developer's own machine."""

from __future__ import annotations

import pytest

from ringwork.enforce.guard import Surroundings
from ringwork.enforce.output.debug_disabled import GUARD, DebugDisabledSettings
from ringwork.exchange import Exchange
from tests.enforce.making import arrive, ask, make_route, make_site

SETTINGS = DebugDisabledSettings()
CLEAN = make_site()
DEBUGGER = make_site(debug=("app.debug", "DebuggedApplication"))
PROFILER = make_site(debug=("PyInstrumentProfilerMiddleware",))
TOOLBAR = make_site(debug=("/_debug_toolbar/static/{filename}",))


def asked(path: str, query: bytes = b"") -> Exchange:
    """A request with a query."""
    exchange = ask("GET", path)
    exchange.query = query
    return exchange


def test_costs_nothing_where_no_tool_was_found() -> None:
    """An application without a debugger gets no hook at all, neither for routes nor before them."""
    assert GUARD.plan(SETTINGS, CLEAN, None).arrive is None
    assert GUARD.plan(SETTINGS, make_site(debug=("app.debug", "--reload")), None).arrive is None
    assert GUARD.plan(SETTINGS, DEBUGGER, make_route()).enter is None


@pytest.mark.parametrize(
    "path", ["/console", "/console/", "//console", "/__debug__/", "/_debug_toolbar/views", "/inner/_debug_toolbar", "/_profiler"]
)
def test_keeps_a_debugger_out_of_reach(path: str) -> None:
    """A console that runs code, or a toolbar that shows sessions, answers before any rule of the application."""
    refusal = arrive(GUARD, SETTINGS, DEBUGGER, asked(path))
    assert refusal is not None
    assert (refusal.control, refusal.status, refusal.reason) == ("output.debug-disabled", 404, "debug-tool")


@pytest.mark.parametrize(
    "query",
    [
        b"__debugger__=yes&cmd=resource&f=debugger.js",
        b"a=1&__debugger__=yes",
        b"a=1;__debugger__=yes",
        b"%5f_debugger_%5F=yes",
        b"__debugger__",
        b"%zz=1&__debugger__=yes",
    ],
)
def test_refuses_the_commands_of_the_debugger_at_any_path(query: bytes) -> None:
    """The debugger takes its commands from the query of every path, spelled in any way that its parser reads."""
    assert arrive(GUARD, SETTINGS, DEBUGGER, asked("/notes", query)) is not None


@pytest.mark.parametrize(("path", "query"), [("/notes", b"profile=1"), ("/notes", b"debugger=yes"), ("/consoles", b""), ("/", b"")])
def test_lets_other_requests_through_beside_a_debugger(path: str, query: bytes) -> None:
    """The application itself goes on working while somebody develops it."""
    assert arrive(GUARD, SETTINGS, DEBUGGER, asked(path, query)) is None


def test_refuses_a_profile_only_where_a_profiler_stands() -> None:
    """?profile is a word that applications use themselves; a console path as well."""
    assert arrive(GUARD, SETTINGS, PROFILER, asked("/notes", b"profile=1")) is not None
    assert arrive(GUARD, SETTINGS, PROFILER, asked("/console")) is None
    assert arrive(GUARD, SETTINGS, TOOLBAR, asked("/notes", b"profile=1")) is None
    assert arrive(GUARD, SETTINGS, TOOLBAR, asked("/_debug_toolbar/static/x.js")) is not None


def test_names_at_start_whatever_shows_the_inside() -> None:
    """Each switch is told with what to write instead; in production each one stops the start."""
    names = ("app.debug", "FLASK_DEBUG", "DebuggedApplication", "/_debug_toolbar/x", "debug of the application mounted at /api", "--reload")
    told = GUARD.at_start(SETTINGS, CLEAN, Surroundings(framework="flask", debug=names), [])
    assert [line.partition(" is on: ")[0] for line in told] == list(names)
    assert all(line.partition(" is on: ")[2] for line in told)


def test_takes_testing_for_a_fault_in_production_only() -> None:
    """Tests switch it on, and nowhere else may it be on."""
    around = Surroundings(framework="flask", debug=("TESTING",))
    assert GUARD.at_start(SETTINGS, CLEAN, around, []) == []
    assert len(GUARD.at_start(SETTINGS, make_site(production=True), around, [])) == 1


def test_says_nothing_at_start_when_all_is_off() -> None:
    """A clean application starts without a word."""
    assert GUARD.at_start(SETTINGS, CLEAN, Surroundings(framework="flask"), []) == []
    assert GUARD.faults(SETTINGS) == ()
