"""What browsers report about a content security policy, read with suspicion: anybody can send such a report.

Against a report that is itself the attack: forged lines and markup in the log, addresses with secrets in their query, a flood of
the same or of ever new ones. Source: W3C CSP Level 3, 5.3 and 5.5; W3C Reporting API, 3.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ringwork.frozen import Frozen, replace

LIMIT_BYTES = 16 * 1024
REPORT, REPORTS = b"application/csp-report", b"application/reports+json"
MOST_IN_ONE = 20

DIRECTIVES = frozenset(
    {
        "base-uri", "child-src", "connect-src", "default-src", "font-src", "form-action", "frame-ancestors", "frame-src", "img-src",
        "manifest-src", "media-src", "object-src", "require-trusted-types-for", "sandbox", "script-src", "script-src-attr",
        "script-src-elem", "style-src", "style-src-attr", "style-src-elem", "trusted-types", "worker-src",
    }
)  # fmt: skip
WORDS = frozenset(
    {
        "about", "blob", "chrome-extension", "data", "eval", "filesystem", "inline", "moz-extension", "safari-web-extension", "self",
        "trusted-types-policy", "trusted-types-sink", "wasm-eval",
    }
)  # fmt: skip
"""What stands in place of an address, and the schemes of which no more than their name is kept."""

_HOST = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?"
_FILE = r"(/[A-Za-z0-9._~@-]{1,64}){1,8}"
_PLAIN_SEGMENT = r"[A-Za-z_.-]{1,32}"
_EXACT = ("script", "style", "font", "worker", "manifest")
"""Directives whose sources are best written as exact files; of all others the origin is kept alone."""


UNREADABLE = "*"
"""The page of a report whose address is none."""


class Violation(Frozen):
    """One thing that a browser blocked, or would have; every part is from a closed list or cleaned.

    directive: of the policy, "unknown" for any other word. blocked: a word of WORDS, or an address without query, or "other".
    page: path with "*" for every part that may carry an id or a secret. disposition: "enforce" or "report".
    """

    directive: str
    blocked: str
    page: str
    disposition: str

    def as_detail(self) -> str:
        """For an event: `name=value`, parted by blanks, in a fixed order."""
        return f"directive={self.directive} blocked={self.blocked} page={self.page} disposition={self.disposition}"


def of_detail(detail: str) -> tuple[Violation, int] | None:
    """The violation and how often it was seen, back from the detail of an event; None for any other text."""
    parts = dict(part.partition("=")[::2] for part in detail.split(" "))
    seen = parts.pop("seen", "1")
    if set(parts) != {"directive", "blocked", "page", "disposition"} or not seen.isdecimal():
        return None
    found = Violation(**parts)
    # Against a line of the log that somebody else wrote: what goes to a terminal and into settings is cleaned once more.
    cleaned = _made(found.directive, found.blocked, found.page, found.disposition)
    page = found.page if found.page == UNREADABLE else cleaned.page
    return (found, int(seen)) if found == replace(cleaned, page=page) else None


def read(kind: bytes, body: bytes) -> list[Violation] | None:
    """The violations in a body of media type REPORT or REPORTS, at most MOST_IN_ONE; None when it is no report at all.

    body: untrusted, at most LIMIT_BYTES. Reports of other kinds that share the endpoint (deprecations, crashes) are passed over.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        # Against a body that is nested ten thousand deep: the parser's own limit is an answer, not a fault.
        return None
    if kind == REPORT:
        inner = found.get("csp-report") if isinstance(found, dict) else None
        return [_of_report(inner)] if isinstance(inner, dict) else None
    items = found if isinstance(found, list) else [found]
    if not all(isinstance(item, dict) and isinstance(item.get("type"), str) for item in items):
        return None
    return list(_of_reports(items[:MOST_IN_ONE]))


def _of_report(told: dict[str, Any]) -> Violation:
    return _made(
        _text(told, "effective-directive") or _text(told, "violated-directive"),
        _text(told, "blocked-uri"),
        _text(told, "document-uri"),
        _text(told, "disposition"),
    )


def _of_reports(items: list[dict[str, Any]]) -> Iterator[Violation]:
    for item in items:
        told = item.get("body")
        if item["type"] == "csp-violation" and isinstance(told, dict):
            page = _text(told, "documentURL") or _text(item, "url")
            yield _made(_text(told, "effectiveDirective"), _text(told, "blockedURL"), page, _text(told, "disposition"))


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value[:2048] if isinstance(value, str) else ""


def _made(directive: str, blocked: str, page: str, disposition: str) -> Violation:
    first = directive.partition(" ")[0].lower()
    first = first if first in DIRECTIVES else "unknown"
    return Violation(
        directive=first,
        blocked=_blocked(blocked, exact=first.startswith(_EXACT)),
        page=_page(page),
        disposition="report" if disposition == "report" else "enforce",
    )


def _blocked(claimed: str, *, exact: bool) -> str:
    word = claimed.partition(":")[0].lower()
    if word in WORDS:
        return word
    try:
        parts = urlsplit(claimed)
    except ValueError:
        return "other"
    if parts.scheme not in {"https", "http", "wss", "ws"} or not re.fullmatch(_HOST, parts.netloc.lower()):
        return "other"
    # Against secrets in a query, which is no part of a source anyway.
    path = parts.path if exact and re.fullmatch(_FILE, parts.path) else ""
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _page(claimed: str) -> str:
    """The path of the page, with every segment that may be an id, a name or a token written as "*"."""
    try:
        path = urlsplit(claimed).path
    except ValueError:
        return UNREADABLE
    segments = path.split("/")[1:7]
    # Against a reset token or a person's number out of an address, in a log that many people read.
    return "/" + "/".join(part if not part or re.fullmatch(_PLAIN_SEGMENT, part) else "*" for part in segments)


class Tally:
    """Lets each kind of report through once in a while, and counts the rest: a page that thousands load must not fill the log.

    window_seconds: how long a kind stays silent after it was told. most: how many kinds are told in that time.
    """

    __slots__ = ("window_seconds", "most", "_kinds", "_lock")

    def __init__(self, *, window_seconds: float = 600.0, most: int = 200) -> None:
        self.window_seconds, self.most = window_seconds, most
        self._kinds: dict[object, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def count(self, kind: object, now: float) -> int:
        """How often `kind` came since it was told last, this time included; 0 when it is not to be told now."""
        with self._lock:
            until, silent = self._kinds.get(kind, (0.0, 0))
            if now < until:
                self._kinds[kind] = (until, silent + 1)
                return 0
            if kind not in self._kinds and not self._has_room(now):
                return 0
            self._kinds[kind] = (now + self.window_seconds, 0)
            return silent + 1

    def _has_room(self, now: float) -> bool:
        """Against ever new reports that fill memory and log: kinds whose time is over make room, and without any none is taken."""
        if len(self._kinds) >= self.most:
            self._kinds = {kind: kept for kind, kept in self._kinds.items() if kept[0] > now}
        return len(self._kinds) < self.most
