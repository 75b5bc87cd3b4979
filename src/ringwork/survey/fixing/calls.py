"""Safe edits of single calls: a loader, a checksum, a client's time and certificates; and what is no edit but a decision.

Against a fix that changes what a program means: each changes one call whose meaning is known, and says why where it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.fixing.edit import Edit, Fix, Left
from ringwork.survey.fixing.source import Call, Source, adding, around, without
from ringwork.survey.syntax import text

_LOADERS = frozenset({"Loader", "UnsafeLoader", "FullLoader", "CLoader", "CUnsafeLoader", "CFullLoader"})


def loaders(source: Source) -> Iterator[Fix | Left]:
    """yaml.load without a safe loader becomes yaml.safe_load, which makes plain values alone."""
    for call in source.calls:
        if call.name not in {"yaml.load", "yaml.unsafe_load", "yaml.full_load"}:
            continue
        loader = call.keywords.get("Loader") or (call.positions[1] if len(call.positions) > 1 else None)
        name = source.dotted(loader) if loader is not None else "yaml.Loader"
        if loader is not None and name.removeprefix("yaml.") not in _LOADERS:
            if not name.startswith("yaml."):
                yield Left(
                    kind="loader",
                    line=call.line,
                    why="nobody can tell which loader this is; yaml.safe_load makes plain values",
                )
            continue
        module = source.named("yaml")
        if not call.is_plain or not module:
            yield Left(kind="loader", line=call.line, why="its arguments are unpacked; write yaml.safe_load(stream)")
            continue
        edits = [_called(call, f"{module}.safe_load")]
        if loader is not None:
            taken = without(source, call, "Loader") if "Loader" in call.keywords else _second(call)
            if taken is None:
                yield Left(kind="loader", line=call.line, why="a comment stands in its arguments; write yaml.safe_load(stream)")
                continue
            edits.append(taken)
        yield Fix(kind="loader", line=call.line, said="yaml.safe_load", edits=tuple(edits), modules=_modules(source, "yaml"))


def _second(call: Call) -> Edit:
    return Edit(start=call.positions[0].end_byte, end=call.positions[1].end_byte, text=b"")


def _called(call: Call, written: str) -> Edit:
    return Edit(start=call.function.start_byte, end=call.function.end_byte, text=written.encode())


def _modules(source: Source, module: str) -> tuple[str, ...]:
    """What has to be imported, so that the module's own name means it."""
    return () if module in source.imported.values() else (module,)


_CHECKSUM = re.compile(r"checksum|etag|fingerprint|dedup|duplicate|cache|bucket|shard|gravatar|(content|file)_?hash|asset|revision")
_SECRET = re.compile(r"passw|passphrase|token|secret|sign|auth|hmac|nonce|salt|session|credential|certificate|csrf|otp|api_?key|verify")
_HASHES = frozenset({"hashlib.md5", "hashlib.sha1", "hashlib.new"})


def checksums(source: Source) -> Iterator[Fix | Left]:
    """A weak hash that its names call a checksum says so; any other is a person's to replace."""
    for call in source.calls:
        if call.name not in _HASHES or "usedforsecurity" in call.keywords:
            continue
        if call.name == "hashlib.new" and (not call.positions or text(call.positions[0]).strip("\"'").lower() not in {"md5", "sha1"}):
            continue
        names = f"{around(call.node)} {text(call.arguments).lower()}"
        if not call.is_plain or _SECRET.search(names) or not _CHECKSUM.search(around(call.node)):
            why = "whether it is a mere checksum cannot be told from its names; if so, write usedforsecurity=False, else hashlib.sha256"
            yield Left(kind="weak-hash", line=call.line, why=why)
        else:
            edit = adding(source, call, "usedforsecurity=False")
            yield Fix(kind="weak-hash", line=call.line, said="usedforsecurity=False, for a checksum", edits=(edit,))


_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request"})
SECONDS = 10


def timeouts(source: Source) -> Iterator[Fix | Left]:
    """A call of requests that may wait for ever waits ten seconds."""
    for call in source.calls:
        module, _, verb = call.name.rpartition(".")
        if module not in {"requests", "requests.api"} or verb not in _VERBS or "timeout" in call.keywords:
            continue
        if not call.is_plain:
            yield Left(kind="no-timeout", line=call.line, why="its arguments are unpacked; give timeout= if they do not")
        else:
            edit = adding(source, call, f"timeout={SECONDS}")
            yield Fix(kind="no-timeout", line=call.line, said=f"timeout={SECONDS}", edits=(edit,))


_CLIENTS = frozenset({"Client", "AsyncClient", "stream"})


def certificates(source: Source) -> Iterator[Fix | Left]:
    """verify=False is taken out of calls of requests and httpx: what they call by themselves verifies."""
    for call in source.calls:
        module, _, verb = call.name.rpartition(".")
        is_client = (module in {"requests", "requests.api"} and verb in _VERBS) or (module == "httpx" and verb in _VERBS | _CLIENTS)
        given = call.keywords.get("verify")
        if not is_client or given is None or text(given) != "False":
            continue
        edit = without(source, call, "verify")
        if edit is None:
            yield Left(kind="tls-unverified", line=call.line, why="a comment stands in its arguments; take verify=False out")
        else:
            yield Fix(kind="tls-unverified", line=call.line, said="verify=False taken out", edits=(edit,))


def temporary(source: Source) -> Iterator[Fix | Left]:
    """mktemp is left: what makes the file is another line, and only a person sees both."""
    for call in source.calls:
        if call.name == "tempfile.mktemp":
            why = "mkstemp gives an open file as well as the name, so the lines that use it change too; write NamedTemporaryFile or mkstemp"
            yield Left(kind="temp-file", line=call.line, why=why)


_FRAMEWORKS = frozenset({"flask", "werkzeug", "django", "starlette", "fastapi", "aiohttp", "quart", "litestar"})
_READ_BY_SCRIPTS = re.compile(r"csrf|xsrf|lang|locale|theme|consent", re.IGNORECASE)


def cookies(source: Source) -> Iterator[Fix | Left]:
    """set_cookie gets the attributes that it lacks, in files that import a framework whose answers have that method."""
    if not source.modules & _FRAMEWORKS:
        return
    for call in source.calls:
        if call.method != "set_cookie" or call.function.type != "attribute" or len(call.positions) + len(call.keywords) < 2:
            continue
        given = call.keywords
        lacking = [name for name in ("secure", "httponly", "samesite") if name not in given]
        off = [name for name in ("secure", "httponly") if name in given and text(given[name]) == "False"]
        if not lacking and not off:
            continue
        key = text(call.positions[0]) if call.positions else text(given.get("key"))
        if not call.is_plain or len(call.positions) > 2:
            yield Left(
                kind="cookie-flags",
                line=call.line,
                why="nobody can tell what it has; give secure, httponly and samesite by name",
            )
        elif ("httponly" in lacking + off) and _READ_BY_SCRIPTS.search(key):
            why = 'scripts may have to read this one; give secure=True and samesite="Lax", and decide on httponly'
            yield Left(kind="cookie-flags", line=call.line, why=why)
        elif "httponly" in off:
            yield Left(
                kind="cookie-flags",
                line=call.line,
                why="httponly=False stands there; take it out unless scripts read the cookie",
            )
        else:
            words = {"secure": "secure=True", "httponly": "httponly=True", "samesite": 'samesite="Lax"'}
            added = [words[name] for name in lacking]
            edits = [Edit(start=given[name].start_byte, end=given[name].end_byte, text=b"True") for name in off]
            edits += [adding(source, call, ", ".join(added))] if added else []
            yield Fix(kind="cookie-flags", line=call.line, said=", ".join([*(words[name] for name in off), *added]), edits=tuple(edits))
