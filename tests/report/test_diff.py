from __future__ import annotations

from dataclasses import replace

import pytest
from rich.console import Console

from ringwork.names import CheckId
from ringwork.prove.evidence import Coverage, Evidence, Finding, Folded, MatrixCell, Observation, Outcome, Report, Verdict
from ringwork.report import diff, diff_terminal
from tests.report import sample

SHOP = sample.foreign()
FIRST, GONE, *LAST = SHOP.findings
REST = (FIRST, *LAST)


def _with(*findings: Finding, report: Report = SHOP) -> Report:
    return replace(report, findings=findings)


def _result(check: str, verdict: Verdict, *, held: bool = False, report: Report = SHOP) -> Report:
    results = tuple(
        replace(one, verdict=verdict, held=held, evidence=Evidence(check=one.check)) if one.check == check else one
        for one in report.results
    )
    return replace(report, results=results)


def _ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.id for finding in findings]


def test_two_equal_runs_differ_in_nothing() -> None:
    """A second look at the same thing is no news."""
    found = diff.compare(SHOP, SHOP)
    assert (found.new, found.fixed, found.untested, found.turned) == ((), (), (), ())
    assert _ids(found.still) == _ids(SHOP.findings)


def test_an_introduced_finding_is_the_only_new_one() -> None:
    """What a branch brought is told apart from what was there, wherever its line moved to."""
    moved = tuple(replace(one, line=one.line + 30) for one in REST)
    found = diff.compare(_with(*REST), _with(*moved, GONE))
    assert (_ids(found.new), _ids(found.still)) == ([GONE.id], _ids(REST))


def test_what_was_tested_again_and_is_gone_is_fixed() -> None:
    """The check looked and the hole was not there."""
    found = diff.compare(SHOP, _result(GONE.check, Verdict.NOT_VERIFIED, held=True, report=_with(*REST)))
    assert (_ids(found.fixed), found.untested) == ([GONE.id], ())


def test_what_was_not_looked_at_is_never_fixed() -> None:
    """A later run that left the check out has closed nothing."""
    found = diff.compare(SHOP, _result(GONE.check, Verdict.NOT_VERIFIED, report=_with(*REST)))
    assert (found.fixed, _ids(found.untested)) == ((), [GONE.id])


def test_a_check_that_the_later_report_does_not_list_was_not_made() -> None:
    """A narrower profile has closed nothing either."""
    later = replace(_with(*REST), results=tuple(one for one in SHOP.results if one.check != GONE.check))
    assert _ids(diff.compare(SHOP, later).untested) == [GONE.id]


@pytest.mark.parametrize("kept", ["skipped", "left_out"])
def test_a_route_that_was_not_reached_was_not_tested(kept: str) -> None:
    """The check was made, but not at this place."""
    later = _result(GONE.check, Verdict.NOT_VERIFIED, held=True, report=_with(*REST))
    if kept == "skipped":
        later = replace(later, coverage=Coverage(found=1, reached=0, skipped={GONE.where: "404"}))
    else:
        later = replace(later, left_out={GONE.where: "not changed since main"})
    assert _ids(diff.compare(SHOP, later).untested) == [GONE.id]


FAILED = MatrixCell(route=GONE.where, role="anonymous", expected="", status=500)


def _seen(*places: tuple[str, Outcome], verdict: Verdict = Verdict.VIOLATED, **more: object) -> Report:
    """A later run whose check observed these places and none of them broken at the finding's own."""
    found = tuple(
        Observation(attack="a", where=where, outcome=outcome, detail="seen", read=1 if outcome is Outcome.HELD else 0)
        for where, outcome in places
    )
    results = tuple(
        replace(one, verdict=verdict, evidence=Evidence(check=one.check, observations=found)) if one.check == GONE.check else one
        for one in SHOP.results
    )
    later = replace(_with(*REST), results=results, routes=(GONE.where, "GET /other"))
    return replace(later, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("later", "is_fixed"),
    [
        (_seen((GONE.where, Outcome.HELD), ("GET /other", Outcome.BROKEN)), True),
        (_seen((GONE.where, Outcome.UNTRIED), ("GET /other", Outcome.BROKEN)), False),
        (_seen(("GET /other", Outcome.BROKEN)), False),
        (_seen(("GET /other", Outcome.BROKEN), ("all routes", Outcome.HELD)), True),
        (_seen(("GET /other", Outcome.BROKEN), ("all routes", Outcome.HELD), matrix=(FAILED,)), False),
        (_seen(("GET /other", Outcome.HELD), verdict=Verdict.PROVEN), True),
        (_seen(("GET /other", Outcome.BROKEN), routes=("GET /other",)), True),
    ],
    ids=["held there", "untried there", "not among those asked", "swept", "swept, and it only failed", "proven", "the route is gone"],
)  # fmt: skip
def test_a_check_of_a_few_routes_closes_only_what_it_asked(later: Report, is_fixed: bool) -> None:
    """When routes are added, such a check may meet others than before, and what it passed by is not mended."""
    found = diff.compare(SHOP, later)
    assert (_ids(found.fixed), _ids(found.untested)) == (([GONE.id], []) if is_fixed else ([], [GONE.id]))


def test_a_finding_whose_waiver_ended_is_new() -> None:
    """Taking a waiver away brings its violation back before everybody's eyes."""
    accepted = replace(GONE, verdict=Verdict.ACCEPTED)
    assert _ids(diff.compare(_with(accepted), _with(GONE)).new) == [GONE.id]


def test_a_finding_that_is_now_accepted_is_still_there() -> None:
    """Accepting is not mending."""
    found = diff.compare(_with(GONE), _with(replace(GONE, verdict=Verdict.ACCEPTED)))
    assert (_ids(found.still), found.fixed, found.new) == ([GONE.id], (), ())


def test_what_the_baseline_knows_is_not_new() -> None:
    """The earlier report may be narrower than the baseline."""
    later = replace(_with(GONE), known=(GONE.id,))
    found = diff.compare(_with(), later)
    assert (found.new, _ids(found.still)) == ((), [GONE.id])


def test_names_the_checks_that_turned() -> None:
    """A proof that was lost is seen even where nothing is violated."""
    check = CheckId("browser.csrf/token-matrix")
    before = _result(check, Verdict.PROVEN)
    after = _result(check, Verdict.NOT_VERIFIED)
    assert diff.compare(before, after).turned == (diff.Turned(check=check, before=Verdict.PROVEN, after=Verdict.NOT_VERIFIED),)


@pytest.mark.parametrize(("fail_on", "grave"), [("critical", 0), ("high", 1), ("low", 2)])
def test_counts_as_grave_what_reaches_the_severity(fail_on: str, grave: int) -> None:
    """A team may let smaller new findings pass."""
    high, low = (next(one for one in SHOP.findings if one.severity == severity) for severity in ("high", "low"))
    later = _with(replace(high, verdict=Verdict.VIOLATED), replace(low, verdict=Verdict.VIOLATED))
    assert len(diff.compare(_with(), later).grave(fail_on)) == grave


def _shown(before: Report, after: Report) -> str:
    console = Console(width=120, no_color=True, highlight=False, emoji=False, markup=False)
    with console.capture() as caught:
        diff_terminal.render(diff.compare(before, after), before, after, console)
    return caught.get()


def test_the_terminal_tells_new_fixed_and_untested_apart() -> None:
    """Each section stands under its own name, and the numbers are said first."""
    fixed = next(one for one in LAST if one.check != GONE.check and any(result.check == one.check for result in SHOP.results))
    later = _result(fixed.check, Verdict.NOT_VERIFIED, held=True, report=_with(FIRST))
    later = _result(GONE.check, Verdict.NOT_VERIFIED, report=later)
    said = _shown(_with(GONE, fixed), later)
    assert "1 new, 0 still there, 1 fixed, 1 not tested again" in said
    assert said.index("\nNew\n") < said.index("\nFixed\n") < said.index("\nNot tested again\n")
    assert f"{FIRST.file}:{FIRST.line}: {FIRST.summary}" in said


def test_the_terminal_says_what_makes_two_runs_unlike() -> None:
    """Two targets, a run that was cut short and one that was narrowed cannot be compared in silence."""
    said = _shown(SHOP, replace(sample.partial(), since="main"))
    assert "these are two targets: shop.main:app and examples.clinic.fastapi_app:app" in said
    assert "the later run was cut short" in said
    assert "the later run asked only what changed since main" in said


def test_the_terminal_is_not_steered_by_the_target() -> None:
    """Escape sequences in names arrive spelled out."""
    assert "\x1b[2J" not in _shown(_with(), sample.hostile())


def test_the_terminal_says_that_a_new_finding_may_be_older() -> None:
    """A check that was not made before finds what was there already; one that was made does not say so."""
    doubt = "the earlier run did not make this check, so it may be older"
    assert doubt in _shown(_result(GONE.check, Verdict.NOT_VERIFIED, report=_with()), _with(GONE))
    assert doubt not in _shown(_result(GONE.check, Verdict.NOT_VERIFIED, held=True, report=_with()), _with(GONE))


def test_the_terminal_keeps_a_run_of_a_selection_short() -> None:
    """Nearly every check turns where few were made: the first are named, the rest is counted, and what was judged is never among it."""
    checks = [CheckId(f"browser.made/check-{n}") for n in range(20)]
    results = tuple(replace(SHOP.results[0], check=check, verdict=Verdict.PROVEN, evidence=Evidence(check=check)) for check in checks)
    before = replace(SHOP, results=results)
    turned = (*(replace(one, verdict=Verdict.NOT_VERIFIED) for one in results[:-1]), replace(results[-1], verdict=Verdict.VIOLATED))
    said = _shown(before, replace(before, results=turned))
    assert "20 checks turned" in said
    assert said.count("proven before, not verified now") + 7 == 19
    assert "... 7 more not verified now" in said
    assert "browser.made/check-19: proven before, violated now" in said


def test_what_was_folded_meanwhile_is_neither_new_nor_fixed() -> None:
    """A fault that is one row now and was two before, or the other way round, is the same fault."""
    apart = replace(GONE, id="e" * 12)
    whole = replace(GONE, folded=(Folded(id="e" * 12, check=GONE.check, where="shop.py in go"),))
    for before, after in (((GONE, apart), (whole,)), ((whole,), (GONE, apart)), ((whole,), (apart,))):
        found = diff.compare(_with(*before), _with(*after))
        assert (found.new, found.fixed, found.untested) == ((), (), ())
        assert _ids(found.still) == _ids(after)


def test_a_second_way_to_an_attack_is_new() -> None:
    """What was folded into a finding meanwhile, and was told by nobody before, is a new fault."""
    one = replace(GONE, folded=(Folded(id="e" * 12, check=GONE.check, where="shop.py in go"),))
    two = replace(one, folded=(*one.folded, Folded(id="d" * 12, check=GONE.check, where="shop.py in away")))
    assert _ids(diff.compare(_with(one), _with(two)).new) == _ids((two,))
    assert diff.compare(_with(two), _with(one)).new == ()
