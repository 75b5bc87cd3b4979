"""From what an application's own code returns to a Principal.

Against a mistake that names somebody: what has no id refuses the request, and never becomes a user called "None" or "True".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ringwork.names import SessionId
from ringwork.principal import Principal, Via

Roles = Callable[[Any], Iterable[str]]
"""From the library's own user (or a token's claims) to the names of roles as rules use them."""


def no_roles(user: Any) -> Iterable[str]:
    """What an adapter gives whoever is signed in, where no `roles` were handed over."""
    return ()


def principal(found: Any, *, roles: Roles, via: Via, session: SessionId | None) -> Principal:
    """Who a Principal, a text, a number, an object, a row or a mapping names. Raises TypeError for something without an id."""
    if isinstance(found, Principal):
        return found
    return identified(found if isinstance(found, str | int) else _id_of(found), found, roles=roles, via=via, session=session)


def identified(given: Any, found: Any, *, roles: Roles, via: Via, session: SessionId | None) -> Principal:
    """The user `found`, whose id is `given`. Raises TypeError for no id."""
    # Against an anonymous user whose name is None, which would become a principal of that name; and against True, which is a
    # number to Python: a check that answers yes or no names nobody.
    if given is None or given == "" or isinstance(given, bool):
        raise TypeError(f"{type(found).__name__} has no id; give to_principal, or return an object with an id")
    return Principal(id=str(given), roles=named_roles(roles, found), via=via, session=session)


def named_roles(roles: Roles, user: Any) -> frozenset[str]:
    """The names of a user's roles."""
    given = roles(user)
    # Against a role that is silently split into letters: a bare text is one role, not many.
    return frozenset({given} if isinstance(given, str) else given)


def read(user: Any, name: str) -> Any:
    """An attribute of an object, or a field of a row or mapping."""
    return user[name] if hasattr(user, "keys") else getattr(user, name)


def _id_of(found: Any) -> Any:
    if isinstance(found, Mapping):
        return found.get("sub", found.get("id"))
    if hasattr(found, "keys"):  # a row of sqlite3
        return next((found[name] for name in ("sub", "id") if name in found.keys()), None)  # noqa: SIM118  # it iterates its values
    return getattr(found, "id", None)
