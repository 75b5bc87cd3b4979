"""Waivers, read and judged: who accepts what, until when, and whether that is still of use.

Against an exception that outlives its reason: each names a person and a day, none reaches further than MOST_DAYS ahead, one past its
day fails the run, and one that covers nothing is told.
"""

from __future__ import annotations

import datetime
import difflib
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import judge, project
from ringwork.prove.evidence import CheckResult, Finding, Waived, WaiverState
from ringwork.prove.target import Target
from ringwork.survey.facts import RouteFacts, WaiverFacts
from ringwork.survey.waivers import Comment

MOST_DAYS = 180
EXAMPLE = '# ringwork: ignore[browser.csrf] reason="signed by the sender" owner=payments until={day}'
_IGNORE = re.compile(r"ignore\[(?P<controls>[^\]]*)\](?P<rest>.*)")
_FIELDS = ("reason", "owner", "until")


def of_comments(
    comments: Sequence[Comment], routes: Sequence[RouteFacts], *, known: Collection[str], today: datetime.date
) -> tuple[WaiverFacts, ...]:
    """One waiver for each control and route of each comment; one for "no route" where it stands on no handler of this application.

    known: the ids of controls. Raises TargetFailed with every comment that is not whole.
    """
    faults, found = list[str](), list[WaiverFacts]()
    for comment in comments:
        try:
            given = fields_of(comment.words, known, today)
        except ValueError as error:
            faults.append(f"{comment.file}:{comment.line}: {error}")
            continue
        controls, reason, owner, until = given
        for control in controls:
            for route in comment.routes(routes) or [NOWHERE]:
                found.append(
                    WaiverFacts(
                        control=control,
                        reason=reason,
                        owner=owner,
                        until=until,
                        route=route,
                        source="inline",
                        file=comment.file,
                        line=comment.line,
                        begins=comment.begins,
                        ends=comment.ends,
                    )
                )
    _require_none(faults, today)
    return tuple(found)


MARK = "mark"
"""The source of a waiver that a handler, its class or its router carries."""

NOWHERE = "no route of this application"
"""What a comment covers that stands on no handler."""


def listed(target: Target) -> tuple[WaiverFacts, ...]:
    """The waivers in the nearest settings file that has any: for an application without a policy, which would bring them along.

    Raises TargetFailed for one that is not whole.
    """
    folder = target.root.joinpath(target.paths[0], *target.module.split(".")[:-1])
    for candidate in (folder, *folder.parents):
        rows = project.whole(candidate).get("waivers")
        if rows:
            return of_rows(rows)
        if candidate == target.root:
            break
    return ()


def of_rows(rows: Any) -> tuple[WaiverFacts, ...]:
    """Waivers as a settings file lists them, as a policy takes them. Raises TargetFailed with every row that is not whole."""
    faults, found = list[str](), list[WaiverFacts]()
    for i, row in enumerate(rows if isinstance(rows, list) else [rows]):
        given = row if isinstance(row, Mapping) else {}
        until = given.get("until")
        texts = {name: given.get(name, "") for name in ("control", "reason", "owner", "route")}
        is_whole = all(isinstance(text, str) and (text.strip() or name == "route") for name, text in texts.items())
        if not is_whole or type(until) is not datetime.date or set(given) - {*texts, "until"}:
            faults.append(
                f"waivers[{i}]: give control, reason, owner and until = 2027-01-31 (a date, without quotes), and route for one alone"
            )
            continue
        found.append(WaiverFacts(**texts, until=until.isoformat()))
    if faults:
        raise TargetFailed(step="waivers", problem="; ".join(faults), advice="correct them in ringwork.toml, or under [tool.ringwork]")
    return tuple(found)


def require_valid(waivers: Sequence[WaiverFacts], *, known: Collection[str], today: datetime.date) -> None:
    """Raise TargetFailed for waivers of the policy and of marks that name no control, or reach too far ahead."""
    faults = list[str]()
    for i, waiver in enumerate(waivers):
        try:
            _require_control(waiver.control, known)
            _require_day(waiver.until, today)
        except ValueError as error:
            place = f"{waiver.file}:{waiver.line}, waive()" if waiver.source == MARK else f"waivers[{i}] of the policy"
            faults.append(f"{place} ({waiver.control}): {error}")
    _require_none(faults, today)


def _require_none(faults: Sequence[str], today: datetime.date) -> None:
    if faults:
        day = today + datetime.timedelta(days=90)
        raise TargetFailed(step="waivers", problem="; ".join(faults), advice=f"for example: {EXAMPLE.format(day=day)}")


def fields_of(words: str, known: Collection[str], today: datetime.date) -> tuple[list[str], str, str, str]:
    """Controls, reason, owner and day. Raises ValueError with what is wrong."""
    shape = _IGNORE.fullmatch(words)
    controls = [part.strip() for part in shape["controls"].split(",")] if shape is not None else [""]
    if shape is None or not all(controls):
        raise ValueError("name the controls in brackets, ignore[browser.csrf]")
    for control in controls:
        _require_control(control, known)
    given = dict(_pairs(shape["rest"]))
    missing = [name for name in _FIELDS if not given.get(name, "").strip()]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing; a waiver says why, who answers for it, and until when")
    _require_day(given["until"], today)
    return controls, given["reason"], given["owner"], given["until"]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError("a quotation mark is not closed") from error
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in _FIELDS:
            raise ValueError(f'{word[:40]!r} is not understood; put a reason of several words in quotation marks, reason="..."')
        yield name, value


def _require_control(control: str, known: Collection[str]) -> None:
    if control not in known:
        stems = [id_ for id_ in sorted(known) if id_.endswith(f".{control}")]
        near = stems or difflib.get_close_matches(control, sorted(known), n=1)
        raise ValueError(f"{control} is no control; {f'did you mean {near[0]}?' if near else '`ringwork catalogue` lists them'}")


def _require_day(until: str, today: datetime.date) -> None:
    try:
        day = datetime.date.fromisoformat(until)
    except ValueError as error:
        raise ValueError(f"until={until[:20]} is no date such as 2027-01-31") from error
    latest = today + datetime.timedelta(days=MOST_DAYS)
    if day > latest:
        raise ValueError(f"until={until} is further ahead than {MOST_DAYS} days; write {latest} or earlier")


def standing(
    waivers: Sequence[WaiverFacts],
    findings: Sequence[Finding],
    results: Sequence[CheckResult],
    *,
    left_out: Collection[str],
    today: datetime.date,
) -> tuple[Waived, ...]:
    """What became of each."""
    made = {result.check.partition("/")[0] for result in results if result.is_made}
    used = {(f.waiver.control, f.waiver.route, f.waiver.file, f.waiver.line) for f in findings if f.waiver is not None}
    grouped = dict[tuple[str, str, int, int], list[WaiverFacts]]()
    for i, waiver in enumerate(waivers):  # a comment is one waiver, however many routes its handler serves
        place = (waiver.control, waiver.file, waiver.line, i if waiver.source == "policy" else 0)
        grouped.setdefault(place, []).append(waiver)
    return tuple(_met(group, made, used, left_out, today) for group in grouped.values())


def _met(
    group: Sequence[WaiverFacts], made: Collection[str], used: Collection[object], left_out: Collection[str], today: datetime.date
) -> Waived:
    first = group[0]
    if datetime.date.fromisoformat(first.until) < today:
        state = WaiverState.EXPIRED
    elif any((waiver.control, waiver.route, waiver.file, waiver.line) in used for waiver in group):
        state = WaiverState.USED
    elif (first.route != NOWHERE or first.begins) and (first.control not in made or all(waiver.route in left_out for waiver in group)):
        state = WaiverState.UNTRIED
    else:
        state = WaiverState.UNUSED
    return replace(judge.as_met(first, state), route=", ".join(waiver.route for waiver in group))
