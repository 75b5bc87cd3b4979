"""The proof of data.approved-cryptography: one refusal on the guarded clinics, a padding oracle on the breached ones."""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import Any

import pytest

from ringwork.prove import alterations, changes, judge, users
from ringwork.prove.check import Check
from ringwork.prove.data import approved_cryptography as proof
from ringwork.prove.evidence import Evidence, Exchanged, Outcome
from ringwork.prove.launch import Launcher
from ringwork.prove.settings import Settings
from ringwork.prove.stage import LiveStage
from ringwork.prove.target import resolve
from ringwork.survey.wire.client import Answer
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("data.approved-cryptography")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Whatever is wrong with a sealed cookie or a form's token, the answer is the same."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """A wrong padding is a fault and wrong words are nothing: the cookie opens byte by byte."""
    found = showing.falls(framework, check)
    assert showing.places(found) == {"cookie recent"}
    assert {o.attack for o in found} == {proof.ATTACK, proof.TAKEN}


@pytest.mark.parametrize("framework", ["fastapi"])
def test_finds_what_is_planted(framework: str) -> None:
    """Where no component can be replaced, a route that tells a padding from a tag shows that the check can fail."""
    evidence = clinics.run_planted(framework, CHECKS[0])
    assert {o.where for o in judge.broken(evidence)} == {"cookie ringwork_probe_sealed"}, [o.detail for o in evidence.observations]
    assert all(o.outcome is not Outcome.HELD or o.is_grounded for o in evidence.observations)


def _of_a_stranger(attribute: str) -> Evidence:
    """The check on one application of the shop that never heard of ringwork."""
    target = resolve(f"shop:{attribute}", here=clinics.ROOT / "tests" / "apps" / "sealed_by_hand")
    launcher = Launcher(target, extra={})
    try:
        facts = launcher.load().facts
        stage = LiveStage(launcher, facts, users.find(facts, Settings(), launcher))
        try:
            return CHECKS[0].run(stage)
        finally:
            stage.close()
    finally:
        launcher.close()


def test_finds_the_oracle_of_a_stranger() -> None:
    """AES-CBC whose padding error is another answer than its wrong tag, in an application without a login and without ringwork."""
    found = judge.broken(_of_a_stranger("app"))
    assert [(o.attack, o.where) for o in found] == [(proof.ATTACK, "cookie seen")]
    assert "500 for" in found[0].detail


def test_accuses_no_stranger_who_seals_well() -> None:
    """Fernet, and one answer for everything that does not open."""
    (seen,) = _of_a_stranger("sound").observations
    assert (seen.outcome, seen.where) == (Outcome.HELD, "cookie seen")


@pytest.mark.parametrize("length", [16, 32, 48, 200])
def test_alters_every_part_of_a_value(length: int) -> None:
    """No alteration is the value itself, none comes twice by its name, and the end, where a padding stands, is altered at each byte."""
    value = secrets.token_urlsafe(length)
    for brief in (True, False):
        made = dict(alterations.altered(value, brief=brief))
        assert value not in made.values()
        assert all(f"byte {at} of {length} altered" in made for at in range(max(1, length - 33), length + 1))
        assert {"cut by a byte", "cut in half", "a byte longer"} <= set(made)


def test_tells_sealed_values_from_random_keys() -> None:
    """A key of 32 random bytes holds nothing that could be opened; a value with fields, a longer one, or one that says what it is, may."""
    assert not alterations.is_certain(secrets.token_urlsafe(32))
    assert not alterations.is_certain(secrets.token_hex(32))
    assert alterations.is_certain(secrets.token_urlsafe(48))
    assert alterations.is_certain(f"7:1tFq2Z:{secrets.token_urlsafe(32)}")
    assert not alterations.is_candidate("dark")
    assert not alterations.is_candidate('{"theme": "dark"}')


@pytest.mark.parametrize(("field", "asked"), [("csrf_token", 1), ("csrfmiddlewaretoken", 0)])
def test_alters_no_token_in_which_nothing_is_opened(monkeypatch: pytest.MonkeyPatch, field: str, asked: int) -> None:
    """Django's is a secret under a mask, and in DEBUG its refusal says which form it had: no oracle. Any other form's token is altered."""
    change: Any = SimpleNamespace(token_field=field, path="/orders/new", user="ada", control="200")
    judged: list[str] = []
    monkeypatch.setattr(changes, "find", lambda *given, **asked: SimpleNamespace(changes=[change]))
    monkeypatch.setattr(changes, "token_of", lambda change, client: secrets.token_urlsafe(48))
    monkeypatch.setattr(proof, "_form_judged", lambda cast, change, client, value, control: judged.append(value) or iter(()))
    cast: Any = SimpleNamespace(browser=lambda user: object())
    assert list(proof._of_forms(cast)) == []
    assert len(judged) == asked


def _page(text: str) -> Answer:
    return Answer(status=200, reason="", http_version="1.1", headers=[], body=text.encode(), request=b"", answer=b"")


@pytest.mark.parametrize(("differs", "outcome"), [("by the clock", Outcome.UNTRIED), ("by what is wrong", Outcome.BROKEN)])
def test_takes_no_page_that_changes_with_the_clock_for_one_that_tells_why(differs: str, outcome: Outcome) -> None:
    """The page has other words in the afternoon; an oracle says the same of the same value whenever it is asked."""
    value, asked = secrets.token_urlsafe(48), []

    def ask(altered: str) -> Answer:
        asked.append(altered)
        is_other = len(asked) > 20 if differs == "by the clock" else len(altered) < len(value)
        return _page("good afternoon" if is_other else "good morning")

    found = proof._asked(value, ask, brief=True)
    (seen,) = proof._judged("cookie x", found, [], Exchanged(request="GET /", answer="200"), certain=True)
    assert (seen.outcome, seen.attack) == (outcome, proof.ATTACK)


@pytest.mark.parametrize("stamp", ["aVjX0w", "Zz-_9Q"])
def test_a_signed_value_in_a_page_is_told_apart_by_nothing(stamp: str) -> None:
    """The time in a form's token is a short field of its own, which changes each second."""
    token = f"{secrets.token_urlsafe(40)}.{stamp}.{secrets.token_urlsafe(20)}"
    plain = alterations.shape_of(_page(f'<input name="csrf_token" value="{token}">'))
    assert plain == alterations.shape_of(_page('<input name="csrf_token" value="#">'))
    assert plain != alterations.shape_of(_page('<input name="csrf_token" value="#">wrong padding'))


def test_a_code_behind_a_long_word_is_told_apart() -> None:
    """What is wrong stands often in a word of an error's name, which is no part of a signed value."""
    padding, tag = (alterations.shape_of(_page(f"E_DECRYPTION_FAILED:{word}")) for word in ("padding", "mac"))
    assert padding != tag
