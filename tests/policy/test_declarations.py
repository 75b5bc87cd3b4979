"""What marks take, refuse and say: rules, waivers, and several of them together."""

from __future__ import annotations

import datetime
import inspect

import pytest

from ringwork import limits, public, requires, signed, signed_link, waive
from ringwork.policy import declare
from ringwork.route import Own, Public, Requires, Waived

WHOLE = {"reason": "signed", "owner": "payments", "until": "2027-01-31"}


def handler() -> None:
    """Something to mark."""


def fresh() -> type:
    """A new thing to mark."""
    return type("Thing", (), {})


def test_waives_a_control_with_reason_owner_and_day() -> None:
    """A date or its text; the text leaves."""
    told = Waived(control="browser.csrf", reason="signed", owner="payments", until="2027-01-31")
    for until in ("2027-01-31", datetime.date(2027, 1, 31)):
        marked = waive("browser.csrf", **{**WHOLE, "until": until})(fresh())  # type: ignore[arg-type]  # one of them is a date
        assert declare.waived_among([("handler", marked)]) == (told,)


def test_waives_several_controls_on_one_target_and_the_innermost_of_each() -> None:
    """Each has words of its own; a nearer one counts for the same control."""
    inner = waive("browser.cors", **WHOLE)(waive("browser.csrf", **WHOLE)(fresh()))
    outer = waive("browser.csrf", **{**WHOLE, "owner": "somebody else"})(fresh())
    found = declare.waived_among([("handler", inner), ("router", outer), ("path", object())])
    assert [(one.control, one.owner) for one in found] == [("browser.csrf", "payments"), ("browser.cors", "payments")]


def test_refuses_two_words_about_one_control() -> None:
    """Else one of them would be the one that nobody reads."""
    with pytest.raises(ValueError, match=r"two marks that waive browser\.csrf"):
        waive("browser.csrf", **WHOLE)(waive("browser.csrf", **WHOLE)(fresh()))


@pytest.mark.parametrize("missing", ["reason", "owner"])
def test_refuses_a_waiver_without_a_word(missing: str) -> None:
    """Whoever accepts says why, and who answers for it."""
    with pytest.raises(ValueError, match=f"needs a {missing}"):
        waive("browser.csrf", **{**WHOLE, missing: " "})
    with pytest.raises(ValueError, match="needs a control"):
        waive("", **WHOLE)


@pytest.mark.parametrize("until", ["soon", "", "2027-13-01", None, datetime.datetime(2027, 1, 31, tzinfo=datetime.UTC)])
def test_refuses_a_day_that_is_none(until: object) -> None:
    """An exception without an end is no exception."""
    with pytest.raises(ValueError, match="takes until as a date"):
        waive("browser.csrf", **{**WHOLE, "until": until})  # type: ignore[arg-type]  # the mistake itself


def test_a_waiver_marks_nothing_without_a_target() -> None:
    """As a dependency of FastAPI it is called so."""
    mark = waive("browser.csrf", **WHOLE)
    assert mark() is requires()()
    assert str(inspect.signature(mark)) == "()"
    assert "reason" in str(inspect.signature(waive)), "whoever writes one reads what it takes"


def test_carries_several_marks_and_no_two_of_a_kind() -> None:
    """A tuple of an attribute stands for as many decorators."""
    carrier = declare.carried([requires("admin"), limits("scans", body_bytes=9), waive("browser.csrf", **WHOLE)])
    assert declare.rule_of(carrier) == Requires(roles=frozenset({"admin"}))
    assert declare.is_marked(carrier)
    assert not declare.is_marked(fresh())
    with pytest.raises(ValueError, match="two marks of the same kind"):
        declare.carried([requires("admin"), public("a page")])


@pytest.mark.parametrize(
    ("rules", "together"),
    [
        ([requires(), requires("a")], Requires(roles=frozenset({"a"}))),
        ([requires("a"), requires()], Requires(roles=frozenset({"a"}))),
        ([requires("a", "b"), requires("a")], Requires(roles=frozenset({"a"}))),
        ([requires(), requires(recorded=True)], Requires(recorded=True)),
        ([public("near"), public("far")], Public(reason="near")),
    ],
)
def test_takes_the_narrowest_of_rules_that_all_hold(rules: list[declare.RuleMark], together: object) -> None:
    """Whoever satisfies it satisfies them all, and the nearest reason is told."""
    assert declare.rule_of(declare.all_of(mark.rule for mark in rules)) == together


@pytest.mark.parametrize(
    "rules",
    [
        [requires("a"), requires("b")],
        [requires("a", "b"), requires("b", "c")],
        [public("a page"), requires()],
        [signed("bank"), requires()],
        [signed("bank"), signed_link("a file")],
        [requires("a"), requires("b"), requires("a")],
        [requires("a"), requires("a"), requires("b")],
    ],
)
def test_takes_none_of_rules_that_no_single_one_says(rules: list[declare.RuleMark]) -> None:
    """Against a rule that opens what another closes: their contradiction is told, with both."""
    found = declare.rule_of(declare.all_of(mark.rule for mark in rules))
    assert isinstance(found, declare.Contradiction)
    assert f"{declare.written(found.one)} and {declare.written(found.other)} both stand before it" in str(found)


def test_joins_a_contradiction_with_nothing() -> None:
    """What contradicts itself stays so, whatever stands beside it."""
    inner = declare.rule_of(declare.all_of([requires("a").rule, requires("b").rule]))
    assert inner is not None
    assert declare.rule_of(declare.all_of([requires("a").rule, inner])) == inner


def test_writes_a_recognised_check_as_settings_do() -> None:
    """Every rule has words of its own."""
    assert declare.written(Own(by="app:user")) == 'own_auth = ["app:user"]'
