"""Accounts that are written into the code: a table of names and their passwords, by which a login is checked.

Against the account that everybody has who read the repository, and that nobody can close without a release. Source: CWE-798.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, is_rehearsal, last, mentions, text_of, words
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_TABLES = frozenset({"users", "accounts", "credentials", "creds", "logins", "passwords", "user", "admins"})
_PASSWORDS = frozenset({"password", "passwd", "pwd", "pass", "passwort", "pw"})
_NAMES = frozenset({"username", "user", "name", "login", "email", "user_name", "id"})
_VALUE = re.compile(r"[^\s<>{}]{3,40}")
_HASH = re.compile(r"\$|:|[0-9a-fA-F]{32,}|[A-Za-z0-9+/]{40,}=*")
"""How a hash of a password looks: `$2b$12$...`, `pbkdf2:sha256:...`, hexadecimal digits."""


def look(seen: Seen) -> Iterator[Flow]:
    """Such tables of one module."""
    for statement, scope in seen.of(ir.Assign):
        table = next((last(target) for target in statement.targets if words(last(target)) & _TABLES), "")
        if table and scope.function is None:
            yield from _table(seen, scope, table, statement.value)


def _table(seen: Seen, scope: Scope, table: str, value: ir.Expression) -> Iterator[Flow]:
    found = next((part for part in walk(value) if isinstance(part, ir.Mapping) and _is_account(part)), None)
    if found is None and not (isinstance(value, ir.Mapping) and _is_plain(value) and _is_compared(seen, table)):
        return
    strength = WEAK if is_rehearsal(seen.unit.file) else STRONG
    at = value.at if found is None else found.at
    detail = f"{table} holds accounts and their passwords, which everybody can read; keep accounts in a store, and hashes for passwords."
    yield seen.flow("secret", at, strength=strength, sink=f"secret: {table}", detail=detail, scope=scope, said="accounts in the code")


def _is_account(mapping: ir.Mapping) -> bool:
    """{"name": "admin", "password": "admin123"}, or an account under its name: {"admin": {"password": "admin123"}}."""
    held = {text_of(key): value for key, value in mapping.items if key is not None}
    password = next((text_of(value) for key, value in held.items() if key in _PASSWORDS), None)
    return password is not None and _is_password(password) and (len(held) == 1 or bool(_NAMES & set(held)) or "role" in held)


def _is_plain(mapping: ir.Mapping) -> bool:
    """{"admin": "admin123"}."""
    each = [(text_of(key) if key is not None else None, text_of(value)) for key, value in mapping.items]
    return bool(each) and all(key and value and _is_password(value) for key, value in each)


def _is_password(value: str) -> bool:
    return _VALUE.fullmatch(value) is not None and _HASH.search(value) is None


def _is_compared(seen: Seen, table: str) -> bool:
    """Whether what stands in the table is compared with a password."""
    for compare, _ in seen.of(ir.Compare):
        sides = (compare.left, *compare.rights)
        of_table = [side for side in sides if mentions(side, {table})]
        others = {word for side in sides for name in (*names(side), last(side)) for word in words(name)}
        if of_table and compare.operators in {("==",), ("!=",)} and others & _PASSWORDS:
            return True
    return False
