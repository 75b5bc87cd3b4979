"""Passwords that reach a row, a document or a statement as a request brought them, through whatever functions they go.

Against the stolen table of users, in which every password stands as it is: a view hands its form to a service, and the service fills the
row. Sources: CWE-256; OWASP ASVS 5.0, 11.4.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ringwork.survey.taint import sinks, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.values import Kind, Value
from ringwork.survey.taint.walk import names

KIND = "password-kept"
DETAIL = "A password is kept, or looked for, as it was typed; keep what Argon2id, scrypt or bcrypt make of it, and check that."
FIELDS = frozenset({"password", "passwd", "pwd", "passwort", "user_password", "userpassword", "raw_password", "plain_password"})
"""What a column is called that holds passwords, and no hash."""
STORED = frozenset({"Base", "DeclarativeBase", "Document", "Model"})
"""Last names of what classes of stored things are made of, whichever library they are of."""
_COLUMNS = ("PasswordType", "HashedPassword")
"""Types of columns that hash what they are given."""
_CREATES = frozenset({"create", "get_or_create", "update_or_create", "insert", "values"})
_FILLS = re.compile(r"\s*insert\s+into\s+\S+\s*\(([^()]*)\)\s*values\s*\((.*)\)", re.IGNORECASE | re.DOTALL)
_CHANGES = re.compile(r"\s*update\s+\S+\s+set\b(.*?)(?:\bwhere\b|$)", re.IGNORECASE | re.DOTALL)
_MARKS = r"%\(\w+\)s|[:@$]\w+|%s|\?"
_MARK = re.compile(_MARKS)
_SET = re.compile(rf"(\w+)[\"`\]]?\s*=\s*({_MARKS})")
_QUOTES = ' \t\n"`[]'


def is_made_by_class(project: Project, field: str) -> bool:
    """Whether some class of the project makes something of a password where it is set: a property, a validator, a type of column."""
    if project.methods_named(field):
        return True
    return _is_said(project, ("validates", "listens_for"), rf"(?:validates|listens_for)\([^)]*\b{field}\b") or _is_said(project, _COLUMNS)


def _is_said(project: Project, wanted: tuple[str, ...], pattern: str = "") -> bool:
    """Whether a module uses one of these names. Of an empty module nobody can say what its bytes hold, so the syntax is asked as well."""
    units = [project.noting(lambda name=name: project.unit(name))[0] for name in project.asked(*wanted, pattern=pattern)]  # type: ignore[misc] # bound at once
    return any(unit is not None and not set(wanted).isdisjoint(names(unit.module.body)) for unit in units)


def is_row(project: Project, owner: DefinedClass) -> bool:
    """Whether objects of a class are kept in a table or a collection, as they are."""
    is_stored = any(base.rpartition(".")[2] in STORED for base in project.bases(owner.dotted))
    return (is_stored or any(name == "table" for name, _ in owner.node.keywords)) and "save" not in owner.methods


def filled(run: Run, owner: DefinedClass, given: Mapping[str, Value], at: int) -> None:
    """A row of a class of the project is made of this."""
    if is_row(run.project, owner):
        _arrive(run, owner.name, given, at)


def changed(run: Run, owner: Value, name: str, value: Value, at: int) -> None:
    """A field of something is given this; it matters where that is a row."""
    own = owner.data[0] if owner.kind is Kind.OBJECT else run.project.class_(owner.type) if owner.type else None
    is_read = any(atom.kind == "stored" for atom in values.within(owner))
    if is_read or (own is not None and is_row(run.project, own)):
        _arrive(run, name, {name: value}, at)


def called(run: Run, name: str, keywords: Mapping[str, Value], at: int) -> None:
    """A described method of a table is called with these: `User.objects.create(password=...)`."""
    if name.rpartition(".")[2] in _CREATES:
        _arrive(run, name, keywords, at)


def _arrive(run: Run, sink: str, given: Mapping[str, Value], at: int) -> None:
    whole = given.get("**")
    held = whole.data[0] if whole is not None and whole.kind is Kind.KEYED else {}
    for name in sorted(FIELDS.intersection((*given, *held))):
        value = given.get(name) or held[name]
        if values.within(value) and not is_made_by_class(run.project, name):
            sinks.arrive(run, KIND, sink, value, at)


def document(value: Value) -> Value:
    """What of a document, or of what changes one, is a password: of all else nothing matters here."""
    if value.kind is not Kind.KEYED:
        return values.UNKNOWN
    held = value.data[0]
    changed = [document(inner) for key, inner in held.items() if str(key).startswith("$")]
    return Value(Kind.ITEMS, (*(inner for key, inner in held.items() if key in FIELDS), *changed))


def executed(run: Run, sink: str, statement: object, given: Sequence[Value], at: int) -> None:
    """A statement of the program's own is run with these."""
    if not isinstance(statement, str):
        return
    for place in _places(statement):
        value = _bound(given, place)
        if value is not None and values.within(value):
            sinks.arrive(run, KIND, sink, value, at)


def _places(statement: str) -> list[int | str]:
    """Which parameters a statement keeps as a password: their places, or the names that they have."""
    fills, changes = _FILLS.match(statement), _CHANGES.match(statement)
    each: list[tuple[str, str]] = []
    if fills is not None:
        each = list(zip(fills[1].split(","), fills[2].split(","), strict=False))
    elif changes is not None:
        each = [(one[1], one[2]) for one in _SET.finditer(changes[1])]
    marked = [(column.strip(_QUOTES).lower(), mark.strip()) for column, mark in each if _MARK.fullmatch(mark.strip())]
    return [_place(mark, index) for index, (column, mark) in enumerate(marked) if column in FIELDS]


def _place(mark: str, index: int) -> int | str:
    name = re.sub(r"^%\((\w+)\)s$|^[:@$]", r"\1", mark) if mark not in {"%s", "?"} else ""
    return int(name) - 1 if name.isdigit() else name or index


def _bound(given: Sequence[Value], place: int | str) -> Value | None:
    """The parameter of a place, of one sequence or of several arguments, or of a name."""
    first = given[0] if given else None
    if isinstance(place, str):
        return first.data[0].get(place) if first is not None and first.kind is Kind.KEYED else None
    every = first.data if len(given) == 1 and first is not None and first.kind is Kind.ITEMS else given
    return every[place] if 0 <= place < len(every) else None
