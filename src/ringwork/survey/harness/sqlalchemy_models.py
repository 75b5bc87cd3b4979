"""SQLAlchemy's mapped classes: their columns as facts, and rows of theirs written and read in a copy by sessions of the application's."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import gc
import re
import secrets
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy
from sqlalchemy import Column, Engine, create_engine, literal_column, select
from sqlalchemy.orm import Session, registry, sessionmaker
from sqlalchemy.pool import NullPool

from ringwork.survey.facts import FieldFacts
from ringwork.survey.harness import field_kinds, planted_models
from ringwork.survey.harness.shelf import Unreachable, keys_down

_CONTROL = "ringwork_control"
_DEPTH = 4
_DRESS = re.compile(r"^_+|^(?:encrypted|sealed|enc)_|_(?:encrypted|sealed|enc|ciphertext)$")
_mappers: list[Any] = []
"""Those of the application, as `collect` found them before the copies were forked."""


# -- facts ---------------------------------------------------------------------------------------------------


def collect(folder: Path) -> list[FieldFacts]:
    """The columns of every mapped class that files of the folder define."""
    registries = [item for item in gc.get_objects() if type(item) is registry]
    found = {mapper.class_: mapper for one in registries for mapper in one.mappers if field_kinds.is_inside(mapper.class_, folder)}
    _mappers[:] = sorted(found.values(), key=lambda mapper: (mapper.class_.__module__, mapper.class_.__qualname__))
    return [fact for mapper in _mappers for fact in _fields(mapper, folder)]


def _fields(mapper: Any, folder: Path) -> Iterator[FieldFacts]:
    for key, column in _columns(mapper):
        kind = column.type
        attribute = _attribute(mapper.class_, key, column.name)
        by = field_kinds.encrypted_by(type(kind), folder) or field_kinds.by_code(_static(mapper.class_, attribute))
        file, line = field_kinds.place_of(mapper.class_, (attribute, key, column.name), folder)
        yield FieldFacts(
            model=f"{mapper.class_.__module__}:{mapper.class_.__qualname__}",
            orm="sqlalchemy",
            table=str(column.table.name),
            column=str(column.name),
            attribute=attribute,
            encrypted_by=by,
            engine=_engine_name(kind) if by else "",
            holds=_holds(kind),
            length=int(getattr(getattr(kind, "underlying_type", None) or kind, "length", 0) or 0) if by != field_kinds.RINGWORK else 0,
            reference=bool(column.foreign_keys) or column.primary_key,
            file=file,
            line=line,
        )


def _columns(mapper: Any) -> Iterator[tuple[str, Column[Any]]]:
    """Attribute and column of each that is a column of a table."""
    for prop in mapper.column_attrs:
        if isinstance(prop.columns[0], Column):
            yield prop.key, prop.columns[0]


def _attribute(model: type, key: str, column: str) -> str:
    """How the application reads it: a column that is mapped as "_ssn" or "ssn_encrypted" beside a property "ssn" is read by that."""
    for name in (key.lstrip("_"), column, _DRESS.sub("", key)):
        if name and name != key and isinstance(_static(model, name), property):
            return name
    return key


def _static(model: type, name: str) -> Any:
    return next((vars(one)[name] for one in model.__mro__ if name in vars(one)), None)


def _engine_name(kind: Any) -> str:
    return type(getattr(kind, "engine", None) or kind).__name__


def _holds(kind: Any) -> str:
    held = getattr(getattr(kind, "cell", None), "kind", None)
    if isinstance(held, type):
        return held.__name__  # what a field of ringwork's opens to, not the bytes that it stores
    inner = getattr(kind, "underlying_type", None) or kind
    try:
        return str(inner.python_type.__name__)
    except Exception:  # noqa: BLE001  # a type that does not say
        return ""


# -- rows ----------------------------------------------------------------------------------------------------


class Shelf:
    """The rows of mapped classes (shelf.Shelf)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stores = list(_engines())
        self._makers = {id(one.kw.get("bind")): one for one in gc.get_objects() if type(one) is sessionmaker}
        self._known: dict[str, Engine] = {}

    def _mapper(self, field: FieldFacts) -> Any:
        if field.model == planted_models.MODEL:
            return planted_models.of_sqlalchemy()
        found = [m for m in _mappers if f"{m.class_.__module__}:{m.class_.__qualname__}" == field.model]
        if not found:
            raise Unreachable("its model is mapped no more")
        return found[0]

    def _engine(self, field: FieldFacts) -> Engine:
        if field.model == planted_models.MODEL:
            for engine in [one for one in self._stores if one.dialect.name == "sqlite"][:1]:
                self._known[field.table] = engine
                with contextlib.closing(engine.raw_connection()) as made:
                    planted_models.make_table(made.driver_connection)  # type: ignore[arg-type]  # SQLite's
        if field.table not in self._known:
            others = [engine.dialect.name for engine in self._stores if engine.dialect.name != "sqlite"]
            for engine in self._stores:
                if engine.dialect.name == "sqlite" and sqlalchemy.inspect(engine).has_table(field.table):
                    self._known[field.table] = engine
                    break
            else:
                if others:
                    raise Unreachable(f"its store is {others[0]}, which a copy does not reach; name a scratch database with --env")
                raise Unreachable("no engine of the application with its table was found in the copy")
        return self._known[field.table]

    @contextlib.contextmanager
    def _session(self, field: FieldFacts) -> Iterator[Any]:
        engine = self._engine(field)
        maker = self._makers.get(id(engine))
        with maker() if maker is not None else Session(engine) as session:
            yield session

    def make(self, field: FieldFacts, value: Any) -> Any:
        """A new row; where none can be made, one that is there already, for this is a copy."""
        with self._session(field) as session:
            mapper = self._mapper(field)
            try:
                row = self._new(session, mapper, field, value, _DEPTH)
                session.commit()
            except Exception as error:
                session.rollback()
                row = self._old(session, mapper, field, value)
                if row is None:
                    raise error from None
                session.commit()
            return sqlalchemy.inspect(row).identity

    def _old(self, session: Any, mapper: Any, field: FieldFacts, value: Any) -> Any:
        used = self.__dict__.setdefault("_used", {}).setdefault(field.name, set())
        for row in session.scalars(select(mapper.class_).limit(50)):
            identity = sqlalchemy.inspect(row).identity
            with contextlib.suppress(Exception):  # a row that cannot be read holds nothing of ours
                if field_value(row, field.attribute) == value:
                    continue  # to write it again would write nothing
            if identity not in used:
                used.add(identity)
                setattr(row, field.attribute, value)
                return row
        return None

    def _new(self, session: Any, mapper: Any, field: FieldFacts | None, value: Any, depth: int) -> Any:
        try:
            row = mapper.class_()
        except TypeError:
            row = mapper.class_manager.new_instance()
        for key, column in _columns(mapper):
            attribute = _attribute(mapper.class_, key, column.name)
            if field is not None and attribute == field.attribute:
                continue
            if column.default is None and column.server_default is None and not column.nullable and not _counts_itself(column):
                setattr(row, attribute, self._filler(session, column, depth))
        if field is not None:
            setattr(row, field.attribute, value)
        session.add(row)
        session.flush()
        return row

    def _filler(self, session: Any, column: Column[Any], depth: int) -> Any:
        """A value that a column asks for and nobody looks at."""
        if column.foreign_keys:
            target = next(iter(column.foreign_keys)).column
            there = None if column.unique else session.execute(select(target).limit(1)).scalar()
            if there is not None or depth == 0:
                return there
            parent = next((m for m in _mappers if m.local_table is target.table), None)
            if parent is None:
                raise Unreachable(f"it needs a row of {target.table.name}, which no model has")
            made = self._new(session, parent, None, None, depth - 1)
            return getattr(made, parent.get_property_by_column(target).key)
        return filler(column.type)

    def write(self, field: FieldFacts, key: Any, value: Any) -> None:
        """The same row, another value."""
        with self._session(field) as session:
            setattr(session.get_one(self._mapper(field).class_, key), field.attribute, value)
            session.commit()

    def read(self, field: FieldFacts, key: Any) -> Any:
        """By a session of its own."""
        with self._session(field) as session:
            return field_value(session.get_one(self._mapper(field).class_, key), field.attribute)

    def find(self, field: FieldFacts, value: Any) -> Any:
        """By a look at the newest rows."""
        mapper = self._mapper(field)
        with self._session(field) as session:
            for row in session.scalars(select(mapper.class_).order_by(*[c.desc() for c in mapper.primary_key]).limit(50)).unique():
                with contextlib.suppress(Exception):  # another row that cannot be read
                    if value in str(field_value(row, field.attribute)):
                        return sqlalchemy.inspect(row).identity
        return None

    def _number(self, field: FieldFacts, key: Any) -> int:
        mapper, engine = self._mapper(field), self._engine(field)
        table = self._column(field).table
        found: Any = (
            select(literal_column("rowid")).select_from(table).where(*[c == k for c, k in zip(mapper.primary_key, key, strict=True)])
        )
        with engine.connect() as connection:
            return int(connection.execute(found).scalar_one())

    def _column(self, field: FieldFacts) -> Column[Any]:
        return next(c for _, c in _columns(self._mapper(field)) if c.name == field.column)

    @contextlib.contextmanager
    def _driver(self, field: FieldFacts) -> Iterator[Any]:
        made = self._engine(field).raw_connection()
        driver: Any = made.driver_connection
        try:
            yield driver
        finally:
            driver.commit()
            made.close()

    def raw(self, field: FieldFacts, key: Any) -> Any:
        """By the driver, without any type of SQLAlchemy's."""
        number = self._number(field, key)
        with self._driver(field) as driver:
            asked = f"SELECT {_quoted(field.column)} FROM {_quoted(field.table)} WHERE rowid = ?"  # noqa: S608  # names of the schema, quoted
            return driver.execute(asked, (number,)).fetchone()[0]

    def put(self, field: FieldFacts, key: Any, value: Any) -> None:
        """The same way back."""
        number = self._number(field, key)
        with self._driver(field) as driver:
            changed = f"UPDATE {_quoted(field.table)} SET {_quoted(field.column)} = ? WHERE rowid = ?"  # noqa: S608  # the same
            driver.execute(changed, (value, number))

    def twice(self, field: FieldFacts, key: Any, value: Any) -> None:
        """A row with a primary key that is taken."""
        with self._session(field) as session:
            mapper = self._mapper(field)
            row = self._new_unsaved(session, mapper, field, value)
            for column, part in zip(mapper.primary_key, key, strict=True):
                setattr(row, mapper.get_property_by_column(column).key, part)
            session.add(row)
            session.flush()

    def _new_unsaved(self, session: Any, mapper: Any, field: FieldFacts, value: Any) -> Any:
        row = self._new(session, mapper, field, value, _DEPTH)
        copied = {key: getattr(row, key) for key, column in _columns(mapper) if not column.primary_key and column.name != field.column}
        session.rollback()
        fresh = mapper.class_manager.new_instance()
        for name, one in copied.items():
            with contextlib.suppress(Exception):  # what sets itself
                setattr(fresh, name, one)
        setattr(fresh, field.attribute, value)
        return fresh

    @contextlib.contextmanager
    def failing(self, field: FieldFacts) -> Iterator[bool]:
        """The keyring of ringwork or the engine of sqlalchemy-utils fails; other types give no place where to make them."""
        if self.cell(field) is not None:
            with keys_down():
                yield True
            return
        engine = getattr(self._column(field).type, "engine", None)
        if engine is None or not hasattr(engine, "encrypt"):
            yield False
            return
        with mock.patch.object(type(engine), "encrypt", side_effect=RuntimeError("the key cannot be reached")):
            yield True

    @contextlib.contextmanager
    def talking(self) -> Iterator[None]:
        """As echo=True does."""
        before = [(engine, engine.echo) for engine in self._stores]
        for engine in self._stores:
            engine.echo = True
        try:
            yield
        finally:
            for engine, echo in before:
                engine.echo = echo

    def rows(self, field: FieldFacts) -> list[Any]:
        """By primary key, without a look at the value."""
        mapper, column = self._mapper(field), self._column(field)
        with self._engine(field).connect() as connection:
            asked: Any = select(*mapper.primary_key).where(column.is_not(None))
            return [tuple(row) for row in connection.execute(asked)]

    def cell(self, field: FieldFacts) -> Any:
        """Its column knows it."""
        return getattr(self._column(field).type, "cell", None)

    def kept_in(self, field: FieldFacts) -> str:
        """The file's name."""
        return Path(self._engine(field).url.database or "memory").name

    def keep(self, folder: Path) -> None:
        """What is in memory only, as files."""
        for number, engine in enumerate(dict.fromkeys(self._known.values())):
            if (engine.url.database or ":memory:") == ":memory:" or "mode=memory" in (engine.url.database or ""):
                made = engine.raw_connection()
                (folder / f".ringwork-tmp/database in memory {number}").write_bytes(made.driver_connection.serialize())  # type: ignore[union-attr]  # SQLite's
                made.close()

    def control(self, field: FieldFacts, value: str) -> None:
        """A table of the prover's own in the same store."""
        with self._driver(field) as driver:
            driver.execute(f"CREATE TABLE IF NOT EXISTS {_CONTROL} (value TEXT)")
            driver.execute(f"INSERT INTO {_CONTROL} VALUES (?)", (value,))  # noqa: S608  # a constant


def sealed_columns() -> Iterator[tuple[Any, Column[Any], Any, Engine]]:
    """Mapper, column, cell and engine of each field of ringwork's that is bound to the primary key of its row."""
    for mapper in _mappers:
        for key, column in _columns(mapper):
            cell = getattr(column.type, "cell", None)
            field = mapper.attrs[key].info.get("ringwork sealed field")
            if cell is not None and getattr(field, "by_key", False):
                for engine in _engines():
                    if engine.dialect.name == "sqlite" and sqlalchemy.inspect(engine).has_table(str(column.table.name)):
                        yield mapper, column, cell, engine
                        break


def field_value(row: Any, attribute: str) -> Any:
    """The value as the application reads it; what ringwork hands out closed is opened with a reason."""
    value = getattr(row, attribute)
    module = sys.modules.get("ringwork.sealed.sqlalchemy")
    if module is not None and type(value).__module__ == "ringwork.sealed.values":
        return module.reveal(row, attribute, reason="a proof of ringwork, in a copy")
    return value


def _engines() -> Iterator[Engine]:
    """The application's engines; for one that only a loop can use, another on the same file."""
    gc.unfreeze()  # before the fork everything was put aside, out of the collector's sight
    for engine in [item for item in gc.get_objects() if type(item) is Engine]:
        if not engine.dialect.is_async:
            yield engine
        elif engine.dialect.name == "sqlite" and engine.url.database not in {None, "", ":memory:"}:
            yield create_engine(engine.url.set(drivername="sqlite"), poolclass=NullPool, hide_parameters=engine.hide_parameters)


def _counts_itself(column: Column[Any]) -> bool:
    return column is column.table.autoincrement_column


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def filler(kind: Any) -> Any:
    """A small value of a column's type that is hardly there twice."""
    choices = getattr(kind, "enum_class", None)
    if choices is not None and issubclass(choices, enum.Enum):
        return next(iter(choices))
    if getattr(kind, "enums", None):
        return kind.enums[0]
    word = secrets.token_hex(8)
    length = int(getattr(kind, "length", 0) or 0)
    made: dict[str, Any] = {
        "str": word[:length] if length else word, "int": secrets.randbelow(2**31), "bool": False, "float": 1.0,
        "Decimal": decimal.Decimal(1), "bytes": word.encode(), "date": datetime.date(2026, 1, 1), "UUID": uuid.uuid4(),
        "datetime": datetime.datetime(2026, 1, 1),  # noqa: DTZ001  # as most columns keep it
        "time": datetime.time(9), "timedelta": datetime.timedelta(1), "dict": {}, "list": [],
    }  # fmt: skip
    return made.get(_holds(kind), word)
