"""Every way in which a project's own files start a server, each with what it is told and where.

Against a look that reads a command line and misses the file which it names: both are put together, the command line last, as the
servers themselves do.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ringwork.survey.starts import configuration, manifests, options, start
from ringwork.survey.starts.start import Command, Option, Start

LIMIT_BYTES = 256 * 1024


def starts(root: Path, files: Iterable[Path]) -> list[Start]:
    """All starts that these files of a project hold, in the files' order."""
    found, used = list[Start](), set[str]()
    paths = list(files)
    for path in filter(manifests.starts_something, paths):
        for command in manifests.commands(path, root, _text(path)):
            for one in _of_command(command, root):
                found.append(one)
                used.update(option.file for option in one.options)
    for path in paths:
        if path.relative_to(root).as_posix() not in used:
            found += _of_file(path, root)
    return found


def _of_command(command: Command, root: Path) -> Iterator[Start]:
    folder = (root / command.file).parent
    script = options.script_of(command)
    path = configuration.beside(folder, script, root) if script else None
    if path is not None:
        # What a script starts is told in the script; the reason may stand above the command too.
        for one in _of_script(path, root):
            yield dataclasses.replace(one, reason=one.reason or command.reason)
    found = options.of_command(command)
    if found is not None:
        yield dataclasses.replace(found, options=(*_named(found, folder, root), *found.options))


def _named(found: Start, folder: Path, root: Path) -> list[Option]:
    """What the file of configuration says that a command line names, or that its server reads by itself."""
    told = found.told("config")
    name = told.value if told is not None else "gunicorn.conf.py" if found.server == start.GUNICORN else ""
    bare = name.removeprefix("python:").removeprefix("file:")
    path = configuration.beside(folder, bare, root) if bare else None
    return _configured(found.server, path, root) if path is not None else []


def _configured(server: str, path: Path, root: Path) -> list[Option]:
    text, file = _text(path), path.relative_to(root).as_posix()
    if server == start.UWSGI:
        return list(configuration.of_uwsgi(text, file))
    if server == start.HYPERCORN and path.suffix == ".toml":
        try:
            return configuration.of_toml(tomllib.loads(text), text, file)
        except tomllib.TOMLDecodeError:
            return []
    return configuration.of_python(server, text, file) if server in {start.GUNICORN, start.HYPERCORN} else []


def _of_script(path: Path, root: Path) -> Iterator[Start]:
    text, file = _text(path), path.relative_to(root).as_posix()
    for server, line, told in configuration.of_calls(text, file):
        yield Start(server=server, file=file, line=line, options=tuple(told), reason=manifests.reason_at(text, line))


def _of_file(path: Path, root: Path) -> Iterator[Start]:
    """Files that say by themselves how a server is started, whoever starts it."""
    if path.name != "gunicorn.conf.py" and path.suffix not in {".ini", ".conf", ".vhost"}:
        return
    text, file = _text(path), path.relative_to(root).as_posix()
    if path.name == "gunicorn.conf.py":
        told = configuration.of_python(start.GUNICORN, text, file)
        yield Start(server=start.GUNICORN, file=file, line=1, options=tuple(told), reason=_any_reason(text, told))
    elif path.suffix == ".ini" and "[uwsgi]" in text:
        told = list(configuration.of_uwsgi(text, file))
        line = configuration.first_line(text, "[uwsgi]")
        yield Start(server=start.UWSGI, file=file, line=line, options=tuple(told), reason=_any_reason(text, told))
    elif path.suffix == ".ini" and (paste := configuration.of_paste(text, file)) is not None:
        yield Start(server=paste[0], file=file, line=paste[1], options=tuple(paste[2]), reason=_any_reason(text, paste[2]))
    elif path.suffix != ".ini" and (apache := configuration.of_apache(text, file)):
        line = configuration.first_line(text, "wsgi")
        yield Start(server=start.MOD_WSGI, file=file, line=line, options=tuple(apache), reason=_any_reason(text, apache))


def _any_reason(text: str, told: Iterable[Option]) -> str:
    """The reason beside the address, in a file of configuration."""
    return next((reason for o in told if o.name in {"bind", "host"} and (reason := manifests.reason_at(text, o.line))), "")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") if path.stat().st_size <= LIMIT_BYTES else ""
    except OSError:
        return ""
