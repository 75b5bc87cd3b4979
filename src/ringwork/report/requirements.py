"""Outside standards, requirement by requirement: what the checks that answer each of them came to.

Against a table of green ticks for what nobody looked at: every item of a list is shown, the ones that no control answers as
not covered with the reason, and one violated or open check decides the word for the whole item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ringwork.controls import control as catalogue
from ringwork.controls import standards
from ringwork.prove.evidence import CheckResult, Report
from ringwork.report.rings import is_tried
from ringwork.report.signs import NONE, OPEN, Sign
from ringwork.report.tally import ENDS, End, Tally, end_of

NOT_COVERED = "not covered"
OUTSIDE = "not in this run"

SHOWN = ("owasp_2025", "owasp_2021", "api_2023", "asvs", "wstg", "cwe")
"""The standards of a report, as they come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A control that answers a requirement. word, sign: its checks as a whole. checks: those tried, each with its sign."""

    id: str
    word: str
    sign: Sign
    checks: tuple[tuple[str, Sign], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One code. title: "" where the catalogue names only its chapter. reason: why no control answers it, "" when one does."""

    code: str
    title: str
    word: str
    sign: Sign
    tally: Tally
    answers: tuple[Answer, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A part of a long standard. counts: word to how many of its requirements have it."""

    code: str
    title: str
    requirements: tuple[Requirement, ...]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """chapters: empty for a standard that is listed item by item; requirements then holds the items, else all of all chapters."""

    key: str
    title: str
    requirements: tuple[Requirement, ...]
    chapters: tuple[Chapter, ...]
    counts: Mapping[str, int]
    is_whole: bool


WORDS: tuple[tuple[str, Sign], ...] = (
    *((end.value, ENDS[end]) for end in (End.PROVEN, End.HELD, End.VIOLATED, End.ACCEPTED, End.NOT_VERIFIED, End.MANUAL)),
    (End.NOT_APPLICABLE.value, ENDS[End.NOT_APPLICABLE]),
    (OUTSIDE, OPEN),
    (NOT_COVERED, NONE),
)
"""Every word that a requirement may end with, and its sign, in the order of columns."""

_SIGNS = dict(WORDS)


def tables(report: Report) -> tuple[Standard, ...]:
    """The standards of SHOWN, filled in by a run."""
    shared = catalogue.load()
    by_control = dict[str, list[CheckResult]]()
    for result in report.results:
        by_control.setdefault(result.check.partition("/")[0], []).append(result)
    answers: dict[str, Answer] = {row.id: _answer(row.id, by_control.get(row.id, ())) for row in shared.controls}
    return tuple(_standard(key, shared, answers, by_control) for key in SHOWN)


def _answer(id_: str, results: Sequence[CheckResult]) -> Answer:
    end = Tally.of(map(end_of, results)).end
    word = OUTSIDE if end is None else end.value
    tried = tuple((result.check, ENDS[end_of(result)]) for result in results if is_tried(result))
    return Answer(id=id_, word=word, sign=_SIGNS[word], checks=tried)


def _standard(
    key: str, shared: catalogue.Catalogue, answers: Mapping[str, Answer], by_control: Mapping[str, Sequence[CheckResult]]
) -> Standard:
    rows = dict[str, list[str]]()
    for row in shared.controls:
        for code in row.standards[key]:
            rows.setdefault(code, []).append(row.id)
    reasons = {code: _told(reason) for reason, codes in shared.not_mapped.items() if reason.partition("_")[0] == key for code in codes}
    titles = shared.requirements.get(key, {})
    listed = {code for code in titles if standards.is_code(key, code)}
    codes = sorted({*rows, *reasons, *listed}, key=standards.code_order)
    requirements = tuple(
        _requirement(code, titles.get(code, ""), [answers[id_] for id_ in rows.get(code, ())], by_control, reasons.get(code, ""))
        for code in codes
    )
    return Standard(
        key=key,
        title=shared.standards[key],
        requirements=requirements,
        chapters=_chapters(key, titles, requirements) if titles and not listed else (),
        counts=_counts(requirements),
        is_whole=bool(titles),
    )


def _told(reason: str) -> str:
    """`asvs_authorization_server` as words; a bare standard gives no reason of its own."""
    _, _, words = reason.partition("_")
    return words.replace("_", " ") or "no control of the catalogue answers it"


def _requirement(
    code: str, title: str, answers: Sequence[Answer], by_control: Mapping[str, Sequence[CheckResult]], reason: str
) -> Requirement:
    tally = Tally.of(end_of(result) for answer in answers for result in by_control.get(answer.id, ()))
    word = _word(tally, answers)
    reason = (reason or "no control of the catalogue answers it") if word == NOT_COVERED else ""
    return Requirement(code=code, title=title, word=word, sign=_SIGNS[word], tally=tally, answers=tuple(answers), reason=reason)


def _word(tally: Tally, answers: Sequence[Answer]) -> str:
    if not answers:
        return NOT_COVERED
    missing = any(answer.word == OUTSIDE for answer in answers)
    if tally.end is None:
        return OUTSIDE
    # Against a run of a few controls that proves a whole requirement: what was left out is open.
    return End.NOT_VERIFIED.value if missing and tally.end not in {End.VIOLATED, End.ACCEPTED} else tally.end.value


def _chapters(key: str, titles: Mapping[str, str], requirements: Iterable[Requirement]) -> tuple[Chapter, ...]:
    within: dict[str, list[Requirement]] = {heading: [] for heading in titles}
    for requirement in requirements:
        within[standards.heading_of(key, requirement.code)].append(requirement)
    return tuple(
        Chapter(code=heading, title=titles[heading], requirements=tuple(found), counts=_counts(found)) for heading, found in within.items()
    )


def _counts(requirements: Iterable[Requirement]) -> Mapping[str, int]:
    """Word to count, in the order of WORDS, zeros left out."""
    found = Counter(requirement.word for requirement in requirements)
    return MappingProxyType({word: found[word] for word, _ in WORDS if found[word]})
