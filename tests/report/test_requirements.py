from __future__ import annotations

from dataclasses import replace

import pytest

from ringwork.controls import control as catalogue
from ringwork.prove.evidence import Report, Verdict
from ringwork.report.requirements import NOT_COVERED, OUTSIDE, Requirement, Standard, tables
from ringwork.report.tally import End
from tests.report import sample

CLEAN, FOREIGN = sample.clean(), sample.foreign()


def _standard(report: Report, key: str) -> Standard:
    return next(standard for standard in tables(report) if standard.key == key)


def _item(report: Report, key: str, code: str) -> Requirement:
    return next(item for item in _standard(report, key).requirements if item.code == code)


def _only(report: Report, *controls: str) -> Report:
    return replace(report, results=tuple(result for result in report.results if result.check.partition("/")[0] in controls))


@pytest.mark.parametrize(("key", "items"), [("owasp_2021", 10), ("owasp_2025", 13), ("api_2023", 10), ("asvs", 345)])
def test_a_whole_standard_is_listed(key: str, items: int) -> None:
    """An item that no control answers is a row too; a list that leaves it out would look complete."""
    assert len(_standard(CLEAN, key).requirements) == items


def test_an_item_that_no_control_answers_is_not_covered_and_says_why() -> None:
    """Not covered is no shade of not verified."""
    open_item = _item(CLEAN, "owasp_2025", "X03")
    assert (open_item.word, open_item.answers, open_item.tally.total) == (NOT_COVERED, (), 0)
    assert open_item.reason
    assert _item(CLEAN, "asvs", "10.4.1").reason == "authorization server"
    assert _item(CLEAN, "owasp_2025", "A01").reason == ""


def test_one_violated_check_violates_every_requirement_that_it_answers() -> None:
    """A hole in CSRF protection is one in A01, in CWE-352 and in the ASVS requirements of that control."""
    row = next(row for row in catalogue.load().controls if row.id == "browser.csrf")
    for key in ("owasp_2021", "owasp_2025", "cwe", "asvs", "wstg"):
        for code in row.standards[key]:
            assert _item(FOREIGN, key, code).word == "violated", (key, code)
            assert _item(CLEAN, key, code).word != "violated", (key, code)


def test_a_requirement_is_proven_only_when_all_that_answers_it_was_in_the_run_and_proven() -> None:
    """A run narrowed to one control does not prove what other controls answer too."""
    row = next(row for row in catalogue.load().controls if row.id == "browser.csrf")
    proven = replace(CLEAN, results=tuple(replace(result, verdict=Verdict.PROVEN, held=False) for result in CLEAN.results))
    assert _item(proven, "owasp_2021", "A01").word == "proven"
    assert _item(_only(proven, row.id), "owasp_2021", "A01").word == "not verified"
    assert _item(_only(proven, "process.threat-model"), "cwe", "CWE-352").word == OUTSIDE


def test_what_only_papers_answer_is_manual() -> None:
    """A requirement whose checks all read what people wrote down says so."""
    alone = tuple(replace(result, kind="process") if result.check.startswith("browser.csrf/") else result for result in CLEAN.results)
    unmade = tuple(
        replace(result, verdict=Verdict.NOT_VERIFIED, held=False) for result in alone if result.check.startswith("browser.csrf/")
    )
    item = _item(replace(CLEAN, results=unmade), "cwe", "CWE-352")
    assert item.tally.counts[End.MANUAL] == item.tally.total > 0


def test_chapters_hold_all_their_requirements_and_count_them() -> None:
    """The figures of the chapters are those of the standard."""
    for key, number in (("asvs", 17), ("wstg", 12)):
        standard = _standard(FOREIGN, key)
        assert len(standard.chapters) == number
        assert sum(len(chapter.requirements) for chapter in standard.chapters) == len(standard.requirements)
        assert sum(sum(chapter.counts.values()) for chapter in standard.chapters) == sum(standard.counts.values())


def test_an_answer_names_the_checks_that_were_tried() -> None:
    """From a requirement a reader gets to the evidence, and not to a wish."""
    answer = next(answer for answer in _item(CLEAN, "cwe", "CWE-352").answers if answer.id == "browser.csrf")
    assert "browser.csrf/token-matrix" in {check for check, _ in answer.checks}
    untried = {result.check for result in CLEAN.results if result.evidence is None and result.verdict is Verdict.NOT_VERIFIED}
    assert not untried.intersection(check for check, _ in answer.checks)
