"""Where a finding is told: in the line that makes the text, not in the helper that every caller shares.

Against one row that stands for three holes: `query(sql)` runs what it is handed, and who puts a request's text into `sql` is who has to
mend it. Each line that makes such a text is a place of its own; where nobody makes one, the call that hands the request's value over is.
A text that is made where it is used stays one place with its use.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwork.survey.taint import values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.values import Kind, Mark, Taint, Trail, Value

_PUT = "is put into a text"
"""What the step says on which a piece gets text of somebody else's before it."""
_ABOVE = frozenset({
    "argv", "code", "command", "deserialise", "error-detail", "format", "html", "html-stored", "import", "ldap", "mail", "nosql", "page",
    "path", "prompt", "redirect", "regex", "soql", "sql", "ssrf", "template", "xml", "xml-text", "xpath",
})  # fmt: skip
"""Kinds of places whose fault is what they are handed; that of the others is how they take it, for all of their callers at once."""
_PUTTING = frozenset({"join", "joinpath", "safe_substitute", "substitute", "urljoin"})
"""Last names of library functions that put a text into another."""


def is_above(kind: str) -> bool:
    """Whether who hands a value in is at fault, and not the function that uses it."""
    return kind in _ABOVE


def made(trail: Trail | None) -> Trail | None:
    """The step that put a piece into its text last; None where it came as it is."""
    while trail is not None and trail.said is not _PUT and trail.said != _PUT:
        trail = trail.before
    return trail


def kept(trail: Trail | None, before: Trail | None) -> Trail | None:
    """The way of what comes back from a function: of the function's own steps the one that made the text is kept."""
    step = made(trail)
    return before if step is None else Trail(step.file, step.at, step.said, before, step.function)


def text(run: Run, parts: Sequence[str | Value], at: int) -> Value:
    """Text put together from parts here."""
    return values.text_of(put(run, parts, at))


def put(run: Run, parts: Sequence[str | Value], at: int) -> Sequence[str | Value]:
    """The parts of a text that is made here, where a piece gets something before it, or is in a text for the first time."""
    if len(parts) < 2 or not any(type(part) is Value and (part.taint or values.within(part)) for part in parts):
        return parts
    found: list[str | Value] = []
    is_behind = False
    for part in parts:
        if type(part) is Value and (taint := values.within(part)) and (is_behind or not all(made(mark.trail) for mark in taint.values())):
            found.append(_stepped(part, Trail(run.frame.unit.file, at, _PUT, None, run.frame.function)))
        else:
            found.append(part)
        is_behind = is_behind or not _is_empty(part)
    return found


def operands(run: Run, left: Value, right: Value, at: int) -> tuple[Value, Value]:
    """Two values of which the second comes behind the first here."""
    if not right.taint and not values.within(right):
        return left, right
    return left, _stepped(right, Trail(run.frame.unit.file, at, _PUT, None, run.frame.function))


def library(run: Run, name: str, lead: Value | None, taint: Taint, at: int) -> Taint:
    """What a function of a library makes of several texts. lead: the one that the others come behind."""
    if not taint or name.rpartition(".")[2] not in _PUTTING or lead is None or values.within(lead):
        return taint
    return _stepped_taint(taint, Trail(run.frame.unit.file, at, _PUT, None, run.frame.function))


def _is_empty(part: str | Value) -> bool:
    return not part if type(part) is str else isinstance(part, Value) and part.kind is Kind.CONSTANT and part.data in {"", b""}


def _stepped(value: Value, step: Trail) -> Value:
    data = value.data
    if value.kind in {Kind.TEXT, Kind.SEVERAL}:
        data = tuple(_stepped(part, step) if type(part) is Value and values.within(part) else part for part in data)
    return Value(value.kind, data, value.type, _stepped_taint(value.taint, step), value.facts)


def _stepped_taint(taint: Taint, step: Trail) -> Taint:
    return {atom: Mark(mark.clean, _behind(mark.trail, step), mark.weak) for atom, mark in taint.items()}


def _behind(trail: Trail | None, step: Trail) -> Trail:
    """One step for a text that is made in several: else one that grows in a loop would never be the same again."""
    if trail is not None and trail.said == _PUT:
        trail = trail.before
    return Trail(step.file, step.at, step.said, trail, step.function)
