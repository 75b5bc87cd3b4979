"""Every kind of answer that the application of the suite gives, or that is given in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tests.frameworks.conformance.answers import DATA

ALICE = {"Cookie": "__Host-user=alice"}
HTML = {"Accept": "text/html"}


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """One kind of answer. kind: its Content-Type, or None for an answer that may have none. policy: the beginning of its CSP.

    elsewhere: by framework, the status there and why it is another.
    """

    name: str
    status: int
    path: str
    method: str = "GET"
    headers: Any = ()
    kind: str | None = "text/plain; charset=utf-8"
    policy: str = DATA
    body: str | None = None
    elsewhere: Mapping[str, tuple[int, str]] = dataclasses.field(default_factory=dict)


PROBLEM, PAGE = "application/problem+json", "text/html; charset=utf-8"

KINDS = (
    Kind("a page", 200, "/page", kind=PAGE, policy="default-src 'self'"),
    Kind("text", 200, "/ok", body="fine"),
    Kind("the head of a page", 200, "/ok", method="HEAD", body="", elsewhere={"fastapi": (405, "FastAPI gives a GET route no HEAD")}),
    Kind("nothing", 204, "/empty", kind=None, body=""),
    Kind("moved for good", 301, "/gone", kind=None),
    Kind("a redirect", 302, "/moved", kind=None),
    Kind("not modified", 304, "/same", kind=None, body=""),
    Kind("a stream", 200, "/stream", body="firstsecond"),
    Kind("a static file", 200, "/files/app.css", kind="text/css; charset=utf-8", body="body {}"),
    Kind("who are you", 401, "/who", kind=PROBLEM),
    Kind("you may not", 403, "/admin", headers=ALICE, kind=PROBLEM),
    Kind("no rule", 403, "/bare", kind=PROBLEM),
    Kind("not found", 404, "/missing", kind=PROBLEM),
    Kind("not found, for a browser", 404, "/missing", headers=HTML, kind=PAGE, policy="default-src 'self'"),
    Kind("no such file", 404, "/files/missing.css", kind=PROBLEM),
    Kind("wrong method", 405, "/ok", method="DELETE", kind=PROBLEM),
    Kind("too long a body", 413, "/unset", method="POST", headers={"Content-Length": "99999999"}, kind=PROBLEM),
    Kind("a fault", 500, "/boom", kind=PROBLEM),
    Kind("a fault, for a browser", 500, "/boom", headers=HTML, kind=PAGE, policy="default-src 'self'"),
    Kind("a fault of a coroutine", 500, "/waiting-boom", kind=PROBLEM),
)
