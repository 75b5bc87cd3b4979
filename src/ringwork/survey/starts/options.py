"""What each server is told on its command line, in the same words for all of them.

Words: host, port, bind (host and port in one), unix, proxies (whose forwarding headers are believed), reload, debug, timeout (of a
request or a silent worker), head_timeout, connections, head_bytes, body_bytes, no_banner, certificate, config, stats.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from ringwork.survey.starts import start
from ringwork.survey.starts.start import PRESENT, Command, Option, Start

FLAG = "!"
"""After a word: the option takes no value."""

NAMES: Mapping[str, Mapping[str, str]] = {
    start.UVICORN: {
        "--host": "host", "--port": "port", "--uds": "unix", "--fd": "unix", "--reload": "reload!", "--forwarded-allow-ips": "proxies",
        "--limit-concurrency": "connections", "--h11-max-incomplete-event-size": "head_bytes", "--no-server-header": "no_banner!",
        "--no-proxy-headers": "no_proxies!", "--timeout-graceful-shutdown": "timeout", "--ssl-certfile": "certificate",
        "--ssl-version": "tls_version", "--ssl-ciphers": "ciphers",
    },
    start.HYPERCORN: {
        "-b": "bind", "--bind": "bind", "--insecure-bind": "bind", "--reload": "reload!", "--debug": "debug!", "-c": "config",
        "--config": "config", "--keep-alive": "head_timeout", "--graceful-timeout": "timeout", "--certfile": "certificate",
        "--ciphers": "ciphers",
    },
    start.GRANIAN: {
        "--host": "host", "--port": "port", "--uds": "unix", "--reload": "reload!", "--backpressure": "connections",
        "--http1-header-read-timeout": "head_timeout", "--http1-buffer-size": "head_bytes", "--workers-kill-timeout": "timeout",
        "--ssl-certificate": "certificate", "--metrics-address": "stats",
        "--ssl-protocol-min": "tls_version",
    },
    start.GUNICORN: {
        "-b": "bind", "--bind": "bind", "--reload": "reload!", "-t": "timeout", "--timeout": "timeout", "-c": "config",
        "--config": "config", "--forwarded-allow-ips": "proxies", "--limit-request-line": "head_bytes",
        "--limit-request-field_size": "field_bytes", "--limit-request-fields": "fields", "--worker-connections": "connections",
        "--certfile": "certificate", "--ssl-version": "tls_version", "--ciphers": "ciphers", "-k": "worker", "--worker-class": "worker",
    },
    start.WAITRESS: {
        "--host": "host", "--port": "port", "--listen": "bind", "--unix-socket": "unix", "--trusted-proxy": "proxies",
        "--trusted-proxy-count": "proxy_count", "--channel-timeout": "head_timeout", "--connection-limit": "connections",
        "--max-request-header-size": "head_bytes", "--max-request-body-size": "body_bytes", "--ident": "ident",
        "--expose-tracebacks": "debug!",
    },
    start.DAPHNE: {
        "-b": "host", "--bind": "host", "-p": "port", "--port": "port", "-u": "unix", "--unix-socket": "unix", "--fd": "unix",
        "-e": "endpoint", "--endpoint": "endpoint", "-t": "timeout", "--http-timeout": "timeout", "--proxy-headers": "trusts_all!",
        "--no-server-name": "no_banner!", "--server-name": "ident",
    },
    start.UWSGI: {
        "--http": "bind", "--http-socket": "bind", "--socket": "bind", "-s": "bind", "--https": "bind", "--uwsgi-socket": "bind",
        "--harakiri": "timeout", "--http-timeout": "head_timeout", "--socket-timeout": "head_timeout", "--limit-post": "body_bytes",
        "--buffer-size": "head_bytes", "--py-autoreload": "reload", "--python-autoreload": "reload", "--catch-exceptions": "debug!",
        "--stats": "stats", "--ini": "config", "--listen": "connections",
    },
    start.MOD_WSGI: {
        "--host": "host", "--port": "port", "--request-timeout": "timeout", "--header-timeout": "head_timeout",
        "--limit-request-body": "body_bytes", "--reload-on-changes": "reload!", "--debug-mode": "debug!", "--enable-debugger": "debug!",
        "--trust-proxy": "proxies", "--trust-proxy-header": "proxy_header", "--ssl-certificate-file": "certificate",
        "--max-clients": "connections",
    },
    start.RINGWORK: {
        "--host": "host", "--port": "port", "--unix": "unix", "--certificate": "certificate", "--unguarded": "unguarded!",
        "--server": "chosen",
    },
    start.FLASK_RUN: {"--host": "host", "-h": "host", "--port": "port", "-p": "port", "--debug": "debug!", "--reload": "reload!"},
    start.FASTAPI_DEV: {"--host": "host", "--port": "port"},
    start.RUNSERVER: {},
    start.APP_RUN: {},
    start.AIOHTTP: {"-H": "host", "--hostname": "host", "-P": "port", "--port": "port", "-U": "unix", "--path": "unix"},
}  # fmt: skip
"""Option to word. Source: each server's own parser; tests/survey/starts holds them to it."""

_PROGRAMS = {
    "uvicorn": start.UVICORN, "hypercorn": start.HYPERCORN, "granian": start.GRANIAN, "gunicorn": start.GUNICORN,
    "waitress-serve": start.WAITRESS, "waitress": start.WAITRESS, "daphne": start.DAPHNE, "uwsgi": start.UWSGI,
    "mod_wsgi-express": start.MOD_WSGI, "aiohttp.web": start.AIOHTTP,
}  # fmt: skip
_SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_WRAPPERS = frozenset({
    "exec", "env", "nohup", "tini", "dumb-init", "poetry", "uv", "pipenv", "pdm", "hatch", "rye", "run", "--", "run-program",
    "newrelic-admin", "opentelemetry-instrument", "ddtrace-run", "sudo", "gosu", "su-exec", "setpriv", "nice", "time",
})  # fmt: skip
_ASSIGNED = re.compile(r"[A-Za-z_]\w*=")
_APPLICATION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*(\(\))?")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*$")


def of_command(command: Command) -> Start | None:
    """The server that a command line starts, with what it is told there; None for another program."""
    found = _server(list(command.words))
    if found is None:
        return None
    server, words = found
    options = [*_of_environment(command, server), *of_words(server, words, file=command.file, line=command.line)]
    application = next((word for word in words if _APPLICATION.fullmatch(word)), "")
    return Start(
        server=server, file=command.file, line=command.line, options=tuple(options), reason=command.reason, application=application
    )


def script_of(command: Command) -> str:
    """The Python file that a command line runs, "" for none."""
    words = _unwrapped(list(command.words))
    rest = [word for word in words[1:] if not word.startswith("-")]
    is_script = bool(words) and _PYTHON.search(PurePosixPath(words[0]).name) is not None and "-m" not in words and "-c" not in words
    return rest[0] if is_script and rest and rest[0].endswith(".py") else ""


def _unwrapped(words: list[str]) -> list[str]:
    """The command itself, less what only prepares it."""
    while words:
        name = PurePosixPath(words[0]).name
        if name in _SHELLS and len(words) > 2 and words[1].lstrip("-").endswith("c") and words[1].startswith("-"):
            try:
                words = shlex.split(words[2], comments=True)
            except ValueError:
                return []
            while "&&" in words:
                words = words[words.index("&&") + 1 :]
        elif name in _WRAPPERS or _ASSIGNED.match(words[0]):
            # Between a wrapper and what it starts stand its own words: `sudo -u app`, `gosu app`.
            at = next((i for i, word in enumerate(words[1:], 1) if _is_known(PurePosixPath(word).name)), 1)
            words = words[at:]
        else:
            return words
    return words


def _is_known(name: str) -> bool:
    return name in _PROGRAMS or name in _SHELLS or name in {"flask", "fastapi", "ringwork", "manage.py"} or bool(_PYTHON.search(name))


def _server(words: list[str]) -> tuple[str, list[str]] | None:
    words = _unwrapped(words)
    if not words:
        return None
    name, rest = PurePosixPath(words[0]).name, words[1:]
    if _PYTHON.search(name):
        if "-m" in rest:
            at = rest.index("-m")
            return _server(rest[at + 1 :]) if at + 1 < len(rest) else None
        at = next((i for i, word in enumerate(rest) if not word.startswith("-")), len(rest))
        return _managed(rest[at:])
    if name in _PROGRAMS:
        return _PROGRAMS[name], rest
    return _by_subcommand(name, rest)


def _by_subcommand(name: str, rest: list[str]) -> tuple[str, list[str]] | None:
    if name in {"ringwork", "ringwork.cli.main"} and "serve" in rest:
        return start.RINGWORK, rest
    if name == "flask" and "run" in rest:
        return start.FLASK_RUN, rest
    if name == "fastapi" and rest[:1] == ["dev"]:
        return start.FASTAPI_DEV, rest
    if name == "fastapi" and rest[:1] == ["run"]:
        # It is uvicorn, at all addresses unless it is told otherwise.
        return start.UVICORN, ["--host", "0.0.0.0", *rest[1:]]  # noqa: S104  # read, not bound
    return _managed([name, *rest])


def _managed(words: list[str]) -> tuple[str, list[str]] | None:
    name = PurePosixPath(words[0]).name if words else ""
    is_django = name in {"manage.py", "django-admin", "django"}
    return (start.RUNSERVER, words[1:]) if is_django and "runserver" in words else None


def of_words(server: str, words: Sequence[str], *, file: str, line: int) -> Iterator[Option]:
    """What these words tell a server; what is not known says nothing about safety here."""
    names, i = NAMES[server], 0
    while i < len(words):
        written, equals, value = words[i].partition("=")
        word = names.get(written) or names.get(written.replace("_", "-"))
        i += 1
        if word is None:
            continue
        if word.endswith(FLAG):
            yield Option(name=word.removesuffix(FLAG), value=PRESENT, file=file, line=line)
        elif equals or i < len(words):
            yield Option(name=word, value=value if equals else words[i], file=file, line=line)
            i += not equals


def _of_environment(command: Command, server: str) -> Iterator[Option]:
    for option in command.environment:
        if option.name == "FORWARDED_ALLOW_IPS" and server in {start.UVICORN, start.GUNICORN}:
            yield Option(name="proxies", value=option.value, file=option.file, line=option.line)
        elif option.name == "GUNICORN_CMD_ARGS" and server == start.GUNICORN:
            yield from of_words(server, option.value.split(), file=option.file, line=option.line)
        elif option.name.startswith(prefix := f"{server.upper()}_") and server in {start.UVICORN, start.GRANIAN}:
            word = NAMES[server].get("--" + option.name.removeprefix(prefix).lower().replace("_", "-"), "")
            if word and option.value.lower() not in {"0", "false", "no", "off", ""}:
                value = PRESENT if word.endswith(FLAG) else option.value
                yield Option(name=word.removesuffix(FLAG), value=value, file=option.file, line=option.line)
