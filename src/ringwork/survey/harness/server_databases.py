"""Databases of a server are replaced by empty SQLite files of the copy, with the tables of the application's models.

Against a proof that harms a database in use, and against one that meets an application whose every page fails because its database
is walled off. What SQLite does not have (types, functions, extensions of one server) is missing there, and the run says what it replaced.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib.util
import sys
import weakref
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ringwork.survey.harness import confine

FOLDER = ".ringwork-databases"
"""The folder inside the copy that holds them."""

_OF_SQLALCHEMY = frozenset({"sqlalchemy", "flask_sqlalchemy", "sqlmodel", "advanced_alchemy", "fastapi_users_db_sqlalchemy"})
_LOCAL = ("sqlite", "spatialite", "dummy")
_KEPT_BY_DJANGO = frozenset({"ATOMIC_REQUESTS", "AUTOCOMMIT", "TIME_ZONE"})
_OF_ONE_SERVER = frozenset({"connect_args", "isolation_level", "creator", "module", "dialect"})
_UNIVERSAL = frozenset({"echo", "hide_parameters", "json_deserializer", "json_serializer", "pool_pre_ping", "_is_async"})
_TEXTS = ("INET", "CIDR", "MACADDR", "CITEXT", "TSVECTOR", "HSTORE", "ARRAY")

Create = Callable[..., Any]

_metadata: weakref.WeakSet[Any] = weakref.WeakSet()


def replace(*, copy: Path, imports: Collection[str]) -> None:
    """Make what the target connects to later a file of `copy`. imports: top-level names that the target's sources import."""
    if "django" in imports and importlib.util.find_spec("django"):
        _replace_in_django(copy / FOLDER)
    if _OF_SQLALCHEMY & set(imports) and importlib.util.find_spec("sqlalchemy"):
        _replace_in_sqlalchemy(copy / FOLDER)


def _file(folder: Path, *named: object) -> Path:
    # Only what the database is called counts: a replica on another host is the same one, and reads what its primary was told.
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{hashlib.sha256(repr(named).encode()).hexdigest()[:12]}.sqlite3"


def _is_local(engine: str) -> bool:
    return any(name in engine for name in _LOCAL)


# -- Django --------------------------------------------------------------------------------------------------


def _replace_in_django(folder: Path) -> None:
    from django.conf import settings
    from django.db.utils import ConnectionHandler

    true: Any = ConnectionHandler.configure_settings

    def configure(self: Any, databases: Any) -> Any:
        # The project's own setting stays as it is written: what judges it reads it there.
        given = settings.DATABASES if databases is None else databases
        return true(self, {alias: _of_django(alias, config, folder) for alias, config in given.items()})

    setattr(ConnectionHandler, "configure_settings", configure)  # noqa: B010  # a method that mypy knows


def _of_django(alias: str, config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    engine = str(config.get("ENGINE") or "")
    if not engine or _is_local(engine):
        return dict(config)
    confine.note(f"the database {alias!r} ({engine}) was replaced by an empty SQLite file")
    kept = {name: value for name, value in config.items() if name in _KEPT_BY_DJANGO}
    return {**kept, "ENGINE": "django.db.backends.sqlite3", "NAME": str(_file(folder, engine, config.get("NAME") or alias))}


# -- SQLAlchemy ----------------------------------------------------------------------------------------------


def _replace_in_sqlalchemy(folder: Path) -> None:
    import sqlalchemy
    import sqlalchemy.engine.create

    true = sqlalchemy.create_engine

    def create_engine(url: Any, **options: Any) -> Any:
        found = sqlalchemy.make_url(url)
        name, driver = found.get_backend_name(), "sqlite+aiosqlite" if options.get("_is_async") else "sqlite"
        if _is_local(name) or not _has(driver):
            return true(url, **options)
        confine.note(f"the {name} database of an engine of SQLAlchemy was replaced by an empty SQLite file")
        file = _file(folder, name, found.database)
        made = _made(true, f"{driver}:///{file}", options)
        sqlalchemy.event.listen(made, "first_connect", lambda *_: _make_tables(true, file))
        return made

    for module in (sqlalchemy, sqlalchemy.engine, sqlalchemy.engine.create):
        setattr(module, "create_engine", create_engine)  # noqa: B010  # a name that mypy knows as a function
    _watch_metadata()
    _teach_types()


def _has(driver: str) -> bool:
    if driver == "sqlite" or importlib.util.find_spec("aiosqlite"):
        return True
    confine.note("an asynchronous database was not replaced: install aiosqlite in the environment that runs ringwork")
    return False


def _made(true: Create, url: str, options: Mapping[str, Any]) -> Any:
    given = {name: value for name, value in options.items() if name not in _OF_ONE_SERVER}
    with contextlib.suppress(TypeError):  # an option of one server, which SQLAlchemy refuses for another
        return true(url, **given)
    return true(url, **{name: value for name, value in given.items() if name in _UNIVERSAL})


def _watch_metadata() -> None:
    from sqlalchemy import MetaData

    true: Any = MetaData.__init__

    def begin(self: Any, *args: Any, **keywords: Any) -> None:
        true(self, *args, **keywords)
        _metadata.add(self)

    setattr(MetaData, "__init__", begin)  # noqa: B010  # the same


def _teach_types() -> None:
    """Types of PostgreSQL that SQLite keeps as text."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.ext.compiler import compiles

    for name in ("JSONB", *_TEXTS):
        written = "JSON" if name == "JSONB" else "TEXT"
        if hasattr(postgresql, name):  # older releases know fewer
            compiles(getattr(postgresql, name), "sqlite")(lambda *_, written=written, **__: written)


def _make_tables(true: Create, file: Path) -> None:
    """The tables of all models known by now, in a file that has none; not where a migration is about to make them."""
    import sqlalchemy
    from sqlalchemy.pool import NullPool

    engine = true(f"sqlite:///{file}", poolclass=NullPool)
    if _is_migrating() or sqlalchemy.inspect(engine).get_table_names():
        return
    for table in [table for metadata in list(_metadata) for table in metadata.sorted_tables]:
        with contextlib.suppress(sqlalchemy.exc.SQLAlchemyError):  # one that only its own server understands
            table.create(engine, checkfirst=True)


def make_tables_of_engines() -> None:
    """The tables of all models, in the SQLite databases without any that SQLAlchemy's engines of this process name."""
    import sqlalchemy

    for engine in [item for item in gc.get_objects() if issubclass(type(item), sqlalchemy.engine.Engine)]:
        file = engine.url.database
        if engine.dialect.name != "sqlite":
            continue
        if file and ":memory:" not in file:
            _make_tables(sqlalchemy.create_engine, Path(file))
        elif engine.dialect.driver == "pysqlite":
            for metadata in list(_metadata):
                metadata.create_all(engine)


def _is_migrating() -> bool:
    frame = sys._getframe()  # noqa: SLF001
    while frame.f_back is not None:
        if str(frame.f_globals.get("__name__")).startswith("alembic."):
            return True
        frame = frame.f_back
    return False
