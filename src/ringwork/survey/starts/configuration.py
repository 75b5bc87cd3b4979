"""What files of configuration tell a server: gunicorn's and hypercorn's own, uWSGI's, Apache's for mod_wsgi, and calls in scripts.

Nothing is imported or run: Python is read as a tree, and a value that only its code knows is told as such.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ringwork.survey.starts import start
from ringwork.survey.starts.options import NAMES
from ringwork.survey.starts.start import PRESENT, Option

UNKNOWN = "(worked out when it runs)"
"""The value of an option that no file says."""

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What Python's own parser says of text that is no Python, or that nests deeper than it reads."""

_GUNICORN = {
    "bind": "bind", "reload": "reload", "timeout": "timeout", "forwarded_allow_ips": "proxies", "limit_request_line": "head_bytes",
    "limit_request_fields": "fields", "limit_request_field_size": "field_bytes", "worker_connections": "connections",
    "certfile": "certificate", "ssl_version": "tls_version", "ciphers": "ciphers", "worker_class": "worker",
}  # fmt: skip
_HYPERCORN = {
    "bind": "bind", "insecure_bind": "bind", "use_reloader": "reload", "debug": "debug", "keep_alive_timeout": "head_timeout",
    "read_timeout": "head_timeout", "graceful_timeout": "timeout", "certfile": "certificate", "include_server_header": "banner",
    "h11_max_incomplete_size": "head_bytes", "ciphers": "ciphers",
}  # fmt: skip
_CALLS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "uvicorn.run": (start.UVICORN, {
        "host": "host", "port": "port", "uds": "unix", "fd": "unix", "reload": "reload", "forwarded_allow_ips": "proxies",
        "limit_concurrency": "connections", "server_header": "banner", "timeout_graceful_shutdown": "timeout",
        "ssl_certfile": "certificate", "ssl_version": "tls_version", "ssl_ciphers": "ciphers",
        "h11_max_incomplete_event_size": "head_bytes",
    }),
    "waitress.serve": (start.WAITRESS, {
        "host": "host", "port": "port", "listen": "bind", "unix_socket": "unix", "trusted_proxy": "proxies", "ident": "ident",
        "channel_timeout": "head_timeout", "connection_limit": "connections", "max_request_header_size": "head_bytes",
        "max_request_body_size": "body_bytes", "expose_tracebacks": "debug",
    }),
    "run_app": (start.AIOHTTP, {"host": "host", "port": "port", "path": "unix"}),
    "run_simple": (start.APP_RUN, {"use_reloader": "reload", "use_debugger": "debug"}),
    "app.run": (start.APP_RUN, {"host": "host", "port": "port", "debug": "debug"}),
    "application.run": (start.APP_RUN, {"host": "host", "port": "port", "debug": "debug"}),
}  # fmt: skip
_APACHE = {
    "traceenable": "trace", "servertokens": "tokens", "limitrequestbody": "body_bytes", "limitrequestline": "head_bytes",
    "requestreadtimeout": "head_timeout", "timeout": "timeout", "listen": "bind", "wsgitrustedproxies": "proxies",
    "wsgitrustedproxyheaders": "proxy_header", "sslcertificatefile": "certificate", "sslprotocol": "tls_version",
    "sslciphersuite": "ciphers", "wsgidaemonprocess": "process",
}  # fmt: skip
_OFF = frozenset({"", "0", "False", "false", "off", "no", "None", "none"})
_FLAGS = frozenset({"reload", "debug"})


def of_python(server: str, text: str, file: str) -> list[Option]:
    """What a Python file of configuration assigns at its top (gunicorn.conf.py, hypercorn's with python: or file:)."""
    names = _GUNICORN if server == start.GUNICORN else _HYPERCORN
    try:
        body = ast.parse(text).body
    except UNREADABLE:
        return []
    found = list[Option]()
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id in names:
                    found += _options(names[target.id], node.value, file, node.lineno)
    return found


def _options(name: str, value: ast.expr, file: str, line: int) -> Iterator[Option]:
    try:
        literal = ast.literal_eval(value)
    except UNREADABLE:
        literal = UNKNOWN
    return _told(name, literal, file, line)


def _told(name: str, value: object, file: str, line: int) -> Iterator[Option]:
    """An option for each value; none for a flag that is off."""
    if name == "banner":
        if value is False:
            yield Option(name="no_banner", value=PRESENT, file=file, line=line)
        return
    for one in value if isinstance(value, list | tuple) else [value]:
        if name not in _FLAGS or str(one) not in _OFF:
            yield Option(name=name, value=PRESENT if name in _FLAGS else str(one), file=file, line=line)


def of_toml(table: Mapping[str, object], text: str, file: str) -> list[Option]:
    """hypercorn.toml, read."""
    found = list[Option]()
    for key, value in table.items():
        if key in _HYPERCORN:
            line = next((at for at, line in enumerate(text.splitlines(), 1) if line.split("=")[0].strip() == key), 1)
            found += _told(_HYPERCORN[key], value, file, line)
    return found


def of_calls(text: str, file: str) -> Iterator[tuple[str, int, list[Option]]]:
    """Each call in a script that starts a server: server, line, and what it is told."""
    try:
        tree = ast.parse(text)
    except UNREADABLE:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = _name_of(node.func)
            known = _CALLS.get(called) or next((_CALLS[name] for name in _CALLS if "." not in name and called.endswith(f".{name}")), None)
            if known is not None:
                told = [keyword for keyword in node.keywords if keyword.arg in known[1]]
                options = [one for k in told for one in _options(known[1][str(k.arg)], k.value, file, k.value.lineno)]
                yield known[0], node.lineno, options


def _name_of(called: ast.expr) -> str:
    try:
        return ast.unparse(called)
    except UNREADABLE:
        return ""


def of_uwsgi(text: str, file: str) -> Iterator[Option]:
    """A file of uWSGI: the section [uwsgi] of an ini file."""
    names = {flag.lstrip("-"): word for flag, word in NAMES[start.UWSGI].items()}
    for key, value, line in _ini(text, "uwsgi"):
        word = names.get(key.replace("_", "-"))
        if word is not None and not (word.rstrip("!") in _FLAGS and value in _OFF):
            yield Option(name=word.rstrip("!"), value=value or PRESENT, file=file, line=line)


def of_paste(text: str, file: str) -> tuple[str, int, list[Option]] | None:
    """The section [server:main] of a Paste file, where waitress or gunicorn serves it: server, line, options."""
    pairs = list(_ini(text, "server:main"))
    uses = next(((value, line) for key, value, line in pairs if key == "use"), None)
    server = next((name for name in (start.WAITRESS, start.GUNICORN) if uses is not None and name in uses[0]), None)
    if server is None or uses is None:
        return None
    names = _GUNICORN if server == start.GUNICORN else _CALLS["waitress.serve"][1]
    found = [
        Option(name=names[key], value=value, file=file, line=line)
        for key, value, line in pairs
        if key in names and not (names[key] in _FLAGS and value in _OFF)
    ]
    return server, uses[1], found


def _ini(text: str, section: str) -> Iterator[tuple[str, str, int]]:
    inside = False
    for at, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            inside = bare == f"[{section}]"
        elif inside and bare and not bare.startswith(("#", ";")):
            key, _, value = bare.partition("=")
            yield key.strip(), value.strip(), at


def of_apache(text: str, file: str) -> list[Option]:
    """A file of Apache that has mod_wsgi serve something; [] for any other."""
    found, serves = list[Option](), False
    for at, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.strip().partition(" ")
        serves = serves or word.lower() in {"wsgiscriptalias", "wsgidaemonprocess"}
        name = _APACHE.get(word.lower())
        if name == "process":
            seconds = re.search(r"\brequest-timeout=(\d+)", rest)
            if seconds is not None:
                found.append(Option(name="timeout", value=seconds[1], file=file, line=at))
        elif name is not None and rest.strip():
            found.append(Option(name=name, value=rest.strip(), file=file, line=at))
    return found if serves else []


def first_line(text: str, word: str) -> int:
    """The line on which a word stands first; 1 for none."""
    return next((at for at, line in enumerate(text.splitlines(), 1) if word.lower() in line.lower()), 1)


def beside(folder: Path, name: str, root: Path) -> Path | None:
    """A named file below the project, from a folder or from the root; None where there is none."""
    for candidate in (folder / name, root / name):
        if candidate.is_file() and candidate.resolve().is_relative_to(root.resolve()):
            return candidate
    return None
