"""What a project does before it serves, done in its copy: an empty database gets the tables and rows that the project makes itself.

`python app.py`, `flask init-db` or `python init_db.py` come before the first request of many applications, and a copy that is
imported never sees them: each page then fails, and nothing is known of it. Only databases of the copy without any row are filled.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import re
import runpy
import select
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

from ringwork.survey import state
from ringwork.survey.harness import confine, loading, server_databases

_SECONDS, _IDLE_SECONDS, _LEAST_CPU_SECONDS, _MOST_ENDED = 20.0, 4.0, 0.2, 3
"""How long a step may take, how long it may wait without computing so much, and how many may be ended before no more are tried: together
less than the parent waits for a copy that computes nothing."""
_MODELS = "create_all() of its models"
_KEEPERS = frozenset({
    "sqlite3", "aiosqlite", "sqlalchemy", "flask_sqlalchemy", "sqlmodel", "databases", "dataset", "records", "peewee", "playhouse", "pony",
    "tortoise", "piccolo", "pymongo", "motor", "mongoengine", "tinydb", "psycopg", "psycopg2", "asyncpg", "MySQLdb", "pymysql",
})  # fmt: skip
_MAKE = r"(?:init(?:iali[sz]e)?|create|setup|set_up|build|make|prepare|reset)"
_DATABASE = r"(?:all_?)?(?:db|database|tables?|schema)"
_NAME = re.compile(
    rf"^(?:{_MAKE}_?{_DATABASE}|{_DATABASE}_?{_MAKE}|{_DATABASE}_?(?:seed|fill)|(?:seed|populate)(?:_?{_DATABASE}|_?data)?)$", re.IGNORECASE
)


def prepare(app: Any, *, folder: Path, module: str, imports: Collection[str]) -> None:
    """Have the project fill its empty databases in `folder`.

    module: the one that was named, already imported from there. imports: top-level names that the target's sources import.
    """
    loaded = sys.modules.get(module)
    if loaded is None or not _KEEPERS & set(imports) or not hasattr(os, "pidfd_open") or _rows(folder):
        return  # elsewhere than on Linux nothing could end what waits
    ended = int(not _tried(f"what {module} does when it is started itself", lambda: _main(loaded), folder))
    for what, step in _steps(app, folder):
        if _tables(folder) or ended >= _MOST_ENDED:
            return
        ended += not _tried(what, step, folder)


def _steps(app: Any, folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What makes tables besides, the project's own ways first."""
    commands = getattr(getattr(app, "cli", None), "commands", {})
    for name in _ordered(commands):
        yield f"the command `flask {name}`", functools.partial(app.test_cli_runner().invoke, args=[name])
    if hasattr(app, "app_context"):  # elsewhere such a function runs when the application starts, which the copy does too
        for name, function in _functions(folder):
            yield f"{function.__module__}.{name}()", functools.partial(_within, app, function)
    files = {path.stem: path for path in sorted(folder.glob("*.py")) + sorted(folder.glob("*/*.py"))}
    for name in _ordered(files):
        yield f"python {files[name].relative_to(folder)}", functools.partial(runpy.run_path, str(files[name]), run_name="__main__")
    yield _MODELS, functools.partial(_within, app, functools.partial(_of_models, app, folder))


def _within(app: Any, step: Callable[[], Any]) -> None:
    """Run it as the application's own code runs outside a request."""
    with loading.context_of(app):
        step()


def _ordered(names: Any) -> list[str]:
    """Names that make a database, those that make it before those that fill it."""
    told = [str(name) for name in names if _NAME.fullmatch(str(name).replace("-", "_"))]
    return sorted(told, key=lambda name: ("seed" in name or "populate" in name, name))


def _functions(folder: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Functions of the project that make a database and ask for nothing."""
    for module in _modules(folder):
        for name in _ordered(vars(module)):
            function = getattr(module, name)
            code = getattr(function, "__code__", None)
            if code is not None and function.__module__ == module.__name__ and code.co_argcount == len(function.__defaults__ or ()):
                yield name, function


def _modules(folder: Path) -> list[ModuleType]:
    found = [module for module in list(sys.modules.values()) if str(getattr(module, "__file__", "")).startswith(f"{folder}/")]
    return sorted(found, key=lambda module: module.__name__)


def _tables(folder: Path) -> int:
    return len(_held(folder))


def _rows(folder: Path) -> int:
    return sum(rows for name, rows in _held(folder).items() if not name.endswith("/alembic_version"))


def _held(folder: Path) -> dict[str, int]:
    """Each table of the copy's SQLite databases, in files and in memory, and 1 where it has a row."""
    found = dict[str, int]()
    for name, connection in state.databases(folder):
        with contextlib.suppress(sqlite3.Error):  # locked, or of another thread
            asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            for (table,) in connection.execute(asked).fetchall():
                quoted = table.replace('"', '""')
                found[f"{name}{table}"] = len(connection.execute(f'SELECT 1 FROM "{quoted}" LIMIT 1').fetchall())  # noqa: S608  # quoted
    return found


def _tried(what: str, step: Callable[[], Any], folder: Path) -> bool:
    """Take one step, and tell what it made. False for one that was ended: it waits for somebody, or serves."""
    before = _held(folder)
    is_whole = True
    if what == _MODELS:  # SQLAlchemy's own code alone, which does the same for databases in memory
        with contextlib.suppress(Exception):
            step()
    else:
        is_whole = _apart(step)
    if _held(folder) != before:
        confine.note(f"the database of the copy was empty, and was filled by {what}")
    return is_whole


def _apart(step: Callable[[], Any]) -> bool:
    """Whether a step came to its end in a process of its own, of which nothing stays but what it wrote into files.

    Against a proof of settings and layers that only a start by hand adds (`app.config[...] = True` under `__main__`), and against code that
    swallows whatever would end it.
    """
    known = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else the kernel reaps it, and nobody knows when
    try:
        pid = os.fork()
        if pid == 0:
            _do_and_end(step)
        return _is_done(pid)
    finally:
        signal.signal(signal.SIGCHLD, known)


def _do_and_end(step: Callable[[], Any]) -> NoReturn:
    """Run the step quietly in the forked process, and end that process whatever comes of it."""
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        sys.argv = sys.argv[:1]
        step()
    finally:  # an error too: a parser of arguments, a question at the terminal
        os._exit(0)


def _is_done(pid: int) -> bool:
    """Wait for the process; end it where it takes too long or only waits, and say so by False."""
    handle = os.pidfd_open(pid)
    began = since = time.monotonic()
    spent = 0.0
    try:
        while not os.waitpid(pid, os.WNOHANG)[0]:
            select.select([handle], [], [], 0.2)
            now, used = time.monotonic(), _computed(pid)
            if used - spent >= _LEAST_CPU_SECONDS:
                since, spent = now, used
            if now - began >= _SECONDS or now - since >= _IDLE_SECONDS:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                os.waitpid(pid, 0)
                return False
    finally:
        os.close(handle)
    return True


def _computed(pid: int) -> float:
    """CPU seconds of a process so far."""
    with contextlib.suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return 0.0


# -- each way ------------------------------------------------------------------------------------------------


def _main(module: ModuleType) -> None:
    """Run what stands under `if __name__ == "__main__":`; servers that it starts do nothing here (neutral.py)."""
    file = Path(str(module.__file__))
    for block in ast.parse(file.read_bytes()).body:
        if isinstance(block, ast.If) and _is_main(block.test):
            exec(compile(ast.Module(block.body, []), str(file), "exec"), vars(module))  # noqa: S102  # the target's own code, in its copy


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and {ast.unparse(part) for part in (test.left, *test.comparators)} == {"__name__", "'__main__'"}


def _of_models(app: Any, folder: Path) -> None:
    """The tables of all models of SQLAlchemy, in the SQLite files of its engines."""
    if "sqlalchemy" not in sys.modules or any(
        "create_all(" in _text(module) for module in _modules(folder) if not hasattr(app, "app_context")
    ):
        return  # an application of ASGI that makes them when it starts does so in the copy as well
    known = getattr(app, "extensions", {}).get("sqlalchemy")
    made = getattr(known, "create_all", None) or getattr(getattr(known, "db", None), "create_all", None)
    if made is not None:
        made()
    server_databases.make_tables_of_engines()


def _text(module: ModuleType) -> str:
    with contextlib.suppress(OSError):
        return Path(str(module.__file__)).read_text(encoding="utf-8", errors="replace")
    return ""
