from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from ringwork.prove.evidence import Folded, Report, Verdict
from ringwork.report import junit
from tests.report import sample

EVERY = {
    "clean": sample.clean(),
    "foreign": sample.foreign(),
    "partial": sample.partial(),
    "hostile": sample.hostile(),
    "late": sample.late(),
}

REFUSED = "network.host-validation/forged-host"


def _cases(report: Report) -> dict[str, ET.Element]:
    root = ET.fromstring(junit.render(report))
    return {f"{case.get('classname')}/{case.get('name')}": case for case in root.iter("testcase")}


def _ending(case: ET.Element) -> tuple[str, str]:
    inside = list(case)
    return (inside[0].tag, inside[0].text or "") if inside else ("", "")


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_every_check_has_one_test_case(report: Report) -> None:
    """Nothing is left out, whatever became of it."""
    assert list(_cases(report))[1:] == [str(result.check) for result in report.results]


def test_only_what_was_proven_passes() -> None:
    """A check that nobody made, or that was not seen to fail, is skipped with its reason; never green."""
    report = sample.clean()
    cases = _cases(report)
    for result in report.results:
        outcome, text = _ending(cases[result.check])
        assert (outcome == "") is (result.verdict is Verdict.PROVEN), result.check
        assert result.verdict is Verdict.PROVEN or result.reason in text
    held = next(result for result in report.results if result.held)
    assert _ending(cases[held.check])[1].startswith("not verified (held): ")


def test_a_violated_check_fails_with_its_routes() -> None:
    """The message names the routes; the text says where each stands, what to do, and how to see it again."""
    case = _cases(sample.foreign())["browser.csrf/token-matrix"]
    outcome, text = _ending(case)
    assert outcome == "failure"
    assert case[0].get("message", "").startswith("POST /orders, POST /profile: ")
    assert "shop/orders.py:42" in text
    assert "ringwork replay 000000000003" in text


def test_the_name_of_a_test_case_does_not_depend_on_its_outcome() -> None:
    """A history by name shows the same test falling and rising."""
    assert list(_cases(sample.clean()))[1:] == list(_cases(sample.foreign()))[1:]


def test_an_accepted_check_is_skipped_and_says_so() -> None:
    """A waiver is no pass, and no failure before its date."""
    report = sample.foreign()
    turned = tuple(
        replace(one, verdict=Verdict.ACCEPTED, waiver="shown on the wall") if one.check == "browser.csrf/token-matrix" else one
        for one in report.results
    )
    outcome, text = _ending(_cases(replace(report, results=turned))["browser.csrf/token-matrix"])
    assert (outcome, text.splitlines()[0]) == ("skipped", "accepted: POST /orders, POST /profile: shown on the wall")


def test_what_the_baseline_knows_fails_no_more_than_the_run() -> None:
    """A pipeline that gates on this file has the baseline's own meaning; one new finding in a check is enough to fail it."""
    report = replace(sample.foreign(), baseline="baseline.json")
    known = replace(report, known=tuple(finding.id for finding in report.findings))
    outcome, text = _ending(_cases(known)["browser.csrf/token-matrix"])
    assert outcome == "skipped"
    assert text.startswith("violated, and known to the baseline baseline.json: ")
    all_but_one = replace(report, known=tuple(finding.id for finding in report.findings if finding.where != "POST /profile"))
    outcome, text = _ending(_cases(all_but_one)["browser.csrf/token-matrix"])
    assert outcome == "failure"
    assert "POST /profile (high, new)" in text
    assert "POST /orders (high, known to the baseline)" in text


def test_a_run_that_proves_nothing_is_an_error() -> None:
    """A list of skipped tests alone is a success for many tools."""
    outcome, text = _ending(next(iter(_cases(sample.partial()).values())))
    assert (outcome, text) == ("error", "interrupted; the report is partial")
    assert _ending(next(iter(_cases(sample.foreign()).values()))) == ("", "")


@pytest.mark.parametrize("report", EVERY.values(), ids=EVERY)
def test_the_counts_are_those_of_the_cases(report: Report) -> None:
    """Each suite, and the whole, counts what it holds."""
    root = ET.fromstring(junit.render(report))
    for suite in [root, *root]:
        cases = list(suite.iter("testcase"))
        assert suite.get("tests") == str(len(cases))
        assert suite.get("failures") == str(sum(case.find("failure") is not None for case in cases))
        assert suite.get("errors") == str(sum(case.find("error") is not None for case in cases))


def test_a_waiver_past_its_day_fails_the_run() -> None:
    """The run ends with 1, so the file is not green either."""
    outcome, text = _ending(next(iter(_cases(sample.late()).values())))
    assert outcome == "failure"
    assert text == "the waiver of browser.csrf POST /sync until 2026-11-01 (web team) expired, and fails the run"


def test_one_fault_is_one_failure() -> None:
    """A check whose finding is told by another one is skipped with that one's name; the other fails."""
    report = sample.foreign()
    first, other = (next(one for one in report.findings if one.check == check) for check in ("browser.csrf/token-matrix", REFUSED))
    whole = replace(first, folded=(Folded(id=other.id, check=other.check, where=other.where),))
    cases = _cases(replace(report, findings=(whole,)))
    assert _ending(cases[first.check])[0] == "failure"
    outcome, text = _ending(cases[other.check])
    assert (outcome, text.startswith(f"violated, and told by {first.check}: ")) == ("skipped", True)
