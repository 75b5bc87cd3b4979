"""The proof of network.rate-limiting: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import judge
from ringwork.prove.check import Check
from ringwork.prove.evidence import Evidence, Outcome, Verdict
from ringwork.prove.network import rate_limiting
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.client import Answer
from tests.house import graph
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("network.rate-limiting")


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


# -- applications without ringwork --------------------------------------------------------------------------

NOTES = RouteFacts(kind="http", path="/notes", methods=("GET",), handler="app.notes")
INNER = RouteFacts(kind="http", path="/inner", methods=("GET",), handler="app.make_app.<locals>.inner")


def of_foreign(*routes: RouteFacts, limiter: dict[str, Any] | None = None) -> Evidence:
    """The look at the classes of an application that is guarded by others, or by nobody."""
    facts = AppFacts(
        target="app:app",
        framework="flask",
        framework_version="3",
        root="",
        routes=routes,
        settings={} if limiter is None else {"RateLimits": limiter},
    )
    return rate_limiting.class_per_route(SimpleNamespace(facts=facts))  # type: ignore[arg-type]  # the facts are all it reads


def limiter(*handlers: str, everywhere: bool = False) -> dict[str, Any]:
    return {"package": "slowapi", "everywhere": everywhere, "handlers": list(handlers)}


def test_finds_no_limiter_in_an_application_without_one() -> None:
    """Nothing refuses anything: violated."""
    assert judge.first_verdict(of_foreign(NOTES)) is Verdict.VIOLATED


def test_takes_defaults_of_another_limiter_for_a_class() -> None:
    """A limit for every route is one for each."""
    assert judge.first_verdict(of_foreign(NOTES, limiter=limiter(everywhere=True))) is Verdict.PROVEN


def test_names_each_route_that_another_limiter_leaves_out() -> None:
    """Where only decorated handlers are limited, the others are told one by one, at their line."""
    evidence = of_foreign(NOTES, INNER, limiter=limiter("app.inner"))
    broken = [o.where for o in evidence.observations if o.outcome is Outcome.BROKEN]
    assert broken == ["GET /notes"]
    assert judge.first_verdict(of_foreign(NOTES, INNER, limiter=limiter("app.inner", "app.notes"))) is Verdict.PROVEN


def test_has_nothing_to_say_of_an_application_without_routes() -> None:
    """No route, no class."""
    assert judge.first_verdict(of_foreign()) is Verdict.NOT_APPLICABLE


# -- a count that is begun anew ------------------------------------------------------------------------------


class Limited:
    """A page with a limit, and only what it takes to ask for it: each answer is what `passes` says of the number and the browser's word."""

    def __init__(self, passes: Callable[[int, str], bool]) -> None:
        self.passes, self.asked = passes, 0

    def answer(self, status: int = 200) -> Answer:
        """An answer with that status."""
        return Answer(status=status, reason="", http_version="1.1", headers=[], body=b"", request=b"GET / HTTP/1.1", answer=b"HTTP/1.1 200")

    def ask(self, word: str) -> Answer:
        """The next request, with a word of the browser's own, or with none."""
        self.asked += 1
        return self.answer(200 if self.passes(self.asked, word) else 429)

    def outcome(self) -> Outcome:
        """What is said of a word that may begin the count anew."""
        place = rate_limiting.Place(
            route=NOTES,
            path="/notes",
            name="",
            client=SimpleNamespace(),  # type: ignore[arg-type]  # nobody is asked over a wire
            control=self.answer(),
            ask=lambda client, path, headers: self.ask("".join(value for _, value in headers)),
            passes=frozenset({200}),
        )
        return rate_limiting.began_anew(place, "a word", lambda: place.one(headers=(("x-word", "new"),)), 400).outcome


def test_calls_a_count_that_a_word_begins_anew_broken() -> None:
    """All with the word pass, and none without it."""
    assert Limited(lambda number, word: number <= 20 or bool(word)).outcome() is Outcome.BROKEN


def test_calls_a_count_that_heeds_no_word_held() -> None:
    """The honest limit: full is full."""
    assert Limited(lambda number, word: number <= 20).outcome() is Outcome.HELD


def test_says_nothing_where_time_alone_gives_the_count_back() -> None:
    """On a machine that is slower than the limit everything passes, with the word and without it."""
    assert Limited(lambda number, word: bool(number % 9)).outcome() is Outcome.UNTRIED


@pytest.mark.parametrize(("count", "outcome"), [(2, Outcome.UNTRIED), (20, Outcome.BROKEN)])
def test_a_login_that_is_merely_slow_is_not_accused(monkeypatch: pytest.MonkeyPatch, count: int, outcome: Outcome) -> None:
    """Two tries in four seconds say nothing of a limit of ten; twenty that are all answered do."""
    monkeypatch.setattr(rate_limiting, "_until_refused", lambda place, most: (count, None))
    facts = AppFacts(target="t", framework="django", framework_version="5", root="", routes=(NOTES,))
    place = SimpleNamespace(passes=rate_limiting.TRIED, control=Limited(lambda number, word: True).answer(401), name="", route=NOTES)
    (found,) = rate_limiting._tried(SimpleNamespace(facts=facts), place)  # type: ignore[arg-type]  # what is read of both is there
    assert found.outcome is outcome


# -- what the copies of other checks meet -------------------------------------------------------------------


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
def test_lets_other_checks_work_at_machine_speed(framework: str) -> None:
    """In a copy that is served for any other check the limits are out of reach; where they are asked for they hold."""
    stage = clinics.clinic(framework).stage()
    try:
        with stage.serve(probes=False) as served:
            client = served.client()
            assert {client.page("/login").status for _ in range(150)} == {200}
        with stage.serve(probes=False, limits=True) as served:
            client = served.client()
            assert 429 in {client.page("/login").status for _ in range(400)}
    finally:
        stage.close()


def test_only_the_child_of_the_prover_raises_limits() -> None:
    """No setting, file or variable reaches the factor: installation hands it on as it came, and prove/child.py alone gives one."""
    givers = {
        module.stem
        for module in graph.modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and any(keyword.arg == "patience" for keyword in node.keywords)
    }
    assert givers == {"installation", "prove.child"}
    named = [module.stem for module in graph.modules().values() if module.stem.startswith("policy") and "patience" in module.text]
    assert not named
