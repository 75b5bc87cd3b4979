"""The findings that a project already knows: a file beside its source, read by people and by `ringwork prove --baseline`.

Against a first run of many findings that makes everybody look away, and against a file that hides more than it was made for:
entries are matched by the finding's id, which no line number moves, and are taken out only when their place was tested again.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove.evidence import Finding, Report, Verdict

FILE = "ringwork-baseline.json"
VERSION = 1
"""The version that is written, and the only one that is read."""

_ADVICE = "write it again with `ringwork baseline record`, or take the damaged entry out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One known finding. id: as in the report. recorded: ISO date on which it was taken in. reason: a person's, may be "".

    also: the ids of what was folded into it, by which other runs may know it.
    """

    id: str
    check: CheckId
    where: str
    severity: str
    file: str
    recorded: str
    reason: str = ""
    also: tuple[str, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Every id that means this entry."""
        return frozenset({self.id, *self.also})


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """target: as the report named it, for people. entries: ordered by check, place and id, so that a diff of the file is short."""

    target: str
    entries: tuple[Entry, ...]


def record(report: Report, *, reason: str, today: datetime.date) -> Baseline:
    """All that this report found violated; what a waiver accepts needs no entry."""
    return update(Baseline(target=report.target, entries=()), report, reason=reason, today=today)


def update(old: Baseline, report: Report, *, reason: str, today: datetime.date) -> Baseline:
    """The old entries, reasons and dates kept, and what this report adds; nothing is taken out."""
    violated = [finding for finding in report.findings if finding.verdict is Verdict.VIOLATED]
    kept = [_renewed(entry, violated) for entry in old.entries]
    had = {id_ for entry in old.entries for id_ in entry.ids}
    added = [_entry(finding, reason, today) for finding in violated if not finding.ids & had]
    return Baseline(target=old.target, entries=_ordered([*kept, *added]))


def _renewed(entry: Entry, violated: Sequence[Finding]) -> Entry:
    """The entry as this run found it, where it did."""
    finding = next((one for one in violated if one.ids & entry.ids), None)
    if finding is None:
        return entry
    also = tuple(sorted((entry.ids | finding.ids) - {entry.id}))
    return replace(entry, severity=finding.severity, file=finding.file, also=also)


def prune(old: Baseline, report: Report) -> Baseline:
    """The old entries less those that are gone; what was not tested again stays."""
    out = set(gone(old, report))
    return replace(old, entries=tuple(entry for entry in old.entries if entry.id not in out))


def known(baseline: Baseline, findings: Sequence[Finding]) -> tuple[str, ...]:
    """The ids of these violations that the baseline lists, each with all that was folded into it."""
    listed = {id_ for entry in baseline.entries for id_ in entry.ids}
    return tuple(finding.id for finding in findings if finding.is_among(listed) and finding.verdict is Verdict.VIOLATED)


def gone(baseline: Baseline, report: Report) -> tuple[str, ...]:
    """The ids of entries whose place was tested again without finding them."""
    there = {id_ for finding in report.findings for id_ in finding.ids}
    return tuple(e.id for e in baseline.entries if not e.ids & there and report.looked_at(e.check, e.where))


def _entry(finding: Finding, reason: str, today: datetime.date) -> Entry:
    return Entry(
        id=finding.id,
        check=finding.check,
        where=finding.where,
        severity=finding.severity,
        file=finding.file,
        recorded=today.isoformat(),
        reason=reason,
        also=tuple(sorted(finding.ids - {finding.id})),
    )


def _ordered(entries: list[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.check, entry.where, entry.id)))


def to_json(baseline: Baseline) -> str:
    """The file: `baseline`, its version mark, first; one finding under the other; ASCII, ending in a line feed."""
    entries = [{name: value for name, value in dataclasses.asdict(one).items() if name != "also" or value} for one in baseline.entries]
    return json.dumps({"baseline": VERSION, "target": baseline.target, "entries": entries}, indent=1) + "\n"


def read(path: Path) -> Baseline:
    """A baseline file. Raises TargetFailed with the place of the first fault and what to do."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        advice = f"make it with `ringwork baseline record --file {path}` after a run, or leave --baseline out"
        raise TargetFailed(step="baseline", problem=f"there is no file {path}", advice=advice) from error
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(path, "this is no JSON that can be read") from error
    if not isinstance(found, dict) or "baseline" not in found:
        raise _broken(path, "there is no version mark, so this is no baseline of ringwork")
    version = found["baseline"]
    if version != VERSION or type(version) is not int:
        raise _broken(path, f"this is version {json.dumps(version)[:20]}, and version {VERSION} is what can be read")
    entries = found.get("entries")
    if not isinstance(entries, list) or not isinstance(found.get("target"), str):
        raise _broken(path, "target has to be text and entries a list")
    return Baseline(target=found["target"], entries=tuple(_read(item, i, path) for i, item in enumerate(entries)))


def _read(item: Any, place: int, path: Path) -> Entry:
    names = [field.name for field in dataclasses.fields(Entry)]
    if not isinstance(item, Mapping):
        raise _broken(path, f"entries[{place}] is no object")
    for name in names:
        if name != "also" and not isinstance(item.get(name, "" if name == "reason" else None), str):
            raise _broken(path, f"entries[{place}].{name} has to be text")
    for name in item:
        if name not in names:
            raise _broken(path, f"entries[{place}].{name} is unknown")
    also = item.get("also", [])
    if not isinstance(also, list) or not all(isinstance(id_, str) for id_ in also):
        raise _broken(path, f"entries[{place}].also has to be a list of ids")
    return Entry(**{**item, "also": tuple(also)})


def _broken(path: Path, problem: str) -> TargetFailed:
    return TargetFailed(step="baseline", problem=f"{path}: {problem}", advice=_ADVICE)
