"""What a model says of a library's function, done with the values that it is given here."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from ringwork.survey.taint import (
    answers,
    attributes,
    bounds,
    facts,
    folding,
    ir,
    kept_passwords,
    kinds,
    mattering,
    places,
    shown,
    sinks,
    started,
    uses,
    values,
)
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.parts import Condition, Function, Position, Sink, Wanted, Word
from ringwork.survey.taint.values import NO_WORDS, NOTHING, UNKNOWN, Atom, Facts, Kind, Mark, Taint, Value

_MATCHES = {"re.match": False, "re.fullmatch": True, "re.Pattern.match": False, "re.Pattern.fullmatch": True}
_SEARCHES = frozenset({"re.search", "re.Pattern.search"})


_OWN_PATH = frozenset({"redirect", "ssrf"})  # the path that a request asked for lies on this very site
_EACH = frozenset({"filter", "imap", "map", "sorted"})
"""Last names of functions that call another with each of several."""
_START = frozenset({"debug", "bind-all"})
_OF_PATHS = frozenset({"archive", "path", "upload"})
"""Where a separator does the harm."""


def _is_habit(run: Run, kind: str) -> bool:
    """Whether such a call is no more than a hint in this place; what is one everywhere says so in its model."""
    if kind == "weak-random":  # a random number is a hole where it is kept as a secret, which is told there
        return not uses.is_secret(run.frame.function.rpartition(".")[2])
    return kind in _START and run.memory.asks_around()[1]


class _Given:
    """The inputs of one call."""

    def __init__(self, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> None:
        self.receiver, self.arguments, self.keywords = receiver, arguments, keywords

    def at(self, position: Position) -> Value | None:
        if isinstance(position, int):
            return self.arguments[position] if position < len(self.arguments) else None
        if position == "self":
            return self.receiver
        return self.keywords.get(position)

    def first(self, positions: Sequence[Position]) -> Value | None:
        return next((value for position in positions if (value := self.at(position)) is not None), None)

    def all(self, position: Position) -> list[Value]:
        if position == "*":
            return [*self.arguments, *(value for name, value in self.keywords.items() if name != "**")]
        if isinstance(position, str) and position[-1:] == ":":
            return list(self.arguments[int(position[:-1]) :])
        value = self.at(position)
        return [value] if value is not None else []


def attribute(run: Run, described: Function, receiver: Value, name: str, at: int) -> Value:
    """Reading a described attribute."""
    return call(run, described, name, receiver, [], {}, at)


def call(
    run: Run, described: Function, name: str, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int
) -> Value:
    """Calling a described function: what reaches a place is told, and the result is what the model says."""
    given = _Given(receiver, arguments, keywords)
    for find in described.finds:
        if all(_holds(run, c, given) for c in find.when) and not any(_holds(run, c, given, sure=True) for c in find.unless):
            sinks.find(run, find.kind, name, at, find.detail, weak=find.weak or _is_habit(run, find.kind))
    for sink in described.sinks:
        if all(_holds(run, c, given) for c in sink.when) and not any(_holds(run, c, given, sure=True) for c in sink.unless):
            _arrives(run, sink, name, given, at)
    if keywords:
        kept_passwords.called(run, name, keywords, at)
    for callback in described.calls:
        function = given.first(callback.function)
        if function is not None and function.kind in {Kind.LOCAL, Kind.NAMED, Kind.METHOD}:
            handed = [value for place in callback.arguments for value in given.all(place)]
            if name.rpartition(".")[2] in _EACH:
                handed = [attributes.element(run, value) for value in handed]
            run.apply(run, function, handed, {}, ir.Call(at, ir.Broken(at, ()), (), ()), [])
    result = _read(described, given, _result(run, described, name, given, at))
    for guard in described.guards:
        if guard.returns:
            run.frame.state.learn(_told(name, given, guard.of, guard.returns))
        if guard.true or guard.false:
            result = result.sure((_told(name, given, guard.of, guard.true), _told(name, given, guard.of, guard.false)))
    if described.raises:
        run.frame.state.dead = True
    return answers.made(run, described, _matched(name, given, result), at)


def _arrives(run: Run, sink: Sink, name: str, given: _Given, at: int) -> None:
    kind, places, part = sink.kind, sink.at, sink.part
    for place in places:
        for whole in _words(given.all(place)) if kind == "argv" and isinstance(place, str) and place[-1:] == ":" else given.all(place):
            value = mattering.part(kind, place, whole)
            if kind == "sql" and value.kind is Kind.CONSTANT:
                kept_passwords.executed(run, name, value.data, [*given.arguments[1:], *given.keywords.values()], at)
            if kind == shown.KIND:
                shown.rendered(run, name, given.receiver, given.arguments, given.keywords, at)
                return
            if kind == "session" and not _is_boundary(given):
                continue
            if kind == "argv":
                started.arrive(run, name, value, at, part, weak=sink.weak)
            else:
                weak = sink.weak and not (kind == "nan" and bounds.is_passed(run.frame.defined, at))
                sinks.arrive(run, kind, name, value, at, part=part, weak=weak)
        if place != "*" and isinstance(place, int | str) and "**" in given.keywords and given.first(places) is None:
            is_next = kind == "argv" and place in {
                len(given.arguments),
                f"{len(given.arguments)}:",
            }  # exec(*words): the program is among them
            sinks.arrive(run, kind, name, given.keywords["**"], at, part=part, weak=not is_next)
            return


def _words(given: list[Value]) -> list[Value]:
    """The words of a command that a function takes one by one, as the list that others take."""
    return given if len(given) < 2 else [Value(Kind.ITEMS, tuple(given))]


def _is_boundary(given: _Given) -> bool:
    """Whether a value that goes into a session says who somebody is; where its key is not known it may."""
    key = given.at(0)
    text = attributes.text_before(key) if key is not None else ""
    return not text or uses.is_identity(text) or (key is not None and bool(values.within(key)))


_LEXICAL = frozenset({"is_relative_to", "relative_to"})


def _told(name: str, given: _Given, places: Sequence[Position], words: frozenset[str]) -> Facts:
    if not words:
        return NOTHING
    value = given.first(places)
    if value is None:
        return NOTHING
    taint = values.within(value)
    if name.rpartition(".")[2] in _LEXICAL:
        # Against folder/../../other: parts are compared as they are written, so a path has to be resolved first.
        taint = {atom: mark for atom, mark in taint.items() if facts.NORMAL in mark.clean}
    return facts.said(taint, words)


def _matched(name: str, given: _Given, result: Value) -> Value:
    if name == "os.path.isabs" and (path := given.at(0)) is not None:
        return result.sure((NOTHING, facts.told(path, "-^/")))
    if name in _MATCHES or name in _SEARCHES:
        is_method = name.startswith("re.Pattern.")
        pattern = given.receiver if is_method else given.at(0) or given.at("pattern")
        text = given.first((0, "string") if is_method else (1, "string"))
        source = pattern.data if pattern is not None and pattern.kind is Kind.CONSTANT else None
        if is_method and pattern is not None and pattern.kind is Kind.OBJECT:
            held = pattern.data[1].get("pattern")
            source = held.data if held is not None and held.kind is Kind.CONSTANT else None
        if isinstance(source, str) and text is not None:
            seen = facts.matched(source, text, is_full=_MATCHES[name]) if name in _MATCHES else facts.searched(source, text)
            return result.sure(seen)
    return result


def _result(run: Run, described: Function, name: str, given: _Given, at: int) -> Value:
    if name == "re.compile" and (pattern := given.at(0)) is not None and pattern.kind is Kind.CONSTANT:
        return Value(Kind.OBJECT, (None, {"pattern": pattern}), "re.Pattern")
    if described.type == attributes.TYPED_KEY:  # web.AppKey("http", ClientSession): what stands under it is of this class
        kept_class = given.first((1, "t"))
        held_type = kept_class.data if kept_class is not None and kept_class.kind is Kind.NAMED else ""
        return Value(Kind.OBJECT, (None, {"holds": UNKNOWN.typed(held_type)}), attributes.TYPED_KEY)
    if described.stores is not None:
        _stored(run, described, given)
    if given.receiver.type == attributes.MAPPING and name.endswith(".get"):
        kept = attributes.kept_in_request(run, given.at(0))
        if kept is not None:
            return kept
    if described.loads is not None:
        return _through(run, described, given, _loaded(described, given))
    held = given.receiver.data[1].get("text") if given.receiver.kind is Kind.OBJECT else None
    if held is not None and described.passes == frozenset({"self"}) and not described.cleans and not described.marks:
        text: Value = held
        return text
    taint: Taint = NOTHING
    if described.passes:
        taint = values.merge([values.within(value) for place in sorted(described.passes, key=str) for value in given.all(place)])
        taint = places.library(run, name, given.receiver if "self" in described.passes else given.at(0), taint, at)
        if described.decodes:
            taint = values.decoded(taint, f"{at}")
        if name.endswith(".path"):
            taint = {atom: mark for atom, mark in taint.items() if facts.OWN_PATH not in mark.clean}
    if described.source:
        said = given.first(described.named_by) if described.named_by else None
        taint = values.merge([taint, _entered(run, described.source, said, name, at)])
    elif described.named_by and taint and (said := given.first(described.named_by)) is not None and said.kind is Kind.CONSTANT:
        taint = attributes.narrowed(taint, str(said.data))
    if described.through and given.first(described.through) is not None:
        return _through(run, described, given, values.unknown(taint))
    words = described.cleans | described.marks
    if words:
        taint = values.cleaned(taint, words)
    type_ = given.receiver.type if described.type == "self" else attributes.full(described.type)
    if type_ in attributes.NUMBERS:
        taint = {atom: mark for atom, mark in taint.items() if atom.kind == "random"}
    if name == "os.path.splitext" and taint:
        # Against ../ in the root: only the extension is cut from the last part of a path, so that no separator is in it.
        extension = values.cleaned(taint, _OF_PATHS)
        return Value(Kind.ITEMS, (values.unknown(taint, "builtins.str"), values.unknown(extension, "builtins.str")), "builtins.tuple")
    if described.items and not type_:
        return Value(Kind.KEYED, ({}, values.unknown(taint, attributes.full(described.items))), "builtins.list", taint)
    if described.source == "stored" and not type_:
        type_ = _row_of(run, given)
    if shown.is_loading(name):
        return shown.loaded(type_, given.arguments)
    if described.keeps:
        return Value(Kind.OBJECT, (None, {name: kept for name in described.keeps if (kept := given.at(name)) is not None}), type_, taint)
    return values.unknown(taint, type_)


def _read(described: Function, given: _Given, result: Value) -> Value:
    """What a request gave, as it is: where it is false it is nothing at all, and harmless everywhere.

    Against two things of one name, of which only one is nothing: two rows, two parameters whose names nobody knows, one or its default.
    """
    is_own = bool(described.source or described.named_by) and given.first(described.through) is None
    if not is_own or result.kind is not Kind.UNKNOWN or result.facts is not None or not result.taint:
        return result
    is_one = len(result.taint) == 1 and all(atom.name for atom in result.taint)
    return result.sure((NOTHING, facts.told(result, kinds.ALL) if is_one else NOTHING))


def _row_of(run: Run, given: _Given) -> str:
    """The project's class of which a row is loaded, where it comes first: session.get(Note, 1), get_object_or_404(Note, pk=1)."""
    first = given.at(0)
    return first.data if first is not None and first.kind is Kind.NAMED and run.project.class_(first.data) is not None else ""


def _through(run: Run, described: Function, given: _Given, value: Value) -> Value:
    """The value after the function among the inputs through which it goes."""
    function = given.first(described.through) if described.through else None
    return run.apply(run, function, [value], {}, None, []) if function is not None else value


def _entered(run: Run, source: str, said: Value | None, name: str, at: int) -> Taint:
    if source == "path" and run.memory.asks_around()[0]:
        return NOTHING  # the path of a route without parameters is nobody's choice
    known = str(said.data) if said is not None and said.kind is Kind.CONSTANT else ""
    if said is None and name.endswith((".referrer", ".referer")):
        known = "Referer"
    if source == "local" and name.startswith("sys.argv"):
        known = "sys.argv"
    place = "" if said is None or known else f"{run.frame.unit.file}:{at}"
    shown = f"{source} {known}" if known else source
    words = _OWN_PATH if source == "path" else NO_WORDS
    if source == "url" and run.memory.asks_around()[0]:
        words = frozenset({facts.OWN_PATH})
    return {Atom(source, known, place): Mark(words, run.here(at, f"{shown} is read by {name}"), weak=False)}


def _key(given: _Given, places: Sequence[Position]) -> Any:
    parts = [attributes.literal(value) for place in places if (value := given.at(place)) is not None]
    return folding.ABSENT if folding.ABSENT in parts else tuple(parts)


def _stored(run: Run, described: Function, given: _Given) -> None:
    store = described.stores
    receiver = given.receiver
    value = given.first(store.value) if store is not None else None
    if store is None or value is None:
        return
    if not store.key:  # the receiver as a whole takes it over, as a buffer does
        held = receiver.data[1].get("text") if receiver.kind is Kind.OBJECT else None
        text = values.text_of((held, value) if held is not None else (value,))
        run.changed = Value(Kind.OBJECT, (None, {"text": text}), receiver.type, receiver.taint)
        return
    key = _key(given, store.key)
    fields, rest = receiver.data if receiver.kind is Kind.KEYED else ({}, None)
    kept = (fields, values.join(rest, value) if rest is not None else value) if key is folding.ABSENT else ({**fields, key: value}, rest)
    run.changed = Value(Kind.KEYED, kept, receiver.type, receiver.taint)


def _loaded(described: Function, given: _Given) -> Value:
    load = described.loads
    receiver = given.receiver
    default = given.first(load.default) if load is not None and load.default else None
    if load is None or receiver.kind is not Kind.KEYED:
        said = given.first(load.key[:1]) if load is not None else None
        taint = values.within(receiver)
        if said is not None and said.kind is Kind.CONSTANT:
            taint = attributes.narrowed(taint, str(said.data))
        found = values.unknown(taint, attributes.full(described.type))
    else:
        key = _key(given, load.key)
        fields, rest = receiver.data
        if key is not folding.ABSENT and key in fields:
            return fields[key]  # type: ignore[no-any-return] # what a store keeps are values
        found = rest if rest is not None else UNKNOWN
        if key is folding.ABSENT:
            for one in fields.values():
                found = values.join(found, one)
    return values.join(found, default) if default is not None else found


# -- conditions -------------------------------------------------------------------------------------------------


def _holds(run: Run, condition: Condition, given: _Given, *, sure: bool = False) -> bool:
    value = given.first(condition.of)
    if value is None and "**" in given.keywords:
        return not sure and any(wanted.word is Word.UNKNOWN for wanted in condition.wanted)
    if value is None:
        return any(wanted.word is Word.MISSING for wanted in condition.wanted)
    if condition.key:
        value = _kept(value, condition.key)
        if value is None:
            return any(wanted.word is Word.MISSING for wanted in condition.wanted)
    each = values.alternatives(value)
    found = [any(_is(run, wanted, one) for wanted in condition.wanted) for one in each]
    return all(found) if sure else any(found)


def _kept(value: Value, key: str) -> Value | None:
    """What a value keeps under a name: None where it surely keeps nothing there."""
    if value.kind is Kind.KEYED:
        fields, rest = value.data
        found: Value | None = fields.get(key, fields.get((key,), rest))
        return found
    if value.kind is Kind.OBJECT:
        owner, fields = value.data
        return fields.get(key, UNKNOWN if owner is not None else None)  # type: ignore[no-any-return] # fields of an object are values
    if value.kind is Kind.ITEMS and key == "*" and value.data:
        joined: Value = functools.reduce(values.join, value.data)
        return joined
    if value.kind is Kind.ITEMS and key.isdigit():
        return value.data[int(key)] if int(key) < len(value.data) else None
    return UNKNOWN


def _is(run: Run, wanted: Wanted, value: Value) -> bool:
    if wanted.word is Word.GIVEN:
        return True
    if value.kind is Kind.NAMED:
        return wanted.word is Word.IS and run.models.canonical(value.data) == run.models.canonical(str(wanted.value))
    known = attributes.literal(value)
    if known is folding.ABSENT:
        if wanted.word is Word.IS and isinstance(wanted.value, str) and value.type:
            return value.type == wanted.value
        return wanted.word is Word.UNKNOWN
    if wanted.word is Word.IS:
        return type(known) is type(wanted.value) and bool(known == wanted.value)
    if wanted.word in {Word.BELOW, Word.ABOVE}:
        is_number = isinstance(known, int | float) and not isinstance(known, bool) and isinstance(wanted.value, int | float)
        return is_number and (known < wanted.value if wanted.word is Word.BELOW else known > wanted.value)
    if wanted.word is Word.BITS:
        return type(known) is int and isinstance(wanted.value, int) and bool(known & wanted.value)
    if wanted.word is Word.MATCHES:
        text = known.decode("latin-1") if isinstance(known, bytes) else known
        return isinstance(text, str) and wanted.value.search(text) is not None  # type: ignore[union-attr] # a pattern, by its word
    return False


def names_of(node: ir.Expression) -> str:
    """The last name of what is called, for people."""
    return node.name if isinstance(node, ir.Attribute) else node.id if isinstance(node, ir.Name) else "a function"
