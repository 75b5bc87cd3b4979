from __future__ import annotations

import json
from dataclasses import replace

from ringwork.prove.evidence import Evidence, Report, Verdict, Waived, WaiverState
from ringwork.report import tickets
from tests.report import sample

SHOP = sample.foreign()


def _lines(report: Report, **options: object) -> list[dict[str, object]]:
    return [json.loads(line) for line in tickets.render(report, **options).splitlines()]  # type: ignore[arg-type]


def test_each_finding_is_one_line_with_its_version_first() -> None:
    """A reader of lines needs no more than a line, and knows by which rules to read it."""
    found = _lines(SHOP)
    assert [line["id"] for line in found] == [finding.id for finding in SHOP.findings]
    assert all(next(iter(line)) == "ticket" for line in found)


def test_the_key_stays_while_code_moves() -> None:
    """A later run updates the same ticket, whatever line, summary and day it has."""
    moved = tuple(replace(finding, line=999, summary="other words") for finding in SHOP.findings)
    later = replace(SHOP, findings=moved, started_at="2027-01-01T00:00:00+00:00", commit="abc")
    assert [line["key"] for line in _lines(later)] == [line["key"] for line in _lines(SHOP)]


def test_several_applications_are_kept_apart_by_their_prefix() -> None:
    """A finding of the settings has the same id in each of them."""
    assert _lines(SHOP, prefix="shop")[0]["key"] == f"shop-{SHOP.findings[0].id}"


def test_says_what_is_open_known_and_accepted() -> None:
    """Who triages sees what is new, and until when somebody answers for the rest."""
    first, second, *_, last = SHOP.findings
    waiver = Waived(
        control=last.control,
        route=last.where,
        reason="on the wall",
        owner="web",
        until="2027-03-01",
        source="policy",
        state=WaiverState.USED,
    )
    findings = (replace(first, owner="platform"), second, replace(last, waiver=waiver))
    new, known, accepted = _lines(replace(SHOP, findings=findings, known=(second.id,)))
    assert (new["state"], new["known"], new["owner"], new["waiver"]) == ("open", False, "platform", None)
    assert (known["state"], known["known"]) == ("open", True)
    assert (accepted["state"], accepted["waiver"]) == ("accepted", {"reason": "on the wall", "owner": "web", "until": "2027-03-01"})


def test_tells_what_is_fixed_and_not_what_was_not_tested() -> None:
    """A ticket is closed by a test, and by nothing else."""
    gone, *rest = (finding for finding in SHOP.findings if finding.control == "browser.csrf")

    def later(*, held: bool) -> Report:
        results = tuple(
            replace(one, verdict=Verdict.NOT_VERIFIED, held=held, evidence=Evidence(check=one.check)) if one.check == gone.check else one
            for one in SHOP.results
        )
        return replace(SHOP, findings=(), results=results)

    before = replace(SHOP, findings=(gone,))
    assert [(line["id"], line["state"]) for line in _lines(later(held=True), before=before)] == [(gone.id, "fixed")]
    assert _lines(later(held=False), before=before) == []
    assert rest


def test_a_hostile_target_stays_inside_its_line() -> None:
    """Line ends and escape sequences of an answer begin no second ticket and steer no terminal."""
    text = tickets.render(sample.hostile())
    assert len(text.splitlines()) == len(sample.hostile().findings)
    assert "\x1b" not in text
