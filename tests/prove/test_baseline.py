from __future__ import annotations

import datetime
import json
from dataclasses import replace

import pytest

from ringwork.errors import TargetFailed
from ringwork.prove import baseline
from ringwork.prove.evidence import Evidence, Folded, Verdict
from tests.report import sample

SHOP = sample.foreign()
TODAY, LATER = datetime.date(2031, 1, 1), datetime.date(2031, 2, 1)
KEPT = baseline.record(SHOP, reason="from the old system", today=TODAY)
VIOLATED = [finding for finding in SHOP.findings if finding.verdict is Verdict.VIOLATED]


def _made(report, check, *, held):
    results = tuple(
        replace(one, verdict=Verdict.NOT_VERIFIED, held=held, evidence=Evidence(check=check)) if one.check == check else one
        for one in report.results
    )
    return replace(report, results=results)


def test_records_what_is_violated_and_not_what_is_accepted():
    """A waiver has its own day; an entry of the baseline would outlive it."""
    assert {entry.id for entry in KEPT.entries} == {finding.id for finding in VIOLATED}
    assert len(VIOLATED) < len(SHOP.findings)


def test_knows_a_finding_whatever_its_line():
    """Code that moves is not new, and neither is a summary in other words."""
    moved = [replace(finding, line=finding.line + 99, summary="other words") for finding in SHOP.findings]
    assert baseline.known(KEPT, moved) == tuple(finding.id for finding in VIOLATED)
    assert '"line"' not in baseline.to_json(KEPT)


def test_does_not_know_a_finding_of_another_route():
    """A second hole of the same kind is new."""
    assert baseline.known(KEPT, [replace(VIOLATED[0], id="f" * 12)]) == ()


def test_an_update_keeps_reasons_and_adds_what_is_new():
    """What a person wrote down survives, and each entry tells since when."""
    fewer = baseline.record(replace(SHOP, findings=SHOP.findings[1:]), reason="old", today=TODAY)
    found = baseline.update(fewer, replace(SHOP, findings=SHOP.findings[:2]), reason="new", today=LATER)
    by_id = {entry.id: entry for entry in found.entries}
    assert len(found.entries) == len(fewer.entries) + 1
    assert (by_id[SHOP.findings[0].id].reason, by_id[SHOP.findings[0].id].recorded) == ("new", "2031-02-01")
    assert (by_id[SHOP.findings[1].id].reason, by_id[SHOP.findings[1].id].recorded) == ("old", "2031-01-01")


def test_prunes_what_was_tested_again_and_is_gone():
    """A closed hole that comes back is new again."""
    gone = VIOLATED[1]
    later = _made(replace(SHOP, findings=tuple(f for f in SHOP.findings if f.check != gone.check)), gone.check, held=True)
    closed = {finding.id for finding in VIOLATED if finding.check == gone.check}
    assert set(baseline.gone(KEPT, later)) == closed
    assert {entry.id for entry in baseline.prune(KEPT, later).entries} == {entry.id for entry in KEPT.entries} - closed


def test_never_prunes_what_was_not_tested_again():
    """A run that left the check out has closed nothing."""
    gone = VIOLATED[1]
    later = _made(replace(SHOP, findings=tuple(f for f in SHOP.findings if f.check != gone.check)), gone.check, held=False)
    assert baseline.prune(KEPT, later) == KEPT


def test_never_prunes_what_is_accepted_now():
    """A waiver that ends brings the violation back, and it was known."""
    later = replace(SHOP, findings=tuple(replace(finding, verdict=Verdict.ACCEPTED) for finding in SHOP.findings))
    assert baseline.prune(KEPT, later) == KEPT


def test_comes_back_as_it_went(tmp_path):
    """The version stands first, and the same findings make the same file."""
    file = tmp_path / "known.json"
    file.write_text(baseline.to_json(KEPT))
    assert baseline.read(file) == KEPT
    assert next(iter(json.loads(file.read_text()))) == "baseline"
    shuffled = replace(SHOP, findings=tuple(reversed(SHOP.findings)))
    assert baseline.to_json(baseline.record(shuffled, reason="from the old system", today=TODAY)) == file.read_text()


def test_reads_an_entry_without_a_reason(tmp_path):
    """A reason is welcome and not asked for."""
    document = json.loads(baseline.to_json(KEPT))
    del document["entries"][0]["reason"]
    (tmp_path / "known.json").write_text(json.dumps(document))
    assert baseline.read(tmp_path / "known.json").entries[0].reason == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "this is no JSON"),
        ("[]", "there is no version mark"),
        ('{"baseline": 2}', "this is version 2, and version 1 is what can be read"),
        ('{"baseline": true}', "this is version true"),
        ('{"baseline": 1, "target": "a"}', "entries a list"),
        ('{"baseline": 1, "target": "a", "entries": [7]}', "entries[0] is no object"),
        ('{"baseline": 1, "target": "a", "entries": [{"id": "a"}]}', "entries[0].check has to be text"),
    ],
)
def test_refuses_a_damaged_file(tmp_path, text, said):
    """A file that is half read would hide what it does not list, or the other way round."""
    (tmp_path / "known.json").write_text(text)
    with pytest.raises(TargetFailed) as refused:
        baseline.read(tmp_path / "known.json")
    assert said in refused.value.problem


def test_refuses_an_unknown_field(tmp_path):
    """A mistyped reason is not lost in silence."""
    document = json.loads(baseline.to_json(KEPT))
    document["entries"][0]["raeson"] = "x"
    (tmp_path / "known.json").write_text(json.dumps(document))
    with pytest.raises(TargetFailed, match=r"entries\[0\]\.raeson is unknown"):
        baseline.read(tmp_path / "known.json")


def test_says_how_to_make_a_file_that_is_not_there(tmp_path):
    """The first use is the likeliest fault."""
    with pytest.raises(TargetFailed, match="ringwork baseline record --file"):
        baseline.read(tmp_path / "known.json")


FOLDED = replace(VIOLATED[0], folded=(Folded(id="e" * 12, check=VIOLATED[0].check, where="shop.py in go"),))


def test_knows_a_folded_finding_by_each_of_its_ids():
    """Recorded as one, it is known where a later run could only read it; recorded apart, it is known as one."""
    kept = baseline.record(replace(SHOP, findings=(FOLDED,)), reason="", today=TODAY)
    read = replace(VIOLATED[0], id="e" * 12)
    assert baseline.known(kept, [read]) == ("e" * 12,)
    assert baseline.gone(kept, replace(SHOP, findings=(read,))) == ()
    apart = baseline.record(replace(SHOP, findings=(read,)), reason="", today=TODAY)
    assert baseline.known(apart, [FOLDED]) == (FOLDED.id,)
    assert baseline.known(apart, [VIOLATED[0]]) == ()


def test_a_second_way_to_a_known_attack_is_not_known():
    """Against a new hole that hides behind an old one because both are told as one finding."""
    kept = baseline.record(replace(SHOP, findings=(FOLDED,)), reason="", today=TODAY)
    more = replace(FOLDED, folded=(*FOLDED.folded, Folded(id="d" * 12, check=FOLDED.check, where="shop.py in away")))
    assert baseline.known(kept, [FOLDED]) == (FOLDED.id,)
    assert baseline.known(kept, [more]) == ()
    again = baseline.update(kept, replace(SHOP, findings=(more,)), reason="", today=TODAY)
    assert baseline.known(again, [more]) == (FOLDED.id,)


def test_a_folded_entry_comes_back_as_it_went(tmp_path):
    """Its other ids stand in the file, and only there where it has some."""
    kept = baseline.record(replace(SHOP, findings=(FOLDED, VIOLATED[1])), reason="", today=TODAY)
    file = tmp_path / "known.json"
    file.write_text(baseline.to_json(kept))
    assert baseline.read(file) == kept
    assert file.read_text().count('"also"') == 1
    file.write_text(file.read_text().replace("e" * 12 + '"', "e" * 12 + '", 7'))
    with pytest.raises(TargetFailed, match="also has to be a list of ids"):
        baseline.read(file)
