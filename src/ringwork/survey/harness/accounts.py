"""Accounts that the copy holds already: rows of a table, or entries of a module's own list, with a name and a password each.

A password that is kept in clear signs its owner in. Where a hash is kept, one of a password of the prover's, made by the same library at
the same cost, takes its place: in the copy alone, and told.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import itertools
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ringwork.survey import state
from ringwork.survey.harness import confine, records
from ringwork.survey.wire.entry import USERNAMES

_WORD = r"(?:password|passwd|passphrase|pass|pwd|pw)"
_KEPT = re.compile(
    rf"^(?:user_?)?(?:{_WORD}(?:_?(?:hash(?:ed)?|digest|enc(?:rypted)?))?|(?:hash(?:ed)?|enc(?:rypted)?)_?{_WORD})$", re.IGNORECASE
)
_USERS = re.compile(
    r"(?:users?|accounts?|passwords?|credentials?|logins?|people|members?)(?:_?(?:db|database|table|list|map|dict))?$", re.IGNORECASE
)
_ROLES = ("role", "roles", "user_role", "userrole", "user_type", "usertype", "account_type")
_FLAGS = {
    "is_admin": "admin",
    "isadmin": "admin",
    "admin": "admin",
    "is_superuser": "superuser",
    "superuser": "superuser",
    "is_staff": "staff",
}
_ON = ("is_active", "active", "enabled", "is_enabled")
_OFF = ("disabled", "is_disabled", "banned", "is_banned", "locked", "is_locked", "deleted", "is_deleted", "blocked", "is_blocked")
_DIGESTS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}
_PASSLIB = ("pbkdf2_sha256", "pbkdf2_sha512", "sha512_crypt", "sha256_crypt", "bcrypt_sha256", "pbkdf2_sha1", "md5_crypt", "apr_md5_crypt")
_MOST_CLEAR = 40
_PEERS, _MOST = 2, 4


@dataclass(slots=True, kw_only=True)
class Account:
    """One that was found. keep: puts another password's hash in the place of the one that is kept; raises whatever its store raises.

    is_shut: whether it is marked as one that lets nobody in.
    """

    place: str
    names: Mapping[str, str]
    kept: str
    roles: tuple[str, ...]
    keep: Callable[[str], None] = field(repr=False)
    is_shut: bool = False

    @property
    def name(self) -> str:
        """How reports call its owner."""
        first = next((self.names[name] for name in ("username", "login", "name", "user", "user_name") if name in self.names), "")
        first = first or next(iter(self.names.values()))
        return re.sub(r"[^\w.-]+", "-", first.partition("@")[0])[:20].strip("-") or "somebody"


def known(folder: Path, *, is_running: bool = False) -> list[dict[str, Any]]:
    """Users who can sign in, at most four: two of the commonest role and one of each other. Rows of name, roles, names, password.

    names: what each field that could be asked for at a login holds. is_running: the process serves, so that of what it put into its modules
    by starting no other copy would know a change.
    """
    users, told = dict[str, dict[str, Any]](), set[str]()
    for account in _chosen(account for account in _found(folder) if not account.is_shut):
        password, hashed = _made_known(account)
        if not password:
            continue
        if hashed and is_running and account.place.startswith(state.IN_MODULES):
            continue
        if hashed:
            try:
                account.keep(hashed)
            except (sqlite3.Error, TypeError, AttributeError, KeyError):  # locked, of another thread, or frozen
                continue
            told.add(account.place)
        row = {"name": account.name, "roles": list(account.roles), "names": dict(account.names), "password": password}
        users.setdefault(account.name, row)
    for place in sorted(told):
        confine.note(f"passwords in {place} of the copy are kept as hashes; those of users who sign in here were replaced")
    return list(users.values())


def _chosen(found: Iterable[Account]) -> list[Account]:
    """Two of the commonest role and one of each other, as they stand."""
    by_role = defaultdict[tuple[str, ...], list[Account]](list)
    for account in found:
        by_role[account.roles].append(account)
    ordered = sorted(by_role.values(), key=lambda same: (bool(set(same[0].roles) & set(_FLAGS.values())), -len(same)))
    return [account for at, same in enumerate(ordered) for account in same[: _PEERS if at == 0 else 1]][:_MOST]


def kept(folder: Path) -> list[str]:
    """What every account of the copy has for a password, shut ones too: reports must show none of it."""
    return [account.kept for account in _found(folder)]


# -- where accounts are kept -----------------------------------------------------------------------------------


def _found(folder: Path) -> Iterator[Account]:
    """In rows, `USERS = {"anna": {"password": "..."}}`, a list of records, or names with passwords alone."""
    for record in itertools.chain(records.of_tables(folder, _KEPT.match), records.of_modules(folder, depth=2)):
        column = next(filter(_KEPT.match, record.fields), None)
        if column is not None:
            named = {"username": record.under} if record.under else {}
            account = _read(record.place, {**named, **record.fields}, functools.partial(record.put, column))
            if account is not None:
                yield account
        elif not record.under and _USERS.search(record.place):
            for name, value in record.fields.items():
                account = _read(record.place, {"username": name, "password": value}, functools.partial(record.put, name))
                if account is not None:
                    yield account


# -- what a record tells ---------------------------------------------------------------------------------------


def _read(place: str, record: Mapping[str, Any], keep: Callable[[Any], None]) -> Account | None:
    """The account of a record, None for one that names nobody or keeps no text."""
    low = {str(name).lower(): value for name, value in record.items()}
    names = {name: text for name in USERNAMES if (text := records.text(low.get(name)))}
    value = next((value for name, value in low.items() if _KEPT.match(name)), None)
    if not names or value is None or not issubclass(type(value), str | bytes):
        return None
    shut = any(name in low and not low[name] for name in _ON) or any(low.get(name) for name in _OFF)
    kept = value if isinstance(value, str) else value.decode(errors="replace")

    def put(hashed: str) -> None:
        keep(hashed if isinstance(value, str) else hashed.encode())

    return Account(place=place, names=names, kept=kept, roles=_roles(low), is_shut=shut, keep=put)


def _roles(record: Mapping[str, Any]) -> tuple[str, ...]:
    given = next((record[name] for name in _ROLES if record.get(name)), ())
    given = getattr(given, "value", given)  # of an enumeration
    texts = [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple | set | frozenset) else []
    flags = [role for name, role in _FLAGS.items() if record.get(name) == 1] if not texts else []  # True is stored as 1
    return tuple(sorted({text for text in (*texts, *flags) if isinstance(text, str)}))


# -- passwords -------------------------------------------------------------------------------------------------


def _made_known(account: Account) -> tuple[str, str]:
    """A password that signs the account in, and its hash where the one that is kept must give way; "" for a form that nobody knows."""
    # The same in each copy that is made of one tree: copies that are imported anew must agree about who can sign in.
    password = f"Rw-{hashlib.sha256(f'{account.place} {account.names}'.encode()).hexdigest()[:20]}!9a"
    hasher = _hasher(account.kept)
    if hasher is not None:
        with contextlib.suppress(Exception):  # a library that is not there, a cost that it does not take
            return password, hasher(password)
        return "", ""
    is_clear = 0 < len(account.kept) <= _MOST_CLEAR and account.kept.isprintable() and not account.kept.startswith(("$", "{", "gAAAA"))
    return (account.kept, "") if is_clear else ("", "")


def _hasher(kept: str) -> Callable[[str], str] | None:
    """What makes a hash of the same form and cost, by the library that made this one; None for what has the form of none."""
    digest = _DIGESTS.get(len(kept)) if re.fullmatch(r"[0-9a-fA-F]+", kept) else None
    if digest is not None:
        return lambda password: hashlib.new(digest, password.encode(), usedforsecurity=False).hexdigest()
    makers = {
        r"(?:pbkdf2|scrypt):[^$]*\$[^$]+\$": _by_werkzeug,
        r"\$2[abxy]\$\d\d\$": _by_bcrypt,
        r"\$argon2": _by_argon2,
        r"\$": _by_passlib,
    }
    maker = next((made for form, made in makers.items() if re.match(form, kept)), None)
    return functools.partial(maker, kept) if maker is not None else None


def _by_werkzeug(kept: str, password: str) -> str:
    from werkzeug.security import generate_password_hash

    return generate_password_hash(password, method=kept.partition("$")[0])


def _by_bcrypt(kept: str, password: str) -> str:
    import bcrypt

    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(int(kept[4:6]))).decode()


def _by_argon2(kept: str, password: str) -> str:
    import argon2

    return argon2.PasswordHasher.from_parameters(argon2.extract_parameters(kept)).hash(password)


def _by_passlib(kept: str, password: str) -> str:
    hashes: Any = importlib.import_module("passlib.hash")  # it makes its names when they are asked for
    return str(next(handler for name in _PASSLIB if (handler := getattr(hashes, name)).identify(kept)).hash(password))
