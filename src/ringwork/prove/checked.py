"""What reading alone found, judged: each finding with its control, its tier, its path and its fix, and what could not be read.

Against a report that drowns what matters: two tiers, of which the first is shown, and both are counted. What a person accepted, with
reason, owner and day, is told and fails nothing.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ringwork.controls import control as catalogue
from ringwork.errors import TargetFailed
from ringwork.prove import grades, judge, kinds, waivers
from ringwork.survey.flows import Flow, Past, Step, Strength, Unread, secret_id
from ringwork.survey.linters.merging import OURS, Row
from ringwork.survey.linters.suppressions import Form, Suppression
from ringwork.survey.linters.tool import Result

CLEAN, FINDINGS, INCONCLUSIVE = 0, 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding. id: the same while kind, file and function stay, whatever the line. severity: of its control, one lower where weak.

    steps: from where a value comes in to the place. seen_by: "ringwork" and the rules of other tools. accepted: who accepted it and why.
    """

    id: str
    kind: str
    control: str
    check: str
    severity: str
    strength: Strength
    file: str
    line: int
    column: int
    said: str
    fix: str
    steps: tuple[Step, ...]
    seen_by: tuple[str, ...]
    routes: tuple[str, ...] = ()
    function: str = ""
    accepted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A whole run. found: all, gravest first. shows_weak: whether weak ones were asked for, and so count for the exit code.

    files, lines: that were read. asked: files that were asked for by name, 0 for all. left_out: test files that nobody asked to read.
    suppressed: comments and settings that switch warnings off; their faults are findings. past: of earlier commits, where asked for.
    """

    root: str
    version: str
    found: tuple[Found, ...]
    unread: tuple[Unread, ...]
    tools: tuple[Result, ...]
    suppressed: tuple[Suppression, ...]
    files: int
    lines: int
    seconds: float
    fail_on: str
    shows_weak: bool
    exit_code: int
    exit_reason: str
    asked: int = 0
    left_out: int = 0
    faults: tuple[str, ...] = ()
    past: Past | None = None

    @property
    def open(self) -> tuple[Found, ...]:
        """Those to be shown, that nobody accepted."""
        return tuple(one for one in self.found if not one.accepted and (self.shows_weak or one.strength is Strength.STRONG))

    def count(self, strength: Strength) -> int:
        """How many of a tier nobody accepted."""
        return sum(not one.accepted and one.strength is strength for one in self.found)


def found(
    rows: Iterable[Row],
    suppressed: Sequence[Suppression],
    *,
    select: Sequence[str],
    ignore: Sequence[str],
    today: datetime.date,
    past: Past | None = None,
) -> tuple[Found, ...]:
    """All findings, strong ones before weak, each gravest first. past: with the records of what was rotated."""
    shared = catalogue.load().controls
    known = frozenset(str(row.id) for row in shared)
    graded = {str(check.id): check.severity for row in shared for check in row.checks}
    accepting = [one for one in suppressed if one.form is Form.RINGWORK]
    met = Counter[tuple[str, ...]]()

    def is_wanted(one: Found) -> bool:
        is_selected = not select or any(covers(name, one.check) for name in select)
        return is_selected and not any(covers(name, one.check) for name in ignore)

    accepted = (_accepted(_found(row, graded, met), accepting, known, today) for row in rows)
    made = list(_once([one for one in accepted if is_wanted(one)]))
    if past is not None:  # a comment speaks of a line as it is now; what an earlier commit added in that place is something else
        old = (_of_past(_found(Row(flow=flow, seen_by=(OURS,)), graded, met), flow, past) for flow in past.flows)
        made += [one for one in old if is_wanted(one)]
    order = {name: number for number, name in enumerate(grades.SEVERITIES)}
    return tuple(sorted(made, key=lambda one: (one.strength is Strength.WEAK, order[one.severity], one.file, one.line, one.kind)))


def _once(made: Sequence[Found]) -> Iterator[Found]:
    """Without the weak ones of a line in which the same control has a strong one, and with one of several weak ones of one check.

    That a loader is unsafe says less than what it loads.
    """
    by_line: dict[tuple[str, str, int], list[Found]] = {}
    for one in made:
        by_line.setdefault((one.control, one.file, one.line), []).append(one)
    for beside in by_line.values():
        strong = [one for one in beside if one.strength is Strength.STRONG]
        weak = [one for one in beside if one.strength is Strength.WEAK]
        if strong and not all(one.accepted for one in strong):
            yield _told_by(strong[0], weak)
            yield from strong[1:]
            continue
        yield from strong
        for check in dict.fromkeys(one.check for one in weak):
            first, *others = [one for one in weak if one.check == check]
            yield _told_by(first, others)


def _told_by(one: Found, others: Sequence[Found]) -> Found:
    return replace(one, seen_by=tuple(dict.fromkeys(name for each in (one, *others) for name in each.seen_by)))


def _found(row: Row, graded: dict[str, str], met: Counter[tuple[str, ...]]) -> Found:
    flow, meant = row.flow, kinds.meaning(row.flow)
    control = meant.check.partition("/")[0]
    key = (meant.check, flow.kind, flow.place.file, flow.function, flow.sink)
    met[key] += 1
    is_strong = flow.strength is Strength.STRONG
    return Found(
        id=judge.finding_id(control, kinds.check_of(flow), "\0".join(key), str(met[key])),
        kind=flow.kind,
        control=control,
        check=meant.check,
        severity=graded[meant.check] if is_strong else _lower(graded[meant.check], flow.kind),
        strength=flow.strength,
        file=flow.place.file,
        line=flow.place.line,
        column=flow.place.column,
        said=flow.detail or meant.said,
        fix=meant.fix,
        steps=flow.steps,
        seen_by=row.seen_by,
        routes=flow.routes,
        function=flow.function,
    )


def _of_past(one: Found, flow: Flow, past: Past) -> Found:
    """A secret of the history has its own id, by which a project's record says that it was rotated."""
    record = past.record(flow)
    told = f"rotated on {record.day} ({record.by})" if record is not None else ""
    return replace(one, id=secret_id(flow), said=f"secret {secret_id(flow)}: {one.said}", accepted=told)


_REMARKS = frozenset({"noted", "types", "dependency", "contract", "suppression"})


def _lower(severity: str, kind: str) -> str:
    """One grade lower: what nobody saw all the way is not as sure."""
    if kind in _REMARKS:
        return grades.SEVERITIES[-1]
    at = grades.SEVERITIES.index(severity)
    return grades.SEVERITIES[min(at + 1, len(grades.SEVERITIES) - 1)]


def covers(name: str, check: str) -> bool:
    """Whether a layer ("input"), a control ("input.sql-injection") or a check is the check, or holds it."""
    return check == name or check.startswith((f"{name}.", f"{name}/"))


def require_known(names: Iterable[str]) -> None:
    """Raise TargetFailed for a name that is no layer, control or check."""
    known = [str(row.id) for one in catalogue.load().controls for row in one.checks]
    for name in names:
        if not any(covers(name, one) for one in known):
            advice = "write a layer (input), a control (input.sql-injection) or a check; `ringwork catalogue` lists them"
            raise TargetFailed(step="settings", problem=f"{name!r} names nothing of the catalogue", advice=advice)


def _accepted(one: Found, comments: Sequence[Suppression], known: frozenset[str], today: datetime.date) -> Found:
    spots = {(one.file, one.line), *((step.file, step.line) for step in one.steps[-1:])}  # where it is told, and where it matters
    for comment in comments:
        is_there = any(comment.file == file and comment.first <= line <= comment.last for file, line in spots)
        if is_there and one.control in comment.codes:
            given = _fields(comment, known, today)
            if given is not None:
                return _with(one, given)
    return one


def _with(one: Found, accepted: str) -> Found:
    return replace(one, accepted=accepted)


def _fields(comment: Suppression, known: frozenset[str], today: datetime.date) -> str | None:
    """Why, by whom and until when; None for one that is not whole, or past its day."""
    try:
        _, reason, owner, until = waivers.fields_of(words(comment), known, today)
    except ValueError:
        return None
    return f"{reason} ({owner}, until {until})" if datetime.date.fromisoformat(until) >= today else None


def words(comment: Suppression) -> str:
    """What stands after the mark, as `waivers` reads it."""
    return comment.text.partition("ringwork:")[2].strip()


def faults(suppressed: Sequence[Suppression], today: datetime.date) -> tuple[str, ...]:
    """What is wrong with ringwork's own comments, each with its place: not whole, or past its day."""
    known, told = {str(row.id) for row in catalogue.load().controls}, list[str]()
    for one in suppressed:
        if one.form is Form.RINGWORK:
            try:
                until = waivers.fields_of(words(one), known, today)[3]
            except ValueError as error:
                told.append(f"{one.file}:{one.line}: {error}")
            else:
                if datetime.date.fromisoformat(until) < today:
                    told.append(f"{one.file}:{one.line}: it ended on {until}, and accepts nothing any more")
    return tuple(told)


def ended(
    shown: Sequence[Found], *, fail_on: str, files: int, lost: int, unread: int, broken_waivers: int, is_whole: bool
) -> tuple[int, str]:
    """The exit code and its reason. shown: open ones of the tiers that were asked for.

    lost: how many files could not be read at all. unread: of how many a part could not be. A change of no Python file is clean.
    """
    if (not files and is_whole) or (files and lost == files):
        return INCONCLUSIVE, "no Python file was read"
    at = grades.SEVERITIES.index(fail_on)
    failing = sum(grades.SEVERITIES.index(one.severity) <= at for one in shown)
    if failing or broken_waivers:
        told = [f"{failing} at or above {fail_on}"] * bool(failing) + [f"{broken_waivers} waivers that do not hold"] * bool(broken_waivers)
        return FINDINGS, " and ".join(told)
    # Against a file with a fault in it that is taken for one without findings.
    but = f" in what was read; of {files} Python files {unread} could not be read whole" if unread else ""
    return CLEAN, f"nothing at or above {fail_on}{but}"
