"""The ways into the application of the conformance suite: one for each kind of rule, of answer and of handler."""

from __future__ import annotations

import asyncio
import atexit
import functools
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ringwork
from ringwork import limits, public, requires, signed, signed_link
from tests.frameworks.ways import Answer, Asked, Effects, Files, Group, Socket, Way, Ways

OPEN = public("the conformance suite needs an open way in")
BISCUITS = {"malformed": "no name at all", "oversized": f"crumbs={'a' * 5000}"}
"""Cookies that must not leave."""

BANNERS = tuple((name, "Probe/1.2.3") for name in ("Server", "X-Powered-By", "Via", "X-Generator", "X-AspNet-Version"))
TWO = (("Set-Cookie", "one=1; Path=/"), ("Set-Cookie", "two=2; Path=/"), ("Vary", "Accept"), ("Vary", "Cookie"))


def fine(asked: Asked) -> Answer:
    """The plainest page."""
    return Answer("fine")


def boom(asked: Asked) -> Answer:
    """A fault."""
    raise RuntimeError("the canary of the fault")


def user(asked: Asked) -> str:
    """Who ringwork says is asking."""
    principal = ringwork.current().principal
    return principal.id if principal else "nobody"


def form(asked: Asked) -> Answer:
    """A page with a form."""
    return Answer(f'<form action="/write" method="post">{ringwork.current().csrf_field("/write")}</form>', kind="text/html")


def page(asked: Asked) -> Answer:
    """A page of the application's own."""
    return Answer("<!doctype html><title>page</title><p>hello", kind="text/html")


async def never(asked: Asked) -> Answer:
    """A handler that hangs."""
    await asyncio.Event().wait()
    return Answer("late")


@functools.cache
def folder() -> Path:
    """Files that are served, and what was left among them; one folder for all tests of this process."""
    place = Path(tempfile.mkdtemp(prefix="ringwork-files-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    for name in (".env", "notes.sql", "package.json", "Dockerfile"):
        (place / name).write_text("SECRET_KEY=1", encoding="utf-8")
    (place / "app.css").write_text("body {}", encoding="utf-8")
    return place


def broken() -> Iterator[bytes]:
    """A stream that breaks behind its first piece."""
    yield b"first"
    raise RuntimeError("the canary of the fault")


def endless(effects: Effects) -> Iterator[bytes]:
    """A stream without an end; it notes that it was closed."""
    try:
        for _ in range(100_000):
            yield b"more "
        effects.done.append("never stopped")
    finally:
        effects.done.append("closed")


def ways(effects: Effects) -> Ways:
    """All of them; what a handler did stands in `effects`."""

    def noting(word: str) -> Any:
        def noted(asked: Asked) -> Answer:
            effects.done.append(word)
            return Answer("nobody thought of me" if word == "bare" else word)

        return noted

    def who(asked: Asked) -> Answer:
        effects.done.append("who")
        return Answer(user(asked))

    def write(asked: Asked) -> Answer:
        effects.done.append(asked.body.decode())
        return Answer("written")

    async def waiting(asked: Asked) -> Answer:
        effects.done.append("waiting")
        return Answer(user(asked))

    async def waiting_boom(asked: Asked) -> Answer:
        raise RuntimeError("the canary of the fault")

    return (
        Way("/ok", fine, OPEN),
        Way("/page", page, OPEN),
        Way("/write", write, requires(), ("POST",), "body"),
        Way("/hook", write, signed("laboratory", purpose="result 1"), ("POST",), "body"),
        Way("/strangers-hook", write, signed("stranger", purpose="result 1"), ("POST",), "body"),
        Way("/calendar", fine, signed_link("calendar 1")),
        Way("/who", who, requires()),
        Way("/waiting", waiting, requires()),
        Way("/boom", boom, OPEN),
        Way("/waiting-boom", waiting_boom, OPEN),
        Way("/cookies", lambda asked: Answer("two", headers=TWO), OPEN),
        Way("/moved", lambda asked: Answer(status=302, headers=(("Location", "/ok"),)), OPEN),
        Way("/gone", lambda asked: Answer(status=301, headers=(("Location", "/ok"),)), OPEN),
        Way("/empty", lambda asked: Answer(status=204), OPEN),
        Way("/same", lambda asked: Answer(status=304, headers=(("ETag", '"1"'),)), OPEN),
        Way("/stream", lambda asked: Answer(iter((b"first", b"second"))), OPEN),
        Way("/endless", lambda asked: Answer(endless(effects)), OPEN),
        Way("/form", form, OPEN),
        Way("/bare", noting("bare")),
        Group("/inner", (Way("/ok", fine, OPEN), Way("/bare", noting("bare")))),
        Group("/outer", (Group("/deep", (Way("/who", who, requires()), Way("/bare", noting("bare")))),)),
        Group("", (Way("/admin", fine),), requires("admin")),
        Way("/go", lambda asked: Answer(status=302, headers=(("Location", asked.query["to"]),)), OPEN),
        Way("/account/{rest:path}", page, requires()),
        Way("/login", write, OPEN, ("POST",), "body"),
        Way("/items", fine, requires(), ("GET", "PUT")),
        Way("/own-items", fine, requires(), ("GET", "PUT")),
        Way("/biscuit", lambda asked: Answer(headers=(("Set-Cookie", BISCUITS[asked.query["kind"]]),)), OPEN),
        Way("/recorded", noting("recorded"), requires("admin", recorded=True)),
        Way("/hangs", never, OPEN, marks=(limits("a health check", seconds=0.02),)),
        Way("/boasting", lambda asked: Answer(headers=BANNERS), OPEN),
        Way("/broken-stream", lambda asked: Answer(broken()), OPEN),
        Way("/unset", write, OPEN, ("POST",), "body"),
        Files("/files", folder(), OPEN),
        Socket("/socket", lambda: effects.done.append("socket"), OPEN),
        Socket("/ruled-socket", lambda: effects.done.append("ruled socket"), requires()),
        Socket("/bare-socket", lambda: effects.done.append("bare socket")),
    )
