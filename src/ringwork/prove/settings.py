"""What a run of the prover was asked to do: the command line laid over the project's `[tool.ringwork.prove]`."""

from __future__ import annotations

import base64
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import grades, project, rotations
from ringwork.prove.check import MessageKey
from ringwork.prove.target import Target
from ringwork.survey.flows import Rotated
from ringwork.survey.wire.entry import DeclaredUser

SEVERITIES, PROFILES = grades.SEVERITIES, grades.PROFILES
require_severity, require_profile = grades.require_severity, grades.require_profile
_TEXTS = ("select", "ignore", "sensitive")
_PLAIN: Mapping[str, tuple[type, str]] = MappingProxyType(
    {
        "users_from": (str, "text"),
        "coverage_floor": (float, "a number"),
        "sensitive_floor": (float, "a number"),
        "env": (dict, "a table"),
        "owners": (dict, "a table"),
        "fail_on": (str, "text"),
        "profile": (str, "text"),
        "quick": (bool, "true or false"),
        "deep": (bool, "true or false"),
        "max_time": (float, "a number"),
        "baseline": (str, "text"),
    }
)
"""Keys that are taken as they are: their type, and the word for it."""
_KEYS = ("target", "users", "login", "messages", "rotated", *_TEXTS, *_PLAIN)
_USER_KEYS = ("name", "roles", "username", "password", "token", "fields")
_MESSAGE_KEYS = ("route", "form", "key", "purpose", "body", "content_type")
_LOGIN_KEYS = ("path", "kind", "username_field", "password_field")
KINDS = ("form", "json")
MESSAGE_FORMS = ("ringwork", "link", "github", "stripe", "standard-webhooks", "slack", "hmac-hex:Header-Name", "hmac-base64:Header-Name")
_ENCODED = frozenset({"ringwork", "link", "standard-webhooks"})
"""Forms whose key is written in base64."""
_PLAIN_FORMS = ("hmac-hex:", "hmac-base64:")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginStep:
    """How to log in, where it is declared. path "" means: find it. kind: form, json, or "" for what the route takes."""

    path: str = ""
    kind: str = ""
    username_field: str = ""
    password_field: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One run. select, ignore: control or check ids. max_time: seconds. fail_on: the least severity that fails the run.

    baseline: the file of findings that are known, "" for none. since: a revision of git, "" for a whole run.
    owners: who answers for findings, by route, control or layer. messages: how to sign what senders sign, with keys for copies alone.
    sensitive: patterns of files whose tests and types are asked for, from the project's root; sensitive_floor: the share that tests reach.
    rotated: what the project says of secrets in its history.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str = "low"
    quick: bool = False
    deep: bool = False
    profile: str = "high"
    max_time: float = 300.0
    seed: int = 0
    coverage_floor: float = 0.8
    users: tuple[DeclaredUser, ...] = ()
    users_from: str = ""
    login: LoginStep = field(default_factory=LoginStep)
    env: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    baseline: str = ""
    since: str = ""
    owners: Mapping[str, str] = field(default_factory=dict)
    messages: tuple[MessageKey, ...] = ()
    sensitive: tuple[str, ...] = ()
    sensitive_floor: float = 0.9
    rotated: tuple[Rotated, ...] = ()

    @property
    def declares_nobody(self) -> bool:
        """Whether who can sign in is the prover's to find."""
        return not (self.users or self.users_from)


def of_project(target: Target) -> dict[str, Any]:
    """The fields of Settings that the project's own file gives. Raises TargetFailed for a key that is not known.

    The file is the nearest one with a `prove` table, from the folder of the target's module up to the project's root.
    """
    folder, table = _nearest(target)
    _require_known(table, _KEYS, "prove")
    found = dict[str, Any]()
    if "users" in table:
        found["users"] = tuple(declared(user, f"prove.users[{i}]") for i, user in enumerate(table["users"]))
    if "login" in table:
        _require_known(table["login"], _LOGIN_KEYS, "prove.login")
        found["login"] = LoginStep(**table["login"])
        if found["login"].kind not in {"", *KINDS}:
            raise TargetFailed(step="settings", problem="prove.login.kind is unknown", advice=f"write one of: {', '.join(KINDS)}")
    if "messages" in table:
        env = table.get("env", {})
        found["messages"] = tuple(_message(row, f"prove.messages[{i}]", env) for i, row in enumerate(table["messages"]))
    if "rotated" in table:
        found["rotated"] = rotations.of_table(table)
    for name in _TEXTS:
        if name in table:
            words = table[name]
            if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
                raise TargetFailed(step="settings", problem=f"prove.{name} is no list of text", advice=f'write {name} = ["browser.csrf"]')
            found[name] = tuple(words)
    found.update(_plain(table))
    if "baseline" in found:
        found["baseline"] = str(folder / found["baseline"])
    if "sensitive" in found:
        below = folder.relative_to(target.root).as_posix() if folder.is_relative_to(target.root) else "."
        found["sensitive"] = tuple(pattern if below == "." else f"{below}/{pattern}" for pattern in found["sensitive"])
    return found


def _plain(table: Mapping[str, Any]) -> dict[str, Any]:
    found = dict[str, Any]()
    for name, (kind, called) in _PLAIN.items():
        if name not in table:
            continue
        value = float(table[name]) if kind is float and type(table[name]) is int else table[name]
        if type(value) is not kind:
            raise TargetFailed(step="settings", problem=f"prove.{name} is of another kind", advice=f"write {called}")
        found[name] = value
    return found


def _nearest(target: Target) -> tuple[Path, Mapping[str, Any]]:
    folder = target.root.joinpath(target.paths[0], *target.module.split(".")[:-1])
    for candidate in (folder, *folder.parents):
        table = project.table(candidate)
        if table or candidate == target.root:
            return candidate, table
    return target.root, {}


def declared(given: Mapping[str, Any], where: str) -> DeclaredUser:
    """One user from a table or a fixture. Text that starts with $ is read from the environment of the prover."""
    _require_known(given, _USER_KEYS, where)
    if not given.get("name"):
        raise TargetFailed(step="settings", problem=f"{where} has no name", advice='write name = "anna"')
    roles = given.get("roles", ())
    return DeclaredUser(
        name=str(given["name"]),
        roles=(roles,) if isinstance(roles, str) else tuple(roles),
        username=_value(given.get("username", given["name"]), where),
        password=_value(given.get("password", ""), where),
        token=_value(given.get("token", ""), where),
        fields={name: _value(value, where) for name, value in given.get("fields", {}).items()},
    )


def _message(given: Mapping[str, Any], where: str, env: Mapping[str, Any]) -> MessageKey:
    """One row of `messages`. A key that starts with $ is a variable of `prove.env`, else of the prover's environment."""
    _require_known(given, _MESSAGE_KEYS, where)
    form = str(given.get("form", ""))
    is_known = form in MESSAGE_FORMS or (form.startswith(_PLAIN_FORMS) and bool(form.partition(":")[2]))
    if not given.get("route") or not given.get("key") or not is_known:
        advice = f'write route = "POST /hook", form = "..." ({", ".join(MESSAGE_FORMS)}) and key = "$HOOK_KEY"'
        raise TargetFailed(step="settings", problem=f"{where} is incomplete", advice=advice)
    key = str(given["key"])
    texts = {name: str(given.get(name, "")) for name in ("purpose", "body", "content_type")}
    value = str(env[key[1:]]) if key.startswith("$") and key[1:] in env else _value(key, where)
    if form in _ENCODED and not _is_base64(value.removeprefix("whsec_")):
        advice = "write the key that your copies have: 32 random bytes as base64 (openssl rand -base64 32)"
        raise TargetFailed(step="settings", problem=f"the key of {where} is no base64, as form = {form!r} has it", advice=advice)
    return MessageKey(route=str(given["route"]), form=form, key=value, **texts)


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False


def _value(text: Any, where: str) -> str:
    if not isinstance(text, str):
        # A password may be what it is, so only its kind is shown.
        raise TargetFailed(
            step="settings",
            problem=f"{where} has something of type {type(text).__name__} where text is typed in",
            advice="write it in quotes",
        )
    if not text.startswith("$"):
        return text
    name = text.removeprefix("$")
    if name not in os.environ:
        raise TargetFailed(step="settings", problem=f"{where} names ${name}, which is not set", advice=f"export {name}=... before the run")
    return os.environ[name]


def _require_known(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"
            raise TargetFailed(step="settings", problem=f"{where}.{key} is unknown", advice=hint)


def env_file(path: Path) -> dict[str, str]:
    """NAME=VALUE lines; blank ones and those that start with # are passed over. Raises TargetFailed for any other."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TargetFailed(step="settings", problem=f"{path.name} cannot be read", advice="check the path given to --env-file") from error
    found = dict[str, str]()
    for i, line in enumerate(lines, start=1):
        text = line.strip().removeprefix("export ")
        if text and not text.startswith("#"):
            found.update(assignment(text, f"{path.name}:{i}"))
    return found


def assignment(text: str, where: str) -> dict[str, str]:
    """One NAME=VALUE. The value is never shown in a message."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise TargetFailed(step="settings", problem=f"{where} is no NAME=VALUE", advice="write for example DATABASE_URL=sqlite:///app.db")
    value = value.strip()
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return {name.strip(): value[1:-1] if quoted else value}
