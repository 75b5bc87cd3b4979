"""Lines for a settings file, as they stand in a `Policy(...)` in code, which no settings file is merged with.

Against lines that are pasted where nobody reads them: a policy in code takes the place of the whole file.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

PLACE = "Policy(...)"
"""Where such lines go: among the arguments of the policy that the code hands to protect()."""

_SESSIONS = ("flask_session", "aiohttp_session")


def in_code(lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Arguments and reasons for lines and reasons; the lines together are TOML."""
    reasons = {text.partition(" = ")[0]: reason for text, reason in lines}
    table = tomllib.loads("\n".join(text for text, _ in lines))
    known = table.get("identify", {}).get("dependency")
    if known:
        # In a settings file its name says both; in code a function has no name by which it could be found before a route.
        table["own_auth"] = [known, *table.get("own_auth", ())]
        reasons.setdefault("own_auth", "it refuses by itself where it stands, so these routes need no second rule")
    return [(text, reasons[name]) for name, value in table.items() for text in _argument(name, value)]


def _argument(name: str, value: Any) -> Iterator[str]:
    if name == "identify":
        yield f"identify={_identify(value)},"
    elif name == "rules":
        yield f"rules={{{', '.join(_rule(row) for row in value)}}},"
    elif isinstance(value, list):
        yield f"{name}=({', '.join(map(_quoted, value))},),"
    else:
        yield f"{name}={_quoted(value)},"


def _rule(row: Mapping[str, Any]) -> str:
    names = row.get("routes") or [row["route"]]
    return ", ".join(f"{_quoted(name)}: ringwork.public({_quoted(row['public'])})" for name in names)


def _identify(table: Mapping[str, Any]) -> str:
    for name in _SESSIONS:
        if name in table:
            return f"ringwork.identify.{name}({_quoted(table[name])})"
    if "dependency" not in table:
        return f"ringwork.identify.{next(iter(table))}()"
    module, _, function = table["dependency"].partition(":")
    given = [f"{module}.{function}"]
    if "id" in table:
        given.append(f"lambda user: ringwork.Principal(id=str(user.{table['id']}){', via=ringwork.Via.BEARER' if 'via' in table else ''})")
    elif "via" in table:
        given.append("via=ringwork.Via.BEARER")
    return f"ringwork.identify.fastapi_dependency({', '.join(given)})"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
