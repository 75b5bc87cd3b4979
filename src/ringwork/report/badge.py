"""A badge with the numbers of a report: the file that a badge service reads, and a picture that needs no service.

Against a badge that stays green for ever: both are drawn for a moment, and go grey when the evidence is older than it may be or is of
another commit than the one that is asked for.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from ringwork.prove.evidence import Report, Verdict
from ringwork.report.visible import one_line

LABEL = "ringwork"
MAX_AGE = datetime.timedelta(days=30)

COLOURS: Mapping[str, str] = MappingProxyType(
    {"brightgreen": "#1e7b34", "yellowgreen": "#5b6b00", "yellow": "#8a5a00", "red": "#b3261e", "lightgrey": "#5f6368"}
)
"""The service's name of a colour to the one in the picture, dark enough for white text (WCAG 2.2, 1.4.3)."""

_LABEL_COLOUR = "#24292f"
_CHARACTER, _PAD, _HEIGHT = 6.7, 6.0, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """message: one line. colour: a key of COLOURS."""

    message: str
    colour: str


def judge(report: Report, *, now: datetime.datetime, max_age: datetime.timedelta = MAX_AGE, commit: str = "") -> Badge:
    """The badge as of `now`, which has a zone. commit: the one that it should be of, "" for any."""
    stale = _stale(report, now, max_age, commit)
    numbers = _numbers(report)
    if stale:
        return Badge(message=f"{stale}: {numbers}", colour="lightgrey")
    if report.partial or report.exit_code not in {0, 1}:
        return Badge(message=f"inconclusive: {numbers}", colour="yellow")
    if report.exit_code == 1:
        return Badge(message=numbers, colour="red")
    if report.count(Verdict.PROVEN) == 0:
        return Badge(message=f"nothing proven: {numbers}", colour="lightgrey")
    blemished = report.count(Verdict.VIOLATED) or report.count(Verdict.ACCEPTED)
    return Badge(message=numbers, colour="yellowgreen" if blemished else "brightgreen")


def endpoint(badge: Badge) -> str:
    """JSON of schema version 1, as shields.io reads it from an endpoint; ending in a line feed."""
    told = {"schemaVersion": 1, "label": LABEL, "message": badge.message, "color": badge.colour, "cacheSeconds": 3600}
    return json.dumps(told, indent=1) + "\n"


def svg(badge: Badge) -> str:
    """A picture of its own: nothing in it is loaded from anywhere, and its text is there for a screen reader; ending in a line feed."""
    left, right = (round(len(text) * _CHARACTER + 2 * _PAD) for text in (LABEL, badge.message))
    whole = f"{LABEL}: {badge.message}"
    style = 'fill="#ffffff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" aria-label={quoteattr(whole)}>',
        f" <title>{escape(whole)}</title>",
        f' <rect width="{left}" height="{_HEIGHT}" fill="{_LABEL_COLOUR}"/>',
        f' <rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{COLOURS[badge.colour]}"/>',
        f" <g {style}>",
        _text(LABEL, at=_PAD, width=left - 2 * _PAD),
        _text(badge.message, at=left + _PAD, width=right - 2 * _PAD),
        " </g>",
        "</svg>",
        "",
    ]
    return "\n".join(lines)


def _text(text: str, *, at: float, width: float) -> str:
    # Without a length of its own the text would leave its field where another font is drawn.
    return f'  <text x="{at:g}" y="14" textLength="{width:g}" lengthAdjust="spacingAndGlyphs" aria-hidden="true">{escape(text)}</text>'


def _numbers(report: Report) -> str:
    found = report.coverage
    commit = f", {one_line(report.commit)[:7]}{' with changes' if report.tree == 'changed' else ''}" if report.commit else ""
    # Of all that apply: without what was not verified the first number would look like the whole.
    asked = len(report.results) - report.count(Verdict.NOT_APPLICABLE)
    counts = f"proven {report.count(Verdict.PROVEN)}/{asked} checks, violated {report.count(Verdict.VIOLATED)}"
    return f"{counts}, {found.reached}/{found.found} routes{commit}, {one_line(report.started_at)[:10]}"


def _stale(report: Report, now: datetime.datetime, max_age: datetime.timedelta, commit: str) -> str:
    """Why it says nothing about today, "" when it does."""
    try:
        begun = datetime.datetime.fromisoformat(report.started_at)
    except ValueError:
        return "undated"
    if begun.tzinfo is None:
        return "undated"
    if begun > now + datetime.timedelta(days=1):
        return "dated in the future"
    if now - begun > max_age:
        return "out of date"
    return "of another commit" if commit and commit != report.commit else ""
