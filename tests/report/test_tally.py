from __future__ import annotations

from dataclasses import replace

import pytest

from ringwork.prove.evidence import CheckResult, Verdict
from ringwork.report.tally import End, Tally, end_of
from tests.report import sample

ANY = sample.clean().results[0]


def _result(verdict: Verdict, *, kind: str = "live", held: bool = False) -> CheckResult:
    return replace(ANY, verdict=verdict, kind=kind, held=held)


@pytest.mark.parametrize(
    ("result", "end"),
    [
        (_result(Verdict.PROVEN), End.PROVEN),
        (_result(Verdict.PROVEN, kind="process"), End.PROVEN),
        (_result(Verdict.VIOLATED), End.VIOLATED),
        (_result(Verdict.ACCEPTED), End.ACCEPTED),
        (_result(Verdict.NOT_APPLICABLE), End.NOT_APPLICABLE),
        (_result(Verdict.NOT_VERIFIED), End.NOT_VERIFIED),
        (_result(Verdict.NOT_VERIFIED, held=True), End.HELD),
        (_result(Verdict.NOT_VERIFIED, kind="process"), End.MANUAL),
    ],
)
def test_a_check_ends_as_its_verdict_or_as_a_kind_of_not_verified(result: CheckResult, end: End) -> None:
    """What held, and what people's papers decide, is counted apart from what was merely not tried."""
    assert end_of(result) is end


@pytest.mark.parametrize(
    ("ends", "whole"),
    [
        ([], None),
        ([End.PROVEN, End.PROVEN], End.PROVEN),
        ([End.PROVEN, End.NOT_APPLICABLE], End.PROVEN),
        ([End.NOT_APPLICABLE], End.NOT_APPLICABLE),
        ([End.PROVEN, End.HELD], End.HELD),
        ([End.PROVEN, End.NOT_VERIFIED], End.NOT_VERIFIED),
        ([End.PROVEN, End.MANUAL], End.NOT_VERIFIED),
        ([End.MANUAL, End.MANUAL], End.MANUAL),
        ([End.HELD, End.NOT_VERIFIED], End.NOT_VERIFIED),
        ([End.PROVEN, End.ACCEPTED], End.ACCEPTED),
        ([End.PROVEN, End.ACCEPTED, End.VIOLATED], End.VIOLATED),
    ],
)
def test_a_whole_is_never_better_than_its_parts(ends: list[End], whole: End | None) -> None:
    """One open check is enough to leave the whole open, and one hole to call it violated."""
    assert Tally.of(ends).end is whole


def test_the_shares_follow_one_another_and_fill_the_whole() -> None:
    """A ring has neither gaps nor overlaps, and nothing that did not happen."""
    shares = Tally.of([End.PROVEN] * 3 + [End.VIOLATED] + [End.MANUAL] * 3).shares
    assert [(share.end, share.count) for share in shares] == [(End.PROVEN, 3), (End.VIOLATED, 1), (End.MANUAL, 3)]
    assert shares[0].start == 0
    assert shares[1].start == pytest.approx(shares[0].length)
    assert sum(share.length for share in shares) == pytest.approx(100, abs=0.1)
