"""Settings files: `[tool.ringwork]` of pyproject.toml, or ringwork.toml. Secrets never stand in them.

Against the mistyped key that switches a defence off in silence: whatever is not known is a fault, with the nearest known name.
"""

from __future__ import annotations

import datetime
import logging
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ringwork.errors import PolicyInvalid
from ringwork.frozen import FrozenType, declared
from ringwork.policy.declare import RuleMark, public, requires, signed, signed_link
from ringwork.policy.guards import SETTINGS
from ringwork.policy.known_by import KnownBy
from ringwork.policy.policy import Policy, Waiver

LOGGER = logging.getLogger("ringwork")

PLAIN = ("origin", "hosts", "trusted_origins", "mode", "identify", "own_auth", "roles", "store", "identify_seconds")
"""Top-level keys with a plain value."""

OTHERS = ("rules", "waivers", "prove", "keys")
"""Top-level tables that are no control's settings; `prove` and `keys` are checked where they are used."""


def find(folder: Path) -> Path | None:
    """The settings file of `folder`: ringwork.toml, else a pyproject.toml that has [tool.ringwork]."""
    own = folder / "ringwork.toml"
    if own.is_file():
        return own
    project = folder / "pyproject.toml"
    return project if project.is_file() and _is_named_in(project) and "ringwork" in _toml(project).get("tool", {}) else None


def _is_named_in(project: Path) -> bool:
    """Whether the name can stand in the file at all, spelled out or by escapes; most projects' files need not be parsed for that."""
    text = project.read_bytes()
    return b"ringwork" in text or b"\\u" in text or b"\\U" in text


def read(path: Path) -> dict[str, Any]:
    """The table of settings in `path`, as it stands there."""
    whole = _toml(path)
    table = whole.get("tool", {}).get("ringwork", {}) if path.name == "pyproject.toml" else whole
    return dict(table)


def _toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyInvalid([f"{path.name}: no valid TOML: {error}"]) from error


def policy_in(folder: Path) -> Policy:
    """The policy that the settings file of `folder` describes; the defaults where there is none. Raises PolicyInvalid."""
    found = find(folder)
    return Policy() if found is None else load(found)


def warn_of_unread(folder: Path) -> None:
    """Against settings that somebody wrote and nobody reads: a policy in code takes the place of the file, except of its [prove] part."""
    found = find(folder)
    unread = sorted(set(read(found)) - {"prove"}) if found is not None else []
    if found is not None and unread:
        LOGGER.warning("%s: %s not read, because protect() was given a Policy; write them there", found.name, ", ".join(unread))


def load(path: Path, **given: Any) -> Policy:
    """The policy that `path` describes; `given` fields (identify, events, ...) are laid over it. Raises PolicyInvalid."""
    return from_table(read(path), where=path.name, **given)


def from_table(table: Mapping[str, Any], *, where: str, **given: Any) -> Policy:
    """A policy from a table of settings, with every fault told at once."""
    faults: list[str] = []
    values = {name: value for name in PLAIN if name in table and (value := _plain(name, table[name], faults, where)) is not None}
    guards = {guard.control: (field, guard) for field, guard in SETTINGS}
    layers = {control.split(".")[0] for control in guards}
    for key, value in table.items():
        if key in layers and isinstance(value, Mapping):
            _layer(key, value, guards, values, faults, where)
        elif key not in PLAIN and key not in OTHERS:
            faults.append(_unknown(f"{where}: {key}", key, [*PLAIN, *OTHERS, *layers]))
    faults += _swallowed(table.get("prove"), {*PLAIN, "rules", "waivers", *layers} - {"roles"}, where)
    values["rules"] = _rules(table.get("rules", ()), faults, where)
    values["waivers"] = _waivers(table.get("waivers", ()), faults, where)
    try:
        policy = Policy(**{**values, **given})
    except PolicyInvalid as invalid:
        raise PolicyInvalid([*faults, *invalid.faults]) from invalid
    if faults:
        raise PolicyInvalid(faults)
    return policy


def _swallowed(table: Any, own: set[str], where: str) -> list[str]:
    """Settings of the guard inside a list of tables. Against lines at the end of a file, which TOML gives to its last [[prove.users]]."""
    lists = table.items() if isinstance(table, Mapping) else ()
    return [
        f"{where}: prove.{name}[{i}].{key}: is read as a part of [[prove.{name}]]; move it above the first line that begins with ["
        for name, listed in lists
        if isinstance(listed, list)
        for i, one in enumerate(listed)
        if isinstance(one, Mapping)
        for key in one
        if key in own
    ]


def _plain(name: str, value: Any, faults: list[str], where: str) -> Any:
    if name == "identify" and isinstance(value, Mapping):
        return _settings(KnownBy, value, f"{where}: identify", faults)
    if name == "store" and isinstance(value, str) and "@" in value.partition("://")[2]:
        # Against a password that is committed with the settings.
        faults.append(f'{where}: store: holds a password; put the address into a variable and write store = "env:STORE_ADDRESS"')
        return None
    expected: Any = {"hosts": list, "trusted_origins": list, "own_auth": list, "roles": list, "identify_seconds": (int, float)}.get(
        name, str
    )
    if not isinstance(value, expected) or isinstance(value, bool):
        shown = "a list of texts" if expected is list else "a number of seconds" if name == "identify_seconds" else "a text"
        faults.append(f"{where}: {name}: give {shown}, not {type(value).__name__}")
        return None
    return tuple(value) if isinstance(value, list) else value


def _unknown(where: str, key: str, known: Iterable[str]) -> str:
    import difflib

    known = sorted(set(known))
    near = difflib.get_close_matches(key, known, n=1)
    return f"{where} is unknown; " + (f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}")


def _layer(layer: str, table: Mapping[str, Any], guards: Mapping[Any, Any], values: dict[str, Any], faults: list[str], where: str) -> None:
    for stem, settings in table.items():
        found = guards.get(f"{layer}.{stem}")
        if found is None:
            known = [control.split(".")[1] for control in guards if control.startswith(f"{layer}.")]
            faults.append(_unknown(f"{where}: [{layer}.{stem}]", stem, known))
            continue
        field, guard = found
        values[field] = _settings(guard.settings, settings, f"{where}: {layer}.{stem}", faults)


def _settings(kind: type[Any], table: Any, where: str, faults: list[str]) -> Any:
    """`kind` filled from `table`; on a fault the default, since the fault stops the start anyway."""
    if not isinstance(table, Mapping):
        faults.append(f"{where}: give a table of settings, not {type(table).__name__}")
        return kind()
    hints = typing.get_type_hints(kind)
    values = {}
    for key, value in table.items():
        if key not in hints:
            faults.append(_unknown(f"{where}.{key}", key, hints))
            continue
        fits, converted = _convert(hints[key], value, f"{where}.{key}", faults)
        if fits:
            values[key] = converted
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:
        faults.append(f"{where}: {error}")
        return None


def _convert(kind: Any, value: Any, where: str, faults: list[str]) -> tuple[bool, Any]:
    if typing.get_origin(kind) is tuple and isinstance(value, list):
        inner = typing.get_args(kind)[0]
        pairs = [_convert(inner, item, f"{where}[{i}]", faults) for i, item in enumerate(value)]
        return all(fits for fits, _ in pairs), tuple(item for _, item in pairs)
    if isinstance(kind, FrozenType) and isinstance(value, Mapping):
        made = _settings(typing.cast(type[Any], kind), value, where, faults)
        return made is not None, made
    plain = str if isinstance(kind, types.GenericAlias) else kind
    if plain is float and type(value) is int:
        value = float(value)
    if isinstance(plain, type) and isinstance(value, plain) and not (plain is int and isinstance(value, bool)):
        return True, value
    faults.append(f"{where}: give {_shown(kind)}, not {type(value).__name__}")
    return False, None


def _shown(kind: Any) -> str:
    if typing.get_origin(kind) is tuple:
        return "a list"
    return {str: "a text", int: "a whole number", bool: "true or false", float: "a number"}.get(kind, "a table")


def _rows(name: str, rows: Any, faults: list[str], where: str) -> list[Mapping[str, Any]]:
    """The rows of an array of tables; anything else is a fault, never an empty list in silence."""
    found = list(rows) if isinstance(rows, list | tuple) else [rows]
    if all(isinstance(row, Mapping) for row in found) and not isinstance(rows, Mapping):
        return found
    faults.append(f"{where}: {name}: write each as a table of its own, [[{name}]]")
    return []


_KINDS = frozenset({"public", "requires", "signed", "signed_link"})
_ADVICE = (
    'give route = "GET /path" (or routes = [...]) and either public = "reason" or requires = ["role"]; '
    'or signed = "sender" (with a purpose), or signed_link = "purpose"'
)


def _rules(rows: Any, faults: list[str], where: str) -> dict[str, RuleMark]:
    """Rows of `rules`: route or routes, and one rule: public, requires (roles, none for any user), signed or signed_link."""
    rules: dict[str, RuleMark] = {}
    for i, row in enumerate(_rows("rules", rows, faults, where)):
        place = f"{where}: rules[{i}]"
        kinds = _KINDS & set(row)
        allowed = {"route", "routes", *kinds} | ({"purpose"} if "signed" in kinds else {"once"} if "signed_link" in kinds else set())
        if set(row) - allowed or ("route" in row) == ("routes" in row) or len(kinds) != 1:
            faults.append(f"{place}: {_ADVICE}")
            continue
        try:
            rules.update(dict.fromkeys([row["route"]] if "route" in row else row["routes"], _mark(row)))
        except (TypeError, ValueError) as error:
            faults.append(f"{place}: {error}")
    return rules


def _mark(row: Mapping[str, Any]) -> RuleMark:
    if "public" in row:
        return public(row["public"])
    if "requires" in row:
        return requires(*row["requires"])
    if "signed" in row:
        return signed(row["signed"], purpose=str(row.get("purpose", "")))
    return signed_link(row["signed_link"], once=bool(row.get("once", False)))


def _waivers(rows: Any, faults: list[str], where: str) -> tuple[Waiver, ...]:
    waivers = []
    for i, row in enumerate(_rows("waivers", rows, faults, where)):
        place = f"{where}: waivers[{i}]"
        names = set(declared(Waiver))
        for key in set(row) - names:
            faults.append(_unknown(f"{place}.{key}", key, names))
        if not {"control", "reason", "owner", "until"} <= set(row) or not isinstance(row.get("until"), datetime.date):
            faults.append(f"{place}: give control, reason, owner and until = 2027-01-31 (a date, without quotes)")
            continue
        waivers.append(Waiver(**{key: row[key] for key in row if key in names}))
    return tuple(waivers)
