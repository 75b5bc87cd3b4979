"""A report as JSON with a version mark, and back.

Against a report that was altered or is of another version and is read as if it were whole: every field is checked by its
type, and the place of the first fault is told.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn

from ringwork.errors import ReportUnreadable
from ringwork.prove.evidence import Report

SCHEMA = 3
"""The version that is written. Version 1 had no owner, waiver, baseline and revision, version 2 no steps, tiers and folds of what was
read; their reports are read with these left empty."""

READABLE = (1, 2, 3)

_CALLED = {str: "text", int: "a whole number", bool: "true or false", float: "a number"}


def to_json(report: Report) -> str:
    """The whole report as one JSON object, `schema` first, then the fields of `Report`; ASCII, ending in a line feed.

    What the evidence masks stays masked: nothing is decoded or filled in.
    """
    return json.dumps({"schema": SCHEMA, **_plain(report)}, indent=1) + "\n"


def from_json(text: str) -> Report:
    """The report that `to_json` wrote. Raises ReportUnreadable with the place for anything else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportUnreadable(where="", problem="this is no JSON") from error
    if not isinstance(found, dict) or "schema" not in found:
        raise ReportUnreadable(where="schema", problem="there is no version mark, so this is no report of ringwork prove")
    schema = found.pop("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema not in READABLE:
        known = ", ".join(map(str, READABLE[:-1])) + f" and {READABLE[-1]}"
        problem = f"this is version {json.dumps(schema)[:20]}, and versions {known} are what can be read; run `ringwork prove` again"
        raise ReportUnreadable(where="schema", problem=problem)
    report: Report = _read(Report, found, "")
    return report


def _plain(value: object) -> Any:
    """Dataclasses as objects, mappings as objects with text keys, tuples as lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


@functools.cache
def _fields(kind: type) -> Mapping[str, Any]:
    return types.MappingProxyType(typing.get_type_hints(kind))


def _read(kind: Any, found: Any, where: str) -> Any:
    """The value of a declared type, or a refusal that names the place."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its text
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if found is None else _read(arguments[0], found, where)
    if origin is tuple:
        items = found if isinstance(found, list) else _refuse(where, "a list")
        return tuple(_read(arguments[0], item, f"{where}[{place}]") for place, item in enumerate(items))
    if origin is Mapping:
        pairs = found if isinstance(found, dict) else _refuse(where, "an object")
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in pairs.items()}
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, found, where)
    return _read_leaf(kind, found, where)


def _read_dataclass(kind: Any, found: Any, where: str) -> Any:
    if not isinstance(found, dict):
        _refuse(where, "an object")
    declared = _fields(kind)
    required = {field.name for field in dataclasses.fields(kind) if _is_required(field)}
    dot = f"{where}." if where else ""
    for name in sorted(found.keys() - declared.keys()):
        raise ReportUnreadable(where=f"{dot}{name}", problem="this field is unknown")
    for name in sorted(required - found.keys()):
        raise ReportUnreadable(where=f"{dot}{name}", problem="this field is missing")
    return kind(**{name: _read(declared[name], item, f"{dot}{name}") for name, item in found.items()})


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _read_leaf(kind: Any, found: Any, where: str) -> Any:
    if issubclass(kind, StrEnum):
        return kind(found) if isinstance(found, str) and found in set(kind) else _refuse(where, f"one of: {', '.join(kind)}")
    if kind is float and type(found) is int:
        return float(found)
    return found if type(found) is kind else _refuse(where, _CALLED[kind])


def _refuse(where: str, wanted: str) -> NoReturn:
    raise ReportUnreadable(where=where, problem=f"expected {wanted}")
