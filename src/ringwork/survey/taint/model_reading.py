"""From TOML to what a model says, read strictly: a key, word or kind that the schema does not have is a fault that names file and place."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from ringwork.survey.taint import kinds
from ringwork.survey.taint.parts import (
    Callback,
    Condition,
    Find,
    Function,
    Guard,
    Library,
    Load,
    Position,
    Sink,
    Store,
    Wanted,
    Word,
)

Table = Mapping[str, Any]
Part = TypeVar("Part")
Tables = dict[str, dict[str, Any]]
"""Sections "libraries", "alias", "value", "type" (to bases), "function", "method", "attribute": plain data, as JSON can keep it."""

SECTIONS = ("libraries", "alias", "value", "type", "function", "method", "attribute")
_HEAD = ("library", "distribution", "versions", "source")
_FILE = (*_HEAD, "absent", "unchecked", "aliases", "values", "types", "functions")
_TYPE = ("bases", "attributes", "methods")
_KEYS = (
    "passes", "source", "named_by", "through", "type", "items", "cleans", "marks", "decodes", "guards", "stores", "loads", "keeps",
    "calls", "raises", "sinks", "finds",
)  # fmt: skip
_WORDS = {"<missing>": Word.MISSING, "<unknown>": Word.UNKNOWN, "<given>": Word.GIVEN}
_NONE = "<none>"
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class ModelsInvalid(ValueError):
    """Models have faults; all are listed, each with file and place."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{len(self.faults)} fault(s) in the models of libraries:" + "".join(f"\n  - {fault}" for fault in self.faults))


class _Wrong(Exception):
    """One fault; where it stands is added on its way out."""


# -- files ------------------------------------------------------------------------------------------------------


def tables(texts: Mapping[str, str]) -> Tables:
    """All files as one set of tables. Raises ModelsInvalid with the faults of all of them."""
    whole: Tables = {section: {} for section in SECTIONS}
    written: dict[tuple[str, str], str] = {}
    faults: list[str] = []
    for file, text in sorted(texts.items()):
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            faults.append(f"{file}: is no TOML: {error}")
            continue
        for section, name, entry in _entries(file, values, faults):
            if (section, name) in written:
                faults.append(f"{file}: {name} is described in {written[section, name]} already; keep one of the two")
            written[section, name] = file
            whole[section][name] = _keeping(section, entry)
            if section != "libraries" and file.removesuffix(".toml") in whole["libraries"]:
                whole["libraries"][file.removesuffix(".toml")]["lines"].append([section, name])
    if faults:
        raise ModelsInvalid(faults)
    return whole


def _keeping(section: str, entry: Any) -> Any:
    if section == "libraries":
        head = {key: entry[key] for key in (*_HEAD, "name")}
        return head | {"absent": entry.get("absent", ""), "unchecked": entry.get("unchecked", {}), "lines": []}
    return _bases(entry) if section == "type" else entry


def _entries(file: str, values: Table, faults: list[str]) -> list[tuple[str, str, Any]]:
    """Section, dotted name and entry of every line of one file that has no fault."""
    stem = file.removesuffix(".toml")
    found: list[tuple[str, str, Any]] = []

    def take(place: str, section: str, name: str, entry: Any) -> None:
        try:
            _require(section == "libraries" or _DOTTED.fullmatch(name) is not None, f"{name!r} is no dotted name")
            _CHECKS[section](entry)
            found.append((section, name.removeprefix("builtins."), entry))
        except _Wrong as wrong:
            faults.append(f"{file}: {place}: {wrong}")

    def take_all(owner: Any, key: str, section: str, place: str = "", prefix: str = "") -> None:
        for name, entry in _table(owner, key, f"{file}: {place or 'head'}", faults).items():
            take(f"{place}{'.' if place else ''}{key}.{name}", section, prefix + name, entry)

    take("head", "libraries", stem, {**values, "name": stem})
    for key, section in (("aliases", "alias"), ("values", "value"), ("functions", "function"), ("types", "type")):
        take_all(values, key, section)
    for name, entry in _table(values, "types", file, []).items():
        take_all(entry, "attributes", "attribute", f"types.{name}", f"{name}.")
        take_all(entry, "methods", "method", f"types.{name}", f"{name}.")
    return found


def _table(values: Any, key: str, place: str, faults: list[str]) -> Table:
    found = values.get(key, {}) if isinstance(values, Mapping) else {}
    if isinstance(found, Mapping):
        return found
    faults.append(f"{place}: {key} must be a table")
    return {}


def _head(values: Table) -> None:
    _known(values, (*_FILE, "name"))
    for key in _HEAD:
        _require(isinstance(values.get(key), str), f'the key {key!r} is missing; write {key} = "..."')
    _require(bool(values["source"]), "source is empty; name the documentation that the model is written from")
    _text(values, "absent")
    unchecked = values.get("unchecked", {})
    _require(isinstance(unchecked, Mapping), 'unchecked must be a table: "dotted.name" = "the reason"')
    for name, reason in unchecked.items():
        _require(isinstance(reason, str) and bool(reason.strip()), f"unchecked {name} needs its reason as text")


def library(head: Table) -> Library:
    """The head of a file that was read before."""
    return Library(
        name=head["name"],
        library=head["library"],
        distribution=head["distribution"],
        versions=head["versions"],
        source=head["source"],
        unchecked=dict(head["unchecked"]),
        lines=tuple((section, name) for section, name in head["lines"]),
        absent=head["absent"],
    )


def _type(entry: Any) -> None:
    _known(entry, _TYPE)
    for base in _bases(entry):
        _dotted(base)


def _bases(entry: Any) -> list[Any]:
    found = entry.get("bases", []) if isinstance(entry, Mapping) else []
    return list(found) if isinstance(found, list) else [found]


# -- one function -----------------------------------------------------------------------------------------------


def function(entry: Any) -> Function:
    """What one line says. Raises for a line that `tables` would have refused."""
    _known(entry, _KEYS)
    source = _text(entry, "source")
    _require(not source or source in kinds.ENTRIES, f"source is {source!r}; write one of {', '.join(sorted(kinds.ENTRIES))}")
    sinks, cleans = _list(entry, "sinks", _sink), kinds.SINKS | {kinds.ALL}
    return Function(
        passes=frozenset(_positions(entry.get("passes", []), "passes")),
        source=source,
        named_by=_positions(entry.get("named_by", []), "named_by"),
        through=_positions(entry.get("through", []), "through"),
        type=_text(entry, "type"),
        items=_text(entry, "items"),
        cleans=_words(entry, "cleans", cleans),
        marks=_words(entry, "marks", None),
        decodes=_flag(entry, "decodes"),
        guards=_list(entry, "guards", _guard),
        stores=_store(entry["stores"]) if "stores" in entry else None,
        loads=_load(entry["loads"]) if "loads" in entry else None,
        keeps=tuple(str(name) for name in _positions(entry.get("keeps", []), "keeps")),
        calls=_list(entry, "calls", _callback),
        raises=_flag(entry, "raises"),
        sinks=sinks,
        finds=_list(entry, "finds", _find),
    )


def _sink(entry: Any) -> Sink:
    _known(entry, ("kind", "at", "when", "unless", "part", "weak"))
    kind, part = _text(entry, "kind"), _text(entry, "part")
    _require(kind in kinds.SINKS, f"kind is {kind!r}; write one of the sinks in survey/taint/kinds.py{_near(kind, kinds.SINKS)}")
    _require(part in {"", "whole"}, f'part is {part!r}; write "whole" or leave it out')
    at = _positions(entry.get("at", []), "at")
    _require(bool(at), 'at is missing; write the positions and names that matter, as in at = [0, "sql"]')
    return Sink(
        kind=kind, at=at, when=_conditions(entry, "when"), unless=_conditions(entry, "unless"), part=part, weak=_flag(entry, "weak")
    )


def _find(entry: Any) -> Find:
    _known(entry, ("kind", "when", "unless", "detail", "weak"))
    kind = _text(entry, "kind")
    _require(kind in kinds.FINDS, f"kind is {kind!r}; write one of the finds in survey/taint/kinds.py{_near(kind, kinds.FINDS)}")
    when, unless = _conditions(entry, "when"), _conditions(entry, "unless")
    return Find(kind=kind, when=when, unless=unless, detail=_text(entry, "detail"), weak=_flag(entry, "weak"))


def _guard(entry: Any) -> Guard:
    _known(entry, ("of", "true", "false", "returns"))
    words = kinds.SINKS | {kinds.ALL}
    of = _positions(entry.get("of", []), "of")
    _require(bool(of), "of is missing; write which input the answer is about")
    found = Guard(of=of, true=_words(entry, "true", words), false=_words(entry, "false", words), returns=_words(entry, "returns", words))
    _require(bool(found.true or found.false or found.returns), "a guard needs true, false or returns: the kinds that it makes harmless")
    return found


def _store(entry: Any) -> Store:
    _known(entry, ("key", "value"))
    return Store(key=_positions(entry.get("key", []), "key"), value=_positions(entry.get("value", []), "value"))


def _load(entry: Any) -> Load:
    _known(entry, ("key", "default"))
    return Load(key=_positions(entry.get("key", []), "key"), default=_positions(entry.get("default", []), "default"))


def _callback(entry: Any) -> Callback:
    _known(entry, ("function", "with"))
    at = _positions(entry.get("function", []), "function")
    _require(bool(at), "function is missing; write which input is called")
    return Callback(function=at, arguments=_positions(entry.get("with", []), "with"))


def _conditions(entry: Table, key: str) -> tuple[Condition, ...]:
    found = entry.get(key, {})
    _require(isinstance(found, Mapping), f"{key} must be a table of argument to list of values")
    return tuple(_condition(f"{key}.{argument}", argument, values) for argument, values in found.items())


def _condition(place: str, argument: str, values: Any) -> Condition:
    _require(isinstance(values, list) and bool(values), f"{place} must be a list of values that is not empty")
    places, _colon, inside = argument.partition(":")  # a key may hold colons itself, as an address does
    of = tuple(int(part) if part.isdigit() else part for part in places.split("|"))
    return Condition(of=_positions(list(of), place), wanted=tuple(_wanted(value, place) for value in values), key=inside)


def _wanted(value: Any, place: str) -> Wanted:
    if isinstance(value, bool | int | float):
        return Wanted(word=Word.IS, value=value)
    _require(isinstance(value, str), f"{place} holds {value!r}; write a literal, a dotted name or a word such as <missing>")
    if value in _WORDS:
        return Wanted(word=_WORDS[value])
    if value == _NONE:
        return Wanted(word=Word.IS, value=None)
    if value[:1] in {"<", ">"}:
        try:
            return Wanted(word=Word.BELOW if value[0] == "<" else Word.ABOVE, value=float(value[1:]))
        except ValueError:
            raise _Wrong(f"{place} holds {value!r}; write {', '.join(_WORDS)}, {_NONE} or a number after the sign") from None
    if value[:1] == "&":
        _require(re.fullmatch(r"0o[0-7]+", value[1:]) is not None, f"{place} holds {value!r}; write bits as in '&0o022'")
        return Wanted(word=Word.BITS, value=int(value[1:], 8))
    if value.startswith("~"):
        try:
            return Wanted(word=Word.MATCHES, value=re.compile(value[1:]))
        except re.error as error:
            raise _Wrong(f"{place} holds a pattern that cannot be compiled: {error}") from None
    return Wanted(word=Word.IS, value=value)


# -- single values ----------------------------------------------------------------------------------------------


def _require(held: bool, message: str) -> None:  # noqa: FBT001 - the claim comes first, as in assert
    if not held:
        raise _Wrong(message)


def _near(word: str, known: Collection[str]) -> str:
    if word in known:  # nothing is wrong, and the likeness of every word to every other costs more than all the rest of the reading
        return ""
    found = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def _known(entry: Any, keys: Collection[str]) -> None:
    _require(isinstance(entry, Mapping), f"must be a table with {', '.join(keys)}")
    for key in entry:
        _require(key in keys, f"the key {key!r} is unknown; write one of {', '.join(keys)}{_near(key, keys)}")


def _dotted(name: Any) -> None:
    _require(isinstance(name, str) and _DOTTED.fullmatch(name) is not None, f"{name!r} is no dotted name")


def _text(entry: Table, key: str) -> str:
    value = entry.get(key, "")
    _require(isinstance(value, str), f"{key} must be a text")
    return str(value)


def _flag(entry: Table, key: str) -> bool:
    value = entry.get(key, False)
    _require(isinstance(value, bool), f"{key} must be true or false")
    return bool(value)


def _words(entry: Table, key: str, allowed: Collection[str] | None) -> frozenset[str]:
    values = entry.get(key, [])
    _require(isinstance(values, list) and all(isinstance(value, str) for value in values), f'{key} must be a list of words, as in ["sql"]')
    for value in values:
        _require(allowed is None or value in allowed, f"{key} holds {value!r}; write sinks of survey/taint/kinds.py"
                 f" or {kinds.ALL!r}{_near(value, allowed or ())}")  # fmt: skip
    return frozenset(values)


def _positions(value: Any, key: str) -> tuple[Position, ...]:
    values = value if isinstance(value, list) else [value]
    for one in values:
        _require(isinstance(one, int | str) and not isinstance(one, bool), f'{key} holds {one!r}; write positions from 0, names or "self"')
        _require(not isinstance(one, str) or bool(one), f"{key} holds an empty name")
    return tuple(values)


def _list(entry: Table, key: str, read: Callable[[Any], Part]) -> tuple[Part, ...]:
    values = entry.get(key, [])
    _require(isinstance(values, list), f"{key} must be a list of tables, as in {key} = [{{ ... }}]")
    return tuple(read(value) for value in values)


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "libraries": _head, "alias": _dotted, "value": _dotted, "type": _type, "function": function, "method": function, "attribute": function,
}  # fmt: skip
