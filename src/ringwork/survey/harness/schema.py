"""Examples that fit a JSON schema, so that a probe is refused for what it is and not for a missing field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ringwork.survey.facts import ParameterFacts

_FORMATS = {
    "email": "probe@example.org", "date": "2031-05-14", "date-time": "2031-05-14T10:30:00", "time": "10:30:00",
    "uri": "https://example.org/", "uuid": "3f0c2a52-6e0c-4b57-8a3e-2c8f0a1b9d10", "password": "Probe-4711-horse-battery",
}  # fmt: skip
_DEPTH = 6


def parameter(
    name: str, where: str, schema: Mapping[str, Any], *, required: bool, definitions: Mapping[str, Any] | None = None
) -> ParameterFacts:
    """One input described by a JSON schema, with an example as text (JSON for anything but text)."""
    known = definitions or schema.get("$defs") or {}
    settled = settle(schema, known)
    value = example(name, schema, known)
    return ParameterFacts(
        name=name,
        where=where,
        kind=str(settled.get("type", "")),
        required=required,
        choices=tuple(str(choice) for choice in settled.get("enum", ())),
        example=value if isinstance(value, str) else json.dumps(value),
    )


def settle(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind references and optional unions; for a union the first that is not null."""
    for _ in range(_DEPTH):
        if "$ref" in schema:
            schema = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
        elif options := [
            o for o in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())) if o.get("type") != "null"
        ]:
            schema = options[0]
        else:
            break
    return schema


def example(name: str, schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int = _DEPTH) -> Any:
    """A value that fits: given examples and defaults first, then the smallest that the schema allows."""
    for key in ("examples", "example", "default", "const"):
        if schema.get(key) not in (None, [], {}):
            return schema[key][0] if key == "examples" and isinstance(schema[key], list) else schema[key]
    schema = settle(schema, definitions)
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind in {"integer", "number"}:
        return _number(schema, whole=kind == "integer")
    if kind == "boolean":
        return False
    if depth == 0:
        return None
    if kind == "array":
        return [example(name, schema.get("items", {}), definitions, depth - 1) for _ in range(max(1, int(schema.get("minItems", 1))))]
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        return {
            key: example(key, properties[key], definitions, depth - 1) for key in schema.get("required", properties) if key in properties
        }
    return _text(name, schema)


def _number(schema: Mapping[str, Any], *, whole: bool) -> float | int:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    value = 1 if low is None else low + (1 if "exclusiveMinimum" in schema else 0)
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if high is not None and value > high:
        value = high if "maximum" in schema else high - 1
    return int(value) if whole else float(value)


def _text(name: str, schema: Mapping[str, Any]) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[str(schema["format"])]
    text = guess(name)
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    text += "x" * (least - len(text))
    return text[: int(most)] if most is not None else text


def guess(name: str) -> str:
    """Text that a field of this name is likely to take."""
    low = name.lower()
    for part, value in (
        ("mail", _FORMATS["email"]), ("password", _FORMATS["password"]), ("date", _FORMATS["date"]), ("time", _FORMATS["date-time"]),
        ("url", _FORMATS["uri"]), ("uuid", _FORMATS["uuid"]), ("phone", "+4930123456"), ("amount", "1"), ("count", "1"), ("quantity", "1"),
        ("price", "1"), ("age", "30"), ("year", "2031"),
    ):  # fmt: skip
        if part in low:
            return value
    return "1" if low == "id" or low.endswith("_id") else f"probe {low}"
