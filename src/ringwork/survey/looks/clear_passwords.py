"""Passwords that are kept, or looked for, as somebody typed them: in a row, in a statement, in a question to a table.

Against the stolen table of users, in which every password stands as it is. Sources: CWE-256, CWE-312; OWASP ASVS 5.0, 11.4.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Scope, Seen, calls, last, naming, taken, text_of
from ringwork.survey.taint import folding, ir, kept_passwords
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.walk import names, walk

_NAMES = kept_passwords.FIELDS
_MAKES = re.compile(r"hash|crypt|argon|pbkdf|digest|derive|_password|secure|protect|sha\d|md5|hmac|kdf|verify|check", re.IGNORECASE)
"""What makes something else of a password, by its name."""
_PLAIN = frozenset({"encode", "decode", "strip", "str", "lower", "get", "pop", "get_secret_value", "getlist", "get_argument"})
_STORED = ("Base", "DeclarativeBase", "Document", "Model", "SQLModel", "Entity")
_ASKS = frozenset({"filter_by", "filter", "get", "where", "exclude", "find_one", "find", "get_or_none", "count_documents"})
_KEEPS = frozenset({"create", "insert_one", "update_or_create", "get_or_create", "insert", "values", "update", "update_one"})
_RUNS = frozenset({
    "execute", "executemany", "fetch", "fetchrow", "fetchval", "fetch_one", "fetch_all", "query", "query_db", "execute_query", "raw",
})  # fmt: skip
_KEEPING = re.compile(
    r"^\s*(?:insert\s+into\b.*\b(?:password|passwd|pwd)\b|update\b.*\bset\b.*\b(?:password|passwd|pwd)\s*=)", re.IGNORECASE | re.DOTALL
)
_ASKING = re.compile(r"^\s*select\b.*\bwhere\b.*\b(?:password|passwd|pwd)\s*(?:=|like\b)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class _Inside:
    """One function. raw: variables that hold what somebody typed; schemas: parameters whose models have such a field."""

    seen: Seen
    function: ir.Function
    scope: Scope
    raw: frozenset[str]
    schemas: frozenset[str]


def look(seen: Seen) -> Iterator[Flow]:
    """Where the functions of one module keep or look for a password as it was typed."""
    named = naming(seen, _NAMES.__contains__)
    for function, outer in seen.of(ir.Function):
        scope = Scope(f"{outer.qualname}.{function.name}" if outer.qualname else function.name, function, outer.owner)
        if id(function) not in named and not seen.handler(scope):
            continue
        inside = _inside(seen, function, scope)
        if id(function) not in named and not inside.schemas:
            continue
        told = set[int]()
        for at, sink in _found(inside):
            if ir.line_of(at) not in told:
                told.add(ir.line_of(at))
                detail = kept_passwords.DETAIL
                yield seen.flow("password-hash", at, strength=STRONG, sink=sink, detail=detail, scope=scope, said="a password in clear")


def _texts(node: object) -> Iterator[str]:
    return (part.value for part in walk(node) if isinstance(part, ir.Constant) and isinstance(part.value, str))


def _inside(seen: Seen, function: ir.Function, scope: Scope) -> _Inside:
    schemas = set[str]()
    for handler in seen.handler(scope):
        for name, brought in handler.brought.items():
            owner = seen.project.class_(brought.type) if brought.type and brought.source in {"body", "form", "query"} else None
            if owner is not None and any(_declares(seen, owner, one) for one in _NAMES):
                schemas.add(name)
    handled = {name for handler in seen.handler(scope) for name, brought in handler.brought.items() if name in _NAMES and brought.source}
    made = _Inside(seen, function, scope, frozenset(handled), frozenset(schemas))
    raw, hashed = set(handled), set[str]()
    for part in walk(function.body):
        if isinstance(part, ir.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ir.Name):
            name = part.targets[0].id
            (raw if _is_raw(made, part.value) else hashed).add(name)
    return _Inside(seen, function, scope, frozenset(raw - hashed), frozenset(schemas))


def _declares(seen: Seen, owner: DefinedClass, field: str) -> bool:
    every = (owner, *(inner for base in seen.project.bases(owner.dotted) if (inner := seen.project.class_(base)) is not None))
    return any(field in one.annotations or field in one.attributes for one in every)


def _is_raw(inside: _Inside, value: ir.Expression) -> bool:
    """Whether a value is a password as a request brought it: read by its name, out of a schema, or held by a variable."""
    if any(_MAKES.search(last(call.function)) or last(call.function) not in _PLAIN for call in calls(value)):
        return False
    if isinstance(value, ir.Name):
        return value.id in inside.raw
    for part in walk(value):
        key, of = taken(part, _PLAIN)
        if key in _NAMES and of is not None and _is_request(inside, of):
            return True
        if isinstance(part, ir.Attribute) and part.name in _NAMES and isinstance(part.of, ir.Name) and part.of.id in inside.schemas:
            return True
        if isinstance(part, ir.Attribute) and part.name == "data" and last(part.of) in _NAMES:
            return True  # form.password.data
    return False


def _is_request(inside: _Inside, of: ir.Expression) -> bool:
    """Whether something is a request's form, body or query, or a variable that holds one."""
    if {"request", "cleaned_data"} & set(names(of)):
        return True
    return isinstance(of, ir.Name) and any(
        isinstance(part, ir.Assign) and "request" in set(names(part.value)) and any(last(target) == of.id for target in part.targets)
        for part in walk(inside.function.body)
    )


def _found(inside: _Inside) -> Iterator[tuple[int, str]]:
    for part in walk(inside.function.body):
        if isinstance(part, ir.Call):
            yield from _called(inside, part)
        elif isinstance(part, ir.Assign):
            for target in (one for one in part.targets if isinstance(one, ir.Attribute) and one.name in _NAMES):
                if (
                    not _is_self(target.of)
                    and _is_raw(inside, part.value)
                    and not kept_passwords.is_made_by_class(inside.seen.project, target.name)
                ):
                    yield part.at, target.name


def _is_self(owner: ir.Expression) -> bool:
    return isinstance(owner, ir.Name) and owner.id in {"self", "cls"}


def _called(inside: _Inside, call: ir.Call) -> Iterator[tuple[int, str]]:
    name = last(call.function)
    if name in _RUNS and call.arguments:
        yield from _run(inside, call)
    owner = inside.seen.project.class_(inside.seen.name(call.function))
    is_row = owner is not None and _is_row(inside.seen, owner)
    if is_row or name in _KEEPS or name in _ASKS:
        for keyword, value in call.keywords:
            is_given = keyword in _NAMES and _is_raw(inside, value) and not kept_passwords.is_made_by_class(inside.seen.project, keyword)
            is_whole = not keyword and is_row and owner is not None and _is_dumped(inside, value) and _has_plain(inside.seen, owner)
            if is_given or is_whole:
                yield call.at, name
    if name in _ASKS:
        for test in (part for one in call.arguments for part in walk(one) if isinstance(part, ir.Compare)):
            if last(test.left) in _NAMES and test.operators == ("==",) and _is_raw(inside, test.rights[0]):
                yield call.at, name
    if name in _ASKS | _KEEPS:
        for mapping in (one for one in call.arguments if isinstance(one, ir.Mapping)):
            if any(key is not None and text_of(key) in _NAMES and _is_raw(inside, value) for key, value in mapping.items):
                yield call.at, name


def _is_row(seen: Seen, owner: DefinedClass) -> bool:
    """Whether a class is of stored things, and does nothing of its own with what it is given."""
    bases = (*seen.project.bases(owner.dotted), *seen.project.written(owner))
    return any(base.rpartition(".")[2] in _STORED for base in bases) and not seen.project.method(owner, "__init__")


def _has_plain(seen: Seen, owner: DefinedClass) -> bool:
    return any(_declares(seen, owner, one) and not kept_passwords.is_made_by_class(seen.project, one) for one in _NAMES)


def _is_dumped(inside: _Inside, value: ir.Expression) -> bool:
    """The whole of a schema, nothing left out: body.model_dump(), body.dict()."""
    is_whole = isinstance(value, ir.Call) and isinstance(value.function, ir.Attribute) and value.function.name in {"model_dump", "dict"}
    if not is_whole or not isinstance(value, ir.Call) or not isinstance(value.function, ir.Attribute):
        return False
    assigned = (part for part in walk(inside.function.body) if isinstance(part, ir.Assign))
    if any(isinstance(target, ir.Attribute) and target.name in _NAMES for part in assigned for target in part.targets):
        return False  # it was changed before
    of = value.function.of
    is_part = any(name in {"exclude", "include"} for name, _ in value.keywords)
    return isinstance(of, ir.Name) and of.id in inside.schemas and not is_part


def _run(inside: _Inside, call: ir.Call) -> Iterator[tuple[int, str]]:
    """A statement that keeps or compares a password, given one as it was typed, or with one put into it."""
    statement = call.arguments[0]
    text = _text(inside, statement)
    if not (_KEEPING.search(text) or _ASKING.search(text)):
        return
    given = (inner for one in (*call.arguments[1:], *(value for _, value in call.keywords)) for inner in _each(one))
    inserted = (part.value for part in walk(_spelled(inside, statement)) if isinstance(part, ir.Format))
    joined = (part for part in walk(_spelled(inside, statement)) if isinstance(part, ir.Binary))
    sides = (side for part in joined for side in (part.left, *_each(part.right)))
    if any(_is_raw(inside, one) for one in (*given, *inserted, *sides)):
        yield call.at, last(call.function)


def _each(one: ir.Expression) -> tuple[ir.Expression, ...]:
    if isinstance(one, ir.Sequence):
        return one.items
    if isinstance(one, ir.Mapping):
        return tuple(value for _, value in one.items)
    return (one,)


def _spelled(inside: _Inside, statement: ir.Expression) -> ir.Expression:
    """What a variable holds that is given as a statement: the last that was put into it by one name alone."""
    if not isinstance(statement, ir.Name):
        return statement
    assigned = (part for part in walk(inside.function.body) if isinstance(part, ir.Assign))
    values = [part.value for part in assigned if any(last(target) == statement.id for target in part.targets)]
    return values[-1] if values else statement


def _text(inside: _Inside, statement: ir.Expression) -> str:
    spelled = _spelled(inside, statement)
    held = folding.constant(inside.seen.project, inside.seen.unit, spelled)
    return held if isinstance(held, str) else " ".join(_texts(spelled))
