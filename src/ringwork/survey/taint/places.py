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

_PUT, _BESIDE = "is put into a text", "is put beside other text"
"""What the step says on which a piece comes behind words of others, and on which it gets no more than signs, or text behind it."""
MADE = _PUT
_SAID = frozenset({_PUT, _BESIDE})
_ABOVE = frozenset({
    "argv", "code", "command", "deserialise", "error-detail", "format", "html", "html-stored", "import", "ldap", "mail", "nosql", "page",
    "path", "prompt", "redirect", "regex", "soql", "sql", "ssrf", "template", "xml", "xml-text", "xpath",
})  # fmt: skip
"""Kinds of places whose fault is what they are handed; that of the others is how they take it, for all of their callers at once."""
_ESCAPED = frozenset({"html", "html-stored", "xml-text"})
"""Kinds of places whose values are made harmless as they are put into a text, and not afterwards."""
_PUTTING = frozenset({"join", "joinpath", "safe_substitute", "substitute", "urljoin"})
"""Last names of library functions that put a text into another."""


def is_above(kind: str) -> bool:
    """Whether who hands a value in is at fault, and not the function that uses it."""
    return kind in _ABOVE


def escaped(kind: str, trail: Trail | None) -> Trail | None:
    """The step that made markup of a piece, which is where it has to be escaped; None for what is bound or checked where it is used."""
    return made(trail) if kind in _ESCAPED else None


def made(trail: Trail | None) -> Trail | None:
    """The step that put a piece into its text; None where it came as it is."""
    while trail is not None and trail.said not in _SAID:
        trail = trail.before
    return trail


def kept(trail: Trail | None, before: Trail | None) -> Trail | None:
    """The way of what comes back from a function: of the function's own steps the one that made the text is kept."""
    step = made(trail)
    return before if step is None else Trail(step.file, step.at, step.said, before, step.function)


def text(run: Run, parts: Sequence[str | Value], at: int, *, is_joined: bool = False) -> Value:
    """Text put together from parts here. is_joined: of parts that are finished, so that those with texts of others were made elsewhere."""
    return values.text_of(_put(run, parts, at, is_joined=is_joined))


def _put(run: Run, parts: Sequence[str | Value], at: int, *, is_joined: bool) -> Sequence[str | Value]:
    if len(parts) < 2 or not any(type(part) is Value and (part.taint or values.within(part)) for part in parts):
        return parts
    found: list[str | Value] = []
    said = _BESIDE
    is_first = True
    for part in parts:
        if type(part) is Value and (taint := values.within(part)):
            is_new = is_joined or is_first
            found.append(part if is_new and all(made(mark.trail) for mark in taint.values()) else _stepped(part, _step(run, at, said)))
        else:
            found.append(part)
        is_first = is_first and _is_empty(part)
        said = said if said == _PUT or not _is_wordy(part) else _PUT
    return found


def operands(run: Run, left: Value, right: Value, at: int) -> tuple[Value, Value]:
    """Two values of which the second comes behind the first here."""
    if not right.taint and not values.within(right):
        return left, right
    return left, _stepped(right, _step(run, at, _PUT))


def library(run: Run, name: str, lead: Value | None, taint: Taint, at: int) -> Taint:
    """What a function of a library makes of several texts. lead: the one that the others come behind."""
    if not taint or name.rpartition(".")[2] not in _PUTTING or lead is None or values.within(lead):
        return taint
    return _stepped_taint(taint, _step(run, at, _PUT))


def _step(run: Run, at: int, said: str) -> Trail:
    return Trail(run.frame.unit.file, at, said, None, run.frame.function)


def _is_empty(part: str | Value) -> bool:
    return not part if type(part) is str else isinstance(part, Value) and part.kind is Kind.CONSTANT and part.data in {"", b""}


def _is_wordy(part: str | Value) -> bool:
    """Whether something is more than the signs around a pattern or between words: nobody takes "%" for a statement."""
    if type(part) is str:
        return any(map(str.isalpha, part))
    if isinstance(part, Value) and part.kind is Kind.CONSTANT:
        return isinstance(part.data, str) and any(map(str.isalpha, part.data))
    return True


def _stepped(value: Value, step: Trail) -> Value:
    data = value.data
    if value.kind in {Kind.TEXT, Kind.SEVERAL}:
        data = tuple(_stepped(part, step) if type(part) is Value and values.within(part) else part for part in data)
    return Value(value.kind, data, value.type, _stepped_taint(value.taint, step), value.facts)


def _stepped_taint(taint: Taint, step: Trail) -> Taint:
    return {atom: Mark(mark.clean, _behind(mark.trail, step), mark.weak) for atom, mark in taint.items()}


def _behind(trail: Trail | None, step: Trail) -> Trail | None:
    """The first text of words that a piece is put into, which is where it does harm: one that grows in a loop stays the same."""
    known = made(trail)
    if known is None:
        return step._replace(before=trail)
    if known.said == _PUT:
        return trail
    return step._replace(before=trail.before if trail is known else trail)
