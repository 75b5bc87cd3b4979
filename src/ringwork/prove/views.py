"""A thing as its owner and its store show it, before and after a request, and what tells that the request had an effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ringwork.prove.check import Served
from ringwork.prove.things import Thing, is_record
from ringwork.survey.wire.client import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A thing as its owner sees it. fields: those of its fresh words that are shown. text: all of it, where it has a page of its own.

    rows: the plain values under which the copy keeps it.
    """

    fields: tuple[str, ...] = ()
    text: str = ""
    rows: tuple[tuple[str, Any], ...] = ()
    answer: Answer | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request for a thing, and what became of it. kept: what changed where the copy keeps it, and on no page of its owner's.

    is_touched: whether what the copy keeps of the thing itself is another now, or gone. is_beside: whether it is seen to be as it was, so
    that a page which is another now shows what came beside it.
    """

    answer: Answer
    has_effect: bool
    fields: Sequence[str]
    after: Answer | None = None
    kept: str = ""
    is_touched: bool = False
    is_beside: bool = False


def rows_of(served: Served, thing: Thing) -> tuple[tuple[str, Any], ...]:
    """What the copy keeps of a thing, name by name; what is kept about it in logs and sessions apart."""
    word = next(iter(thing.marks), "")
    rows = [row for row in served.kept(word) if not is_record(row.store)] if word else []
    return tuple((f"{row.store} {name}", value) for row in rows for name, value in row.values.items())


def touched(before: View, again: View, after: View) -> bool:
    """Whether what the copy keeps of a thing is another now, or gone, and was the same before."""
    return bool(before.rows) and before.rows == again.rows != after.rows


def beside(before: View, again: View, after: View) -> bool:
    """Whether the copy keeps a thing as it did and its page shows all of it, whatever else the page shows now: a comment, a count."""
    return bool(before.rows) and before.rows == again.rows == after.rows and before.fields == after.fields


def effect(before: View, again: View, after: View) -> tuple[bool, str]:
    """Whether something became of a thing, and in words what changed where it is kept, where no page of its owner shows it.

    Against what changes by being looked at: two looks before were alike. Against rows that merely came beside it, such as a record of the
    request: only the values of the same rows are compared.
    """
    if before.fields != after.fields or (before.text == again.text and before.text != after.text):
        return True, ""
    names = [[name for name, _ in view.rows] for view in (before, again, after)]
    if before.rows != again.rows or not names[0] or names[0] != names[2]:
        return False, ""
    became = next((f"{name} became {value}" for (name, value), (_, was) in zip(after.rows, before.rows, strict=True) if value != was), "")
    return bool(became), became


def attempt(answer: Answer, fields: Sequence[str], before: View, again: View, after: View) -> Attempt:
    """What became of a thing by a request, of which it was looked at twice before and once after. fields: of it, that the answer shows."""
    has_effect, kept = effect(before, again, after)
    is_touched, is_beside = touched(before, again, after), beside(before, again, after)
    return Attempt(
        answer=answer, has_effect=has_effect, fields=fields, after=after.answer, kept=kept, is_touched=is_touched, is_beside=is_beside
    )


def said(made: Attempt) -> str:
    """An effect in words, with who made it before them and the status behind."""
    if made.kept:
        return f"changed it ({made.kept}): answered"
    return f"{'added to what stands beside it' if made.is_beside else 'changed it'}, as its owner then saw: answered"
