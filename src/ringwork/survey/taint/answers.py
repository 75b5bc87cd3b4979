"""Answers whose type is set after they were made: what is called plain text later was never a page.

Against false alarms at make_response(), after which the next line says what the answer is. Only what is set on every way counts.
"""

from __future__ import annotations

from ringwork.survey.taint import ir, values
from ringwork.survey.taint.frames import Frame, Run
from ringwork.survey.taint.parts import Function
from ringwork.survey.taint.values import Atom, Kind, Value

_MADE = "<made>"
_ANSWER = "<answer>"
_PLAIN = frozenset({"plain"})
_MARKUP = ("html", "xml", "svg")
GATEWAY = "gateway"
"""How a function answers that a cloud's gateway calls: by a mapping of status, headers and body."""
_TYPES = frozenset({"mimetype", "content_type", "media_type"})


def made(run: Run, described: Function, result: Value, at: int) -> Value:
    """An answer knows where it was made, if what was put in it mattered there."""
    if result.kind is not Kind.UNKNOWN or not result.type or not any(sink.kind == "html" for sink in described.sinks):
        return result
    place = values.constant(f"{run.frame.unit.file}:{at}")
    return Value(Kind.OBJECT, (None, {_MADE: place}), result.type, result.taint, result.facts)


def page(value: Value) -> Value:
    """The body of such a mapping, where its headers say that it is markup."""
    fields = value.data[0] if value.kind is Kind.KEYED else {}
    headers = fields.get("headers")
    said = headers.data[0] if headers is not None and headers.kind is Kind.KEYED else {}
    types = [one.data for name, one in said.items() if str(name).lower() == "content-type" and one.kind is Kind.CONSTANT]
    is_page = any(isinstance(type_, str) and any(word in type_ for word in _MARKUP) for type_ in types)
    return fields.get("body", values.UNKNOWN) if is_page else values.UNKNOWN


def named(run: Run, owner: Value, name: str, value: Value) -> None:
    """owner.name = value, owner["Content-Type"] = value."""
    if name.lower() in _TYPES or name.lower() == "content-type":
        _called(run, owner, value)


def headed(run: Run, target: ir.Expression, key: Value, value: Value) -> None:
    """target[key] = value, where target may be the headers of an answer."""
    if key.kind is not Kind.CONSTANT or str(key.data).lower() != "content-type":
        return
    owner = run.value(target.of) if isinstance(target, ir.Attribute) and target.name == "headers" else run.value(target)
    _called(run, owner, value)


def _called(run: Run, owner: Value, value: Value) -> None:
    place = owner.data[1].get(_MADE) if owner.kind is Kind.OBJECT else None
    is_plain = value.kind is Kind.CONSTANT and isinstance(value.data, str) and not any(word in value.data for word in _MARKUP)
    if place is not None and place.kind is Kind.CONSTANT and is_plain:
        run.frame.state.learn({Atom(_ANSWER, place.data): _PLAIN})


def settle(frame: Frame) -> None:
    """Forget what is no page on any way to the end."""
    ways = [seen for _, seen, _ in frame.returned]
    plain = {atom.name for atom in ways[0] if atom.kind == _ANSWER and all(atom in seen for seen in ways)} if ways else set()
    if not plain:
        return
    for key, found in list(frame.found.items()):
        if found.kind == "html" and f"{found.trail.file}:{found.trail.at}" in plain:
            del frame.found[key]
    for kept in frame.reaches.values():
        for reached, reach in list(kept.items()):
            if reach.kind == "html" and f"{reach.trail.file}:{reach.trail.at}" in plain:
                del kept[reached]
