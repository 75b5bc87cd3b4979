"""Places where a value from a request matters: which pieces of it reach them, and whether what is known of them makes them harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ringwork.survey.taint import attributes, cleartext, facts, handed, kinds, places, unknowns, uses, values
from ringwork.survey.taint import pieces as parted
from ringwork.survey.taint.frames import Found, Reach, Run
from ringwork.survey.taint.values import Atom, Kind, Mark, Taint, Trail, Value

_FIXED = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]+[/?#]|/(?![/\\])|\.|[?#]")
_LOCAL = frozenset({"local", "stored", "random", "exception", "secret", "model"})
"""Entries that are no request: each counts only in places that ask for it."""
_ASKED = {
    "model": frozenset({"sql", "command", "code", "html", "path", "ssrf", "template", "deserialise", "argv", "import"}),
    "exception": frozenset({"error-detail", "template"}),
    "secret": frozenset({"secret-log"}),
    "random": frozenset({"random"}),
    "local": frozenset({"command", "argv", "code", "sql", "deserialise"}),
    "stored": frozenset({"html-stored", "csv", "deserialise-stored"}),
}
_ONLY = {"error-detail": frozenset({"exception"}), "secret-log": frozenset({"secret"}), "random": frozenset({"random"})}
_TAINTED, _OTHER = "\x00", "\x01"  # what stands in the text before a piece for a part that is no constant
_HINTS = frozenset({"log", "cache-key", "attribute"})
"""Kinds of places where text from a request is no more than a hint."""
_KEYS = frozenset({"id", "pk"})
"""Columns that a store fills by itself: a number, or something made by chance."""
_SURE = frozenset({"nan", "password-hash", "password-kept"})
"""Kinds of places where nothing is told of what an unknown step may have made something else of."""
_LONGEST_CONTEXT = 200
_LONGEST_TRAIL = 25
_LEFT_OUT = "more steps, which are left out"


class Piece(NamedTuple):
    """A part of a value. before: the constant text before it in the value."""

    value: Value
    before: str


def pieces(value: Value) -> Iterator[Piece]:
    """The parts of a value that may carry something, with what stands before each."""
    if value.kind is Kind.TEXT:
        before = ""
        for part in value.data:
            if type(part) is str:
                before += part
            else:
                yield Piece(part, before)
                before += _TAINTED if values.within(part) else _OTHER
    elif value.kind in {Kind.ITEMS, Kind.SEVERAL}:
        for part in value.data:
            yield from pieces(part)
        if value.kind is Kind.ITEMS and value.taint:
            yield Piece(values.unknown(value.taint), "")
    elif value.kind is Kind.KEYED:
        for part in (*value.data[0].values(), *([value.data[1]] if value.data[1] is not None else [])):
            yield from pieces(part)
        if value.taint:
            yield Piece(values.unknown(value.taint), "")
    elif value.kind is not Kind.CONSTANT:
        yield Piece(values.unknown(values.within(value), value.type), "")


def arrive(run: Run, kind: str, sink: str, value: Value, at: int, *, part: str = "", weak: bool = False) -> None:
    """A value comes to a place: each piece that does harm there is told, or kept as what an input of this function reaches."""
    if kind == "ssrf":
        cleartext.arrive(run, sink, value, at)
    if value.kind is Kind.CONSTANT:
        return
    if not values.within(value):
        unknowns.arrive(run, kind, sink, value, at)
        return
    for piece in pieces(value):
        if not piece.value.taint or piece.value.type in attributes.NUMBERS:
            continue
        is_inside = part == "whole" and _is_fixed(kind, piece.before)
        if is_inside and kind != "log":
            continue
        before = piece.before.replace(_OTHER, _TAINTED).rpartition(_TAINTED)[2]
        for atom, mark in piece.value.taint.items():
            words = run.words(atom, mark)
            if not _counts(atom, kind, words) or (atom.kind == "stored" and parted.field(words) in _KEYS):
                continue
            if facts.is_harmless(kind, words, before) or (kind in _SURE and mark.weak):
                continue
            _tell(run, kind, sink, atom, Mark(words, mark.trail, mark.weak or weak or is_inside or kind in _HINTS), at, before, part)


def _is_fixed(kind: str, before: str) -> bool:
    if kind in {"ssrf", "redirect"}:
        # Text of the application's own comes first: a host of its own, unless nothing but a scheme.
        return before.startswith(_OTHER) or bool(_FIXED.match(before.replace(_OTHER, "x")))
    if kind == "csv":  # a spreadsheet works out what begins with one of these, and takes all else for a text
        return before[:1] not in {"", *"=+-@\t\r"}
    return bool(before.strip(_TAINTED + _OTHER + " "))


def _counts(atom: Atom, kind: str, words: frozenset[str] = values.NO_WORDS) -> bool:
    if not atom.kind:
        return True
    if kind == "secret-log" and ("secret" in words or (atom.kind not in _LOCAL and uses.is_password(atom.name))):
        return True
    if kind == "password-hash" and not uses.is_typed_password(parted.field(words) or atom.name):
        return False
    only = _ONLY.get(kind)
    if only is not None:
        return atom.kind in only
    if atom.kind in _LOCAL:
        return kind in _ASKED.get(atom.kind, ())
    return kinds.matters(atom.kind, kind)


def _tell(run: Run, kind: str, sink: str, atom: Atom, mark: Mark, at: int, before: str, part: str) -> None:
    trail = run.here(at, f"reaches {sink}", mark.trail)
    context = before[-_LONGEST_CONTEXT:]
    told, function = None, run.frame.function
    step = places.escaped(kind, mark.trail)
    if step is not None and (step.function != function or step.at < at):  # before the call, and not among what it is given
        told, function = (step.file, step.at), step.function
    if atom.kind:
        weak = mark.weak or _is_own_choice(atom, kind, context)
        run.tell(Found(kind, sink, atom, trail, weak, function, context, "", told))
    else:
        own = run.frame.defined
        is_whole = places.made(mark.trail) is None
        is_handed = is_whole and own is not None and not before and at in handed.calls(own)
        is_open = is_whole and places.is_above(kind)
        run.reach(atom, Reach(kind, sink, mark.clean, trail, mark.weak, function, context, part, told, is_open, is_handed))


def carry(run: Run, reach: Reach, taint: Taint, at: int, said: str) -> None:
    """What a called function does with an input, for the pieces that it was given here."""
    for atom, mark in taint.items():
        words = parted.joined(run.words(atom, mark), reach.words)
        if not _counts(atom, reach.kind, words):
            continue
        if facts.is_harmless(reach.kind, words, reach.context) or (reach.kind in _SURE and mark.weak):
            continue
        trail = _rooted(reach.trail, run.here(at, said, mark.trail))
        told, function, is_open = _told(run, reach, mark.trail, at)
        weak = reach.weak or mark.weak
        if atom.kind:
            if not atom.name and mark.clean.isdisjoint({parted.PIECE}):
                atom = atom._replace(name=parted.field(reach.words))  # noqa: PLW2901 - the field of a whole that was handed over
            weak = weak or _is_own_choice(atom, reach.kind, reach.context)
            run.tell(Found(reach.kind, reach.sink, atom, trail, weak, function, reach.context, "", told))
        else:
            run.reach(atom, Reach(reach.kind, reach.sink, words, trail, weak, function, reach.context, reach.part, told, is_open))


def _told(run: Run, reach: Reach, trail: Trail | None, at: int) -> tuple[tuple[str, int] | None, str, bool]:
    """Where a place is told that a value reaches by being handed in here, in which function, and whether a caller may still make a text."""
    step = places.made(trail) if reach.is_open else None
    if step is not None:
        return (step.file, step.at), step.function, False
    if reach.handed:
        return (run.frame.unit.file, at), run.frame.function, reach.is_open
    return reach.told, reach.function, reach.is_open


def _is_own_choice(atom: Atom, kind: str, before: str) -> bool:
    """Whether who gave a value harms himself alone: who starts a program chooses what it does.

    Against a name with a space or a semicolon in it, which was meant as one word: part of a shell's text it is wrong all the same. And
    against a script that runs what its arguments say as code or as a shell's text: others start it too, by a schedule or over a network.
    """
    if kind == "redirect" and atom.kind == "header" and atom.name.lower().replace("_", "-").removeprefix("http-") == "referer":
        return True  # whose page led here is led back to it
    is_run = kind in {"command", "code"} and atom.name == "sys.argv"
    return atom.kind == "local" and not is_run and not (kind == "command" and before.strip(_TAINTED + _OTHER + " '\""))


def _rooted(trail: Trail, root: Trail) -> Trail:
    """A way put behind another. Of one that is longer than anybody reads the middle is left out, and nothing of where it ends."""
    steps: list[Trail] = []
    here: Trail | None = trail
    while here is not None:
        steps.append(here)
        here = here.before
    first: list[Trail] = []
    here = root
    while here is not None:
        first.append(here)
        here = here.before
    found: Trail | None = root
    if len(steps) + len(first) > _LONGEST_TRAIL:
        steps, found = _shortened([*steps, *first])
    for step in reversed(steps):
        found = Trail(step.file, step.at, step.said, found, step.function)
    return found or root


def _shortened(steps: Sequence[Trail]) -> tuple[list[Trail], Trail]:
    """The last steps of a way and its first one, last first, and the first itself; that some between them are left out is a step."""
    left_out = steps[_LONGEST_TRAIL - 2]
    kept = [one for one in steps[: _LONGEST_TRAIL - 2] if one.said != _LEFT_OUT]
    return [*kept, Trail(left_out.file, left_out.at, _LEFT_OUT, None)], steps[-1]


def find(run: Run, kind: str, sink: str, at: int, detail: str, *, weak: bool = False) -> None:
    """A call that matters whatever it is given."""
    run.tell(Found(kind, sink, Atom("none", ""), run.here(at, f"calls {sink}"), weak, run.frame.function, "", detail))
