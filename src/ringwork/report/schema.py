"""The JSON Schema of a report, made from the classes that a report is made of.

Against a description that drifts from what is written: `report.schema.json` is this module's output, and a test holds it equal.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import types
import typing
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from typing import Any

from ringwork.prove.evidence import Report
from ringwork.report import plain

FILE = "report.schema.json"
_LEAVES: Mapping[type, str] = types.MappingProxyType({str: "string", bool: "boolean", int: "integer", float: "number"})


def shipped() -> str:
    """The file that the package holds."""
    return resources.files("ringwork.report").joinpath(FILE).read_text(encoding="utf-8")


def render() -> str:
    """JSON Schema, draft 2020-12, of the version that `plain.to_json` writes; ASCII, ending in a line feed."""
    definitions = dict[str, Any]()
    whole = _object(Report, definitions)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:ringwork:report:{plain.SCHEMA}",
        "title": f"A report of ringwork prove, version {plain.SCHEMA}",
        **whole,
        "required": ["schema", *whole["required"]],
        "properties": {"schema": {"const": plain.SCHEMA}, **whole["properties"]},
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(document, indent=1) + "\n"


def _object(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    fields = [field for field in dataclasses.fields(kind) if field.init]
    needed = [f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]
    return {
        "description": inspect.cleandoc(kind.__doc__ or ""),
        "type": "object",
        "additionalProperties": False,
        "required": needed,
        "properties": {field.name: _of(hints[field.name], definitions) for field in fields},
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a declared type; raises TypeError for one that a report cannot hold."""
    kind = getattr(kind, "__supertype__", kind)  # a NewType is its text
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return {"anyOf": [_of(arguments[0], definitions), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is Mapping:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if kind in _LEAVES:
        return {"type": _LEAVES[kind]}
    if not isinstance(kind, type) or not (dataclasses.is_dataclass(kind) or issubclass(kind, StrEnum)):
        raise TypeError(f"a report cannot hold {kind}")
    return _named(kind, definitions)


def _named(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.__name__ not in definitions:
        definitions[kind.__name__] = {}  # first, for classes that hold themselves
        if issubclass(kind, StrEnum):
            definitions[kind.__name__] = {"description": inspect.cleandoc(kind.__doc__ or ""), "enum": [str(word) for word in kind]}
        else:
            definitions[kind.__name__] = _object(kind, definitions)
    return {"$ref": f"#/$defs/{kind.__name__}"}


if __name__ == "__main__":
    print(render(), end="")
