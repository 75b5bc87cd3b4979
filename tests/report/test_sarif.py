from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from ringwork.prove.evidence import Report, Waived, WaiverState
from ringwork.report import sarif
from tests.report import sample

EVERY = [sample.clean(), sample.foreign(), sample.partial(), sample.hostile()]


def _run(report: Report) -> dict[str, Any]:
    (only,) = json.loads(sarif.render(report))["runs"]
    return dict(only)


def _uri(result: dict[str, Any]) -> str:
    return str(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_a_finding_stands_at_its_handler() -> None:
    """Code scanning shows it at the line that a person mends."""
    first = _run(sample.foreign())["results"][0]
    (place,) = first["locations"]
    assert place["physicalLocation"] == {"artifactLocation": {"uri": "shop/orders.py"}, "region": {"startLine": 41}}
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "GET /orders/{order_id}"


@pytest.mark.parametrize("report", EVERY, ids=["clean", "foreign", "partial", "hostile"])
def test_every_result_has_a_file_of_the_tree(report: Report) -> None:
    """An upload whose result has no place, or has an address for one, is refused or never shown."""
    run = _run(report)
    assert "originalUriBaseIds" not in run
    for result in run["results"]:
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
        assert not re.match(r"^([a-z]+:|/|\.\.)", _uri(result))


@pytest.mark.parametrize("file", ["", "https://127.0.0.1:49213/orders", "/srv/shop/orders.py", "../other/orders.py", "C:\\shop\\x.py"])
def test_a_finding_without_a_file_stands_at_the_settings(file: str) -> None:
    """What is about no handler, or about a place out of the tree, still has a place in it."""
    report = sample.foreign()
    lost = replace(report.findings[0], file=file, line=0)
    assert _uri(_run(replace(report, findings=(lost,), anchor="shop/ringwork.toml"))["results"][0]) == "shop/ringwork.toml"


def test_a_report_without_an_anchor_points_at_the_targets_module() -> None:
    """A report of an earlier version knows its target only."""
    report = sample.foreign()
    assert _uri(_run(replace(report, findings=(replace(report.findings[0], file=""),)))["results"][0]) == "shop/main.py"


def test_places_begin_at_the_top_of_the_repository() -> None:
    """A project in a folder of a larger repository is found there."""
    assert _uri(_run(replace(sample.foreign(), project="services/a shop"))["results"][0]) == "services/a%20shop/shop/orders.py"


def test_fingerprints_stay_while_the_code_around_moves() -> None:
    """The same finding on another line, in other words, is the same alert; another finding at the same place is another one."""
    report = sample.foreign()
    first, second = report.findings[:2]
    moved = replace(first, line=99, summary="in other words", instances=7)
    other = replace(second, file=first.file, line=first.line, control=first.control)
    before = _run(report)["results"][0]["partialFingerprints"]
    after = [result["partialFingerprints"] for result in _run(replace(report, findings=(moved, other)))["results"]]
    assert after[0] == before
    assert after[1]["primaryLocationLineHash"] != before["primaryLocationLineHash"]


def test_each_result_names_a_rule_of_the_catalogue() -> None:
    """The rule says why it matters and how grave it is, with the weakness in the catalogue's own words."""
    run = _run(sample.foreign())
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    (csrf,) = [rule for rule in rules if rule["id"] == "browser.csrf"]
    assert csrf["properties"]["security-severity"] == "8.0"
    assert "external/cwe/cwe-352" in csrf["properties"]["tags"]
    assert len(csrf["properties"]["tags"]) <= 20
    assert "ringwork explain browser.csrf" in csrf["help"]["text"]


def test_a_finding_that_is_less_grave_than_its_control_has_a_rule_of_its_severity() -> None:
    """Code scanning shows the severity of a rule, so what a check finds below its control's worst needs a rule of its own."""
    report = sample.foreign()
    worst = next(one for one in report.findings if one.control == "browser.csrf")
    run = _run(replace(report, findings=(worst, replace(worst, id="000000000099", severity="low"))))
    rules = run["tool"]["driver"]["rules"]
    named = [rules[result["ruleIndex"]] for result in run["results"]]
    assert [result["ruleId"] for result in run["results"]] == [rule["id"] for rule in named] == ["browser.csrf", "browser.csrf/low"]
    assert [rule["properties"]["security-severity"] for rule in named] == ["8.0", "3.0"]
    assert [rule["defaultConfiguration"]["level"] for rule in named] == [result["level"] for result in run["results"]] == ["error", "note"]
    assert named[1]["help"] == named[0]["help"]
    assert len({rule["name"] for rule in rules}) == len(rules)


def test_a_third_partys_control_has_a_rule_too() -> None:
    """A check that the catalogue does not know is no fault of the output."""
    report = sample.foreign()
    odd = replace(report.findings[0], control="shop.rounding", severity="odd")
    run = _run(replace(report, findings=(odd,)))
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]["id"] == "shop.rounding"


def test_a_waiver_is_a_suppression_with_its_reason() -> None:
    """What somebody accepted is told apart from what is open, with who did and until when."""
    report = sample.foreign()
    waiver = Waived(
        control="access.deny-by-default",
        route="GET /status",
        reason="shown on the wall",
        owner="web team",
        until="2027-03-01",
        source="inline",
        state=WaiverState.USED,
    )
    report = replace(report, findings=(*report.findings[:-1], replace(report.findings[-1], waiver=waiver)))
    results = _run(report)["results"]
    assert results[0]["suppressions"] == []
    told = {"kind": "inSource", "status": "accepted", "justification": "shown on the wall (web team, until 2027-03-01)"}
    assert results[-1]["suppressions"] == [told]


def test_only_a_baseline_tells_new_from_known() -> None:
    """The one new finding of a branch is marked; without a baseline nothing is said about it."""
    report = sample.foreign()
    assert not any("baselineState" in result for result in _run(report)["results"])
    known = replace(report, baseline="baseline.json", known=tuple(finding.id for finding in report.findings[1:]))
    states = [result["baselineState"] for result in _run(known)["results"]]
    assert states == ["new", *["unchanged"] * (len(states) - 1)]


def test_a_result_carries_what_was_asked_and_answered() -> None:
    """A reader sees the attack and the honest request beside it, and the command that repeats it."""
    told = _run(sample.foreign())["results"][0]["properties"]
    assert "Origin: https://evil.invalid" in told["exchanges"][0]["request"]
    assert told["control"]["as"] == "alice"
    assert told["replay"] == "ringwork replay 000000000001"


def test_an_empty_list_is_no_clean_bill() -> None:
    """What was not verified is named, and a run that was cut short did not succeed."""
    told = _run(sample.partial())["invocations"][0]
    assert told["executionSuccessful"] is False
    (note,) = told["toolExecutionNotifications"]
    assert "browser.csrf/token-matrix" in note["message"]["text"]
    assert _run(sample.clean())["invocations"][0]["executionSuccessful"] is True


def test_times_are_utc() -> None:
    """A run's own zone does not shift it."""
    told = _run(replace(sample.clean(), started_at="2026-11-23T23:04:05+02:00", seconds=60))["invocations"][0]
    assert (told["startTimeUtc"], told["endTimeUtc"]) == ("2026-11-23T21:04:05Z", "2026-11-23T21:05:05Z")
    assert "startTimeUtc" not in _run(replace(sample.clean(), started_at="yesterday"))["invocations"][0]


def test_waivers_that_are_due_are_told() -> None:
    """They are no findings of the code, but what the run was configured with."""
    told = _run(sample.late())["invocations"][0]["toolConfigurationNotifications"]
    assert [one["level"] for one in told] == ["error", "warning"]
    assert _uri(told[0]) == "shop/sync.py"


def test_no_message_holds_a_link_of_the_targets() -> None:
    """Code scanning makes a link of `[words](address)` in a message; a path or an answer may hold one."""
    link = "[log in again](https://login.invalid/)"
    report = sample.foreign()
    finding = replace(report.findings[0], where=f"GET /{link}", summary=link, fix=link)
    message = _run(replace(report, findings=(finding,)))["results"][0]["message"]["text"]
    assert message.count("[log in again] (https://login.invalid/)") == 3
