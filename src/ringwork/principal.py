"""Who is asking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from ringwork.frozen import Frozen
from ringwork.names import SessionId


class Via(StrEnum):
    """How the request proved its identity. Only what a browser attaches by itself can be ridden by another site."""

    COOKIE = "cookie"
    BEARER = "bearer"
    CERTIFICATE = "certificate"


class Principal(Frozen):
    """An authenticated user or machine, as the application's `identify` returns it.

    id: the application's own stable identifier; a number or UUID of a table becomes its text. roles: names as the rules use them.
    via: how it was proven; COOKIE (the default) makes every state change need proof of origin.
    session: a handle of this login, so that tokens die with it; None binds them to the id alone.
    attributes: facts that rules may ask for later. Never put a secret here: events show principals.
    """

    id: str
    roles: frozenset[str] = frozenset()
    via: Via = Via.COOKIE
    session: SessionId | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if type(self.id) is not str:
            object.__setattr__(self, "id", _as_text(self.id, "id"))
        if not self.id:
            raise ValueError("a Principal needs a non-empty id")
        if self.session is not None and type(self.session) is not str:
            object.__setattr__(self, "session", _as_text(self.session, "session"))
        if not isinstance(self.roles, frozenset):
            object.__setattr__(self, "roles", _as_roles(self.roles))


def _as_text(given: object, name: str) -> str:
    """The text of an identifier. Raises ValueError for what is none: `True` would be one person for everybody."""
    if isinstance(given, str):
        return str(given)
    # By its name, so that nobody imports uuid who has none.
    if type(given) is int or type(given).__name__ in {"UUID", "ObjectId"}:
        return str(given)
    raise ValueError(f"the {name} of a Principal is {type(given).__name__}, not text; write {name}=str(...), and return None for nobody")


def _as_roles(roles: object) -> frozenset[str]:
    # Against a role that is silently split into letters: a bare string is one role, not many.
    if isinstance(roles, str):
        return frozenset({roles})
    return frozenset(roles)  # type: ignore[call-overload, no-any-return]  # any iterable of names is welcome
