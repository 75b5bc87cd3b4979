"""The settings of a guard as a table for its page, read from the settings themselves.

Against pages that promise another default than the code has: a test holds each page equal to this table.
"""

from __future__ import annotations

import dataclasses
import typing

BEGIN = "<!-- settings:begin -->"
END = "<!-- settings:end -->"

_HEAD = "| Setting | Default | Unit | Meaning | Source |\n| --- | --- | --- | --- | --- |\n"
_NONE = "None of its own.\n"


def settings_table(settings: type[typing.Any]) -> str:
    """A Markdown table of a settings dataclass, one row a field; rows of inner tables follow as `outer[].inner`.

    settings: a dataclass whose fields carry "doc", "unit" and "source" in their metadata; what is missing stays empty.
    Returns text that ends in a line end. Raises TypeError for anything that is no dataclass.
    """
    rows = [row for field in dataclasses.fields(settings) for row in _rows(settings, field, "")]
    return _HEAD + "".join(rows) if rows else _NONE


def with_settings(page: str, settings: type[typing.Any]) -> str:
    """`page` with the table between its markers written anew. Raises ValueError when a marker is missing or repeated."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise ValueError(f"the page needs {BEGIN} and then {END}, once each")
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{settings_table(settings)}{END}{rest.split(END)[1]}"


def _rows(owner: type[typing.Any], field: dataclasses.Field[typing.Any], prefix: str) -> list[str]:
    told = field.metadata
    cells = [f"`{prefix}{field.name}`", _default(field), told.get("unit", ""), told.get("doc", ""), told.get("source", "")]
    rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"]
    for inner in typing.get_args(typing.get_type_hints(owner)[field.name]):
        if dataclasses.is_dataclass(inner):
            rows += [
                row
                for below in dataclasses.fields(inner)
                for row in _rows(typing.cast("type[typing.Any]", inner), below, f"{prefix}{field.name}[].")
            ]
    return rows


def _default(field: dataclasses.Field[typing.Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "required"
    return f"`{_toml(field.default)}`"


def _toml(value: object) -> str:
    """A default as it would stand in a settings file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return str(value)
