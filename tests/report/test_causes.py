from __future__ import annotations

from dataclasses import replace

from ringwork.prove.evidence import SWITCHED_ON, Verdict
from ringwork.report import by_hand, html
from ringwork.report.causes import causes, steps
from tests.report import sample

SHOP = sample.foreign()


def _states(found) -> dict[str, str]:
    return {view.finding.id: view.state for cause in found for view in cause.findings}


def test_every_finding_stands_under_the_control_that_fell() -> None:
    """Grouping loses nothing, and the gravest group comes first."""
    found = causes(SHOP, None)
    assert {view.finding.id for cause in found for view in cause.findings} == {finding.id for finding in SHOP.findings}
    assert all(view.finding.control == cause.about.id for cause in found for view in cause.findings)
    assert found[0].severity == "critical"


def test_an_accepted_finding_does_not_stand_before_an_open_one() -> None:
    """What somebody accepted is not what to look at first."""
    first = replace(SHOP.findings[0], verdict=Verdict.ACCEPTED)
    found = causes(replace(SHOP, findings=(first, *SHOP.findings[1:])), None)
    assert found[0].findings[0].verdict == "violated"


def test_fixes_that_differ_only_by_the_control_are_one_step() -> None:
    """Seven findings that one line mends are told as one thing to do."""
    (step,) = steps(causes(SHOP, None))
    open_ones = [finding for finding in SHOP.findings if finding.verdict is Verdict.VIOLATED]
    assert step.places == len(open_ones)
    assert step.what == f"ringwork.protect(app) switches these {len(step.causes)} controls on"


def test_what_one_call_switches_on_is_one_step_that_says_how_much() -> None:
    """The words that a run writes name the control only in what comes after; each cause tells the way by hand too."""
    fixed = [replace(one, fix=f"{SWITCHED_ON}; by hand: `ringwork explain {one.control}`") for one in SHOP.findings]
    found = causes(replace(SHOP, findings=tuple(fixed)), None)
    (step,) = steps(found)
    assert step.what == f"ringwork.protect(app) switches these {len(step.causes)} controls on"
    assert {cause.about.id: cause.own for cause in found}["browser.csrf"] == by_hand.text("browser.csrf", "flask")
    assert "Flask-WTF" in html.document(SHOP)
    alone = causes(replace(SHOP, findings=(fixed[0],)), None)
    assert steps(alone)[0].what == fixed[0].fix


def test_a_fix_of_its_own_is_a_step_of_its_own_in_its_own_words() -> None:
    """What is mended apart is told apart, whole."""
    last = replace(SHOP.findings[-2], fix="set `nosniff` in nginx.conf; reload it")
    found = steps(causes(replace(SHOP, findings=(*SHOP.findings[:-2], last)), None))
    assert [step.what for step in found][-1] == "set `nosniff` in nginx.conf; reload it"
    assert len(found) == 2


def test_nothing_violated_gives_nothing_to_do() -> None:
    """What was accepted is no step."""
    accepted = tuple(finding for finding in SHOP.findings if finding.verdict is Verdict.ACCEPTED)
    assert accepted
    assert steps(causes(replace(SHOP, findings=accepted), None)) == ()


def test_a_finding_is_new_or_known_only_where_there_is_something_to_compare_with() -> None:
    """Without an earlier run and without a baseline no finding is called new."""
    first, second = SHOP.findings[:2]
    assert set(_states(causes(SHOP, None)).values()) == {""}
    compared = _states(causes(SHOP, [first.id]))
    assert (compared[first.id], compared[second.id]) == ("new", "still there")
    assert set(_states(causes(SHOP, [])).values()) == {""}
    measured = _states(causes(replace(SHOP, baseline="baseline.json", known=(second.id,)), None))
    assert (measured[first.id], measured[second.id]) == ("new", "known")
