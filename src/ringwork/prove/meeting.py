"""Who is met on a copy besides those who log in: users of HTTP Basic whom the source names, and those who are known by a key."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.prove import compared
from ringwork.prove.launch import Launcher
from ringwork.prove.process import Change
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire.entry import DeclaredUser

_MOST = 3
_POWER = ("admin", "root", "superuser", "administrator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Whom the target brings along. keys: by name, those with no name beside them under ""."""

    known: tuple[DeclaredUser, ...] = ()
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)


def brought(facts: AppFacts, launcher: Launcher) -> Brought:
    """Names with a password or a key, as far as settings, stores and comparisons of the copy tell them; at most three."""
    rows = list[dict[str, Any]]()
    running = launcher.run(Change())
    try:
        with contextlib.suppress(TargetFailed, OSError):
            rows = running.ask("bearers") or []
    finally:
        launcher.end(running)
    rows += [{"name": name, "password": password} for name, password in compared.accounts(facts)]
    keys = dict[str, list[str]]()
    known = dict[str, DeclaredUser]()
    for row in rows:
        name, role = str(row["name"]), str(row.get("role") or "")
        if row.get("key"):
            keys.setdefault(name, []).append(str(row["key"]))
        if name and name not in known and len(known) < _MOST:
            # Against an administrator by name who is taken for an ordinary user.
            roles = (role.lower(),) if role else ("admin",) if name.lower() in _POWER else ()
            known[name] = DeclaredUser(name=name, roles=roles, username=name, password=str(row.get("password") or ""))
    shared = keys.get("", [])
    if shared and not known:
        known["holder of the key"] = DeclaredUser(name="holder of the key")
    return Brought(known=tuple(known.values()), keys={name: [*keys.get(name, []), *shared] for name in (*known, "")})
