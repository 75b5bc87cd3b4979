"""How an application is started, as files say it: the server, and what it is told, each with its place. Facts without judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

UVICORN, HYPERCORN, GRANIAN, GUNICORN = "uvicorn", "hypercorn", "granian", "gunicorn"
WAITRESS, DAPHNE, UWSGI, MOD_WSGI, AIOHTTP, RINGWORK = "waitress", "daphne", "uWSGI", "mod_wsgi", "aiohttp's runner", "ringwork serve"
FLASK_RUN, RUNSERVER, FASTAPI_DEV, APP_RUN = "flask run", "manage.py runserver", "fastapi dev", "run() of a framework"
DEVELOPMENT = frozenset({FLASK_RUN, RUNSERVER, FASTAPI_DEV, APP_RUN})
"""Servers that their own authors call unfit for production."""

PRESENT = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One thing that a server is told. name: the same word for all servers (see options.py). value: as written; PRESENT for a flag."""

    name: str
    value: str
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line of a manifest. words: split as a shell does. reasons: what a comment gives as the reason for its address."""

    words: tuple[str, ...]
    file: str
    line: int
    environment: tuple[Option, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One way in which a server is started. options: the one that counts last. reason: why it may listen everywhere, "" for none given.

    application: what it serves, "module:attribute", "" where the words do not say.
    """

    server: str
    file: str
    line: int
    options: tuple[Option, ...] = field(default=())
    reason: str = ""
    application: str = ""

    def told(self, name: str) -> Option | None:
        """The option of this name that counts."""
        return next((option for option in reversed(self.options) if option.name == name), None)

    def all(self, name: str) -> Sequence[Option]:
        """Every option of this name."""
        return [option for option in self.options if option.name == name]
