"""Server starts that do nothing: a module that calls `app.run()` when it is imported is examined, not served by itself."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

# Module, attribute path, and where its application argument stands. Only what the target's environment has is replaced.
_STARTS = (
    ("uvicorn", "run"), ("uvicorn.main", "run"), ("uvicorn", "Server.run"), ("uvicorn", "Server.serve"),
    ("flask", "Flask.run"), ("werkzeug.serving", "run_simple"), ("werkzeug", "run_simple"), ("aiohttp.web", "run_app"),
    ("hypercorn.asyncio", "serve"), ("hypercorn.run", "run"), ("granian", "Granian.serve"), ("waitress", "serve"),
    ("gunicorn.app.base", "BaseApplication.run"), ("flask_socketio", "SocketIO.run"), ("gevent.pywsgi", "WSGIServer.serve_forever"),
)  # fmt: skip
_ALWAYS = frozenset({"uvicorn"})

_STARTED: list[tuple[str, Any]] = []
_TRUE: dict[str, Any] = {}


def started() -> list[tuple[str, Any]]:
    """Name of each start that was neutralised, and the application that it was given, in order."""
    return list(_STARTED)


def true_start(name: str) -> Any:
    """The real callable behind a neutralised name, for example "uvicorn.Server.serve"."""
    return _TRUE[name]


def restore() -> None:
    """Let servers start again, in a process that is to be served by one of them."""
    for module_name, path in _STARTS:
        true = _TRUE.get(f"{module_name}.{path}")
        if true is not None:
            holder, _, attribute = path.rpartition(".")
            module = importlib.import_module(module_name)
            setattr(getattr(module, holder) if holder else module, attribute, true)


def neutralise(imports: frozenset[str]) -> None:
    """Replace the known server starts of the packages that the target imports; each notes its call and returns at once.

    imports: top-level names that the target's sources import.
    """
    for module_name, path in _STARTS:
        if module_name.partition(".")[0] not in imports | _ALWAYS:
            continue
        try:
            module = importlib.import_module(module_name)
        except Exception:  # noqa: BLE001, S112  # a server that cannot be imported cannot be started either
            continue
        _replace(module, module_name, path)


def _replace(module: Any, module_name: str, path: str) -> None:
    holder, _, attribute = path.rpartition(".")
    owner = getattr(module, holder, None) if holder else module
    true = getattr(owner, attribute, None)
    if owner is None or true is None or getattr(true, "ringwork_neutral", False):
        return
    name = f"{module_name}.{path}"
    _TRUE[name] = true
    setattr(owner, attribute, _quiet(name, is_async=path == "Server.serve" or module_name == "hypercorn.asyncio"))


def _quiet(name: str, *, is_async: bool) -> Callable[..., Any]:
    def note(args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        given = args[0] if args else keywords.get("app") or keywords.get("application")
        if name == "werkzeug.serving.run_simple" and len(args) > 2:
            given = args[2]
        if name.startswith("uvicorn.Server."):
            given = getattr(getattr(given, "config", None), "app", None)
        _STARTED.append((name, given))

    async def start_async(*args: Any, **keywords: Any) -> None:
        note(args, keywords)

    def start(*args: Any, **keywords: Any) -> None:
        note(args, keywords)

    chosen: Any = start_async if is_async else start
    chosen.ringwork_neutral = True
    return chosen  # type: ignore[no-any-return]  # both shapes are callables
