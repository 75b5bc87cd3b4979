"""What every framework's harness shares when it serves a copy: where probe routes stand, and what they raise."""

from __future__ import annotations

import base64
import email
import hashlib
import hmac
import itertools
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.current import current
from ringwork.errors import OutsideRequest

COOKIES = ("ringwork_probe_one=1", "ringwork_probe_two=2")
STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Sockets that already listen on loopback, the certificate that the first shows, and what to call once requests are answered.

    plain: the same application without TLS, for what must not be served in clear. context: the TLS that is spoken, certificate loaded.
    server: what serves (prove.check.Server); the copy's own does more than one for strangers, and takes less abuse.
    """

    sock: socket.socket
    plain: socket.socket
    certificate: Path
    key: Path
    context: ssl.SSLContext
    server: str
    ready: Callable[[], None]


class ProbeFault(RuntimeError):
    """What a probe route raises; its text carries the canary of the copy."""


def prefix(canary: str) -> str:
    """The path under which the probe routes of a copy stand; contains no part of the canary itself."""
    return "/ringwork-probe"


def raise_fault(canary: str) -> None:
    """Raise with the canary, an SQL text and a path in the message, as real faults do."""
    raise ProbeFault(f"{canary} while reading /srv/secret/settings.py: SELECT password FROM users")  # noqa: S608  # text to leak, not a query


BANNERS = {"X-Powered-By": "Probe/1.2.3", "X-Generator": "Probe 1.2.3", "X-AspNet-Version": "1.2.3", "Server": "Probe/1.2.3"}
"""What an application tells about its components when nobody takes it out."""

QUERIED = {"data": {"__typename": "Query"}}
"""What a GraphQL route without limits answers, whatever it is asked."""

SWALLOWED = "<!doctype html><title>probe</title><p>one page for whatever follows"
"""What the probe route answers that takes any path below its own."""

BELOW = {"swallows": "rest"}
"""Probe routes that take whatever follows their path, and the name of that parameter."""


def shared_with(origin: str) -> dict[str, str]:
    """The headers of a handler that lets every origin read, with cookies."""
    return {"Access-Control-Allow-Origin": origin or "*", "Access-Control-Allow-Credentials": "true"}


STRAYS = {
    ".env": "SECRET_KEY=a-probe-of-ringwork\nDATABASE_URL=postgresql://probe@localhost/probe\n",
    "backup.sql": "-- dump, a probe of ringwork\nCREATE TABLE users (name TEXT, password TEXT);\n",
    "main.js.map": '{"version": 3, "sources": ["main.ts"], "mappings": "AAAA"}\n',
}
"""Files that nobody means to serve, as they are left behind."""

_STATIC_NAMES = frozenset({"static", "public", "assets"})
_MOST_FOLDERS = 20


def leave_strays(copy: Path, known: Iterable[str]) -> None:
    """Write STRAYS into the folders of static files: those that are known, and those below the copy that are named like one."""
    named = (Path(at) / name for at, names, _ in os.walk(copy) for name in names if name in _STATIC_NAMES)
    for folder in dict.fromkeys([*(Path(name) for name in known), *itertools.islice(named, _MOST_FOLDERS)]):
        if folder.is_dir() and folder.is_relative_to(copy):
            for name, text in STRAYS.items():
                (folder / name).write_text(text, encoding="utf-8")


_count = itertools.count(1)


def weak_form(at: str) -> str:
    """A page whose form carries a token that anybody can guess: a counter."""
    return f'<form method="post" action="{at}/weak-tokens"><input type="hidden" name="csrf_token" value="{next(_count):06d}"></form>'


def early_exit(canary: str, authorization: str) -> int:
    """200 for the bearer of the canary, else 401: letter by letter, each through a slow step, and out at the first that is wrong.

    A stand-in for comparisons whose steps are slow by themselves: a plain loop ends too soon for a difference to be seen over HTTP.
    """
    claimed = authorization.removeprefix("Bearer ")
    for i, letter in enumerate(canary):
        if hashlib.pbkdf2_hmac("sha256", letter.encode(), b"", 500) != hashlib.pbkdf2_hmac("sha256", claimed[i : i + 1].encode(), b"", 500):
            return 401
    return 200 if len(claimed) == len(canary) else 401


def unsigned(authorization: str) -> int:
    """200 for any token whose claims can be read, else 401: who signed it is never asked."""
    parts = authorization.removeprefix("Bearer ").split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return 401
    return 200 if isinstance(claims, dict) else 401


ORACLE = "ringwork_probe_sealed"
"""The cookie of the probe route that tells too much."""

_BLOCK, _TAG = 16, 32


def oracle_cookie(canary: str) -> str:
    """A genuine value: text, padding and tag, as an application seals it that checks the padding first. Nothing in it is secret."""
    text = b"a probe of ringwork, sealed"
    padding = _BLOCK - len(text) % _BLOCK
    padded = text + bytes([padding]) * padding
    return base64.urlsafe_b64encode(hmac.digest(canary.encode(), padded, "sha256") + padded).decode().rstrip("=")


def oracle(canary: str, cookie: str) -> int:
    """200 for the genuine value, 401 for a wrong tag, 400 for a wrong padding: the difference by which such values are opened."""
    try:
        raw = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    except ValueError:
        return 401
    tag, padded = raw[:_TAG], raw[_TAG:]
    if not padded or len(padded) % _BLOCK or not 1 <= padded[-1] <= _BLOCK or padded[-padded[-1] :] != padded[-1:] * padded[-1]:
        return 400
    return 200 if hmac.compare_digest(tag, hmac.digest(canary.encode(), padded, "sha256")) else 401


def page_with_nonce(nonce: str) -> str:
    """A page whose one inline script carries `nonce`."""
    return f'<!doctype html><html lang="en"><title>probe</title><script nonce="{nonce}">"probe"</script>'


def objects(asker: str, named: str) -> tuple[int, Any]:
    """Status and answer of a route that gives everybody who asks an object, and gives any of them to whoever names it.

    asker: what the browser shows of who it is; with nothing there is nothing to have. An object is made from its id, so nothing is kept.
    """
    if not asker:
        return 401, {}
    mine = hashlib.sha256(asker.encode()).hexdigest()[:16]
    return 200, _object(named) if named else [_object(mine)]


_assigned: list[dict[str, Any]] = []


def assigns(asker: str, given: Any) -> tuple[int, Any]:
    """Status and answer of a route that keeps whatever fields it is sent, and lists what it has. given: None where nothing was sent."""
    if not asker:
        return 401, {}
    if isinstance(given, dict):
        _assigned.append({"label": "", "role": "member", **given})
    return 200, _assigned[-20:]


_shown: list[str] = []


def shows(given: Any) -> str:
    """A page that shows what it was sent as it came, in two places. given: None where nothing was sent."""
    if isinstance(given, dict):
        _shown.append(str(given.get("label", "")))
    rows = "".join(f'<li title="{one}">{one}</li>' for one in _shown[-20:])
    return f'<!doctype html><html lang="en"><title>probe</title><ul>{rows}</ul>'


_files: dict[str, tuple[str, bytes]] = {}


def serves_back(at: str, named: str, kind: str, body: bytes) -> tuple[str, bytes]:
    """Type and content of an answer: the file of this name as its client claimed it to be, the address of one that came, else a form.

    kind, body: of a form with files; read here, so that no library of the application's has to be there for it.
    """
    if named in _files:
        return _files[named]
    if body:
        read = email.message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
        for part in read.walk():
            name, content = part.get_filename(), part.get_payload(decode=True)
            if name and isinstance(content, bytes):
                _files[name] = part.get_content_type(), content
                return "application/json", json.dumps({"url": f"{at}/serves-back?name={name}"}).encode()
    try:
        field = str(current().csrf_field(f"{at}/serves-back"))
    except OutsideRequest:
        field = ""
    form = f'<form method="post" enctype="multipart/form-data" action="{at}/serves-back">{field}<input type="file" name="file"></form>'
    return "text/html", f'<!doctype html><html lang="en"><title>probe</title>{form}'.encode()


def administration(asker: str) -> tuple[int, Any]:
    """Status and answer of a route that is left out of the menu only: it lists accounts to whoever shows anything of who it is."""
    return (200, [{"username": name, "role": "user"} for name in ("ada", "ben")]) if asker else (401, {})


def _object(id_: str) -> dict[str, str]:
    return {"id": id_, "address": f"{hashlib.sha256(id_.encode()).hexdigest()[:8]} Probe Lane"}


def write_something() -> None:
    """What no safe method should do: leave a file in the working folder."""
    Path(f"ringwork-probe-{next(_count)}.txt").write_text("written by a GET", encoding="utf-8")


def believed(headers: Mapping[str, str], client: str, scheme: str) -> dict[str, str]:
    """Who is asking, by the word of the request: what handlers and libraries do that read these headers themselves."""

    def said(*names: str) -> str:
        return next((headers[name].partition(",")[0].strip() for name in names if headers.get(name)), "")

    return {
        "client": said("x-forwarded-for", "x-real-ip", "true-client-ip", "cf-connecting-ip", "x-client-ip") or client,
        "scheme": said("x-forwarded-proto", "x-forwarded-scheme") or scheme,
        "forwarded": headers.get("forwarded", ""),
        "host": said("x-forwarded-host") or headers.get("host", ""),
        "certificate": said("client-cert", "x-forwarded-client-cert", "x-ssl-client-cert", "x-client-cert", "x-ssl-client-s-dn"),
        "user": said("x-user-id", "x-remote-user", "remote-user", "x-forwarded-user", "x-auth-request-user"),
    }


def asked_by() -> str:
    """Who is asking, as ringwork says; "" for nobody, and where it does not stand."""
    try:
        found = current().principal
    except OutsideRequest:
        return ""
    return found.id if found is not None else ""


def status_of(text: str) -> int:
    """The status that a query asks for, 400 to 599; 400 for anything else."""
    return int(text) if text.isdigit() and int(text) in STATUSES else 400
