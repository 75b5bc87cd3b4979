"""Scripts and links of pages: what listens to every window, what keeps secrets where every script reads them, what opens a window.

Against a page of a stranger that speaks to ours, and a stolen token that outlives the tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ringwork.survey import templates as spots
from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, is_shipped, of_file
from ringwork.survey.looks.texts import Text

_PAGES = frozenset({".html", ".htm", ".jinja", ".jinja2", ".j2"})
_SCRIPTS = frozenset({".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".vue", ".svelte"})
_READ = _PAGES | _SCRIPTS
_BUNDLED = re.compile(
    r"\.min\.|\.bundle\.|(?:^|/)(?:vendor|vendors|third[_-]party|dist|libs?|node_modules|bower_components|assets)/|-[0-9a-f]{8,}\."
)
_LIMIT_BYTES, _LONGEST_LINE, _AROUND = 500_000, 1_000, 1_500

_LISTENS = re.compile(r"addEventListener\(\s*[\"']message[\"']|\bonmessage\s*=(?!=)")
_CHECKS = re.compile(r"\.origin\b|\.source\b|isTrusted")
_ACTS = re.compile(r"innerHTML|\beval\(|document\.write|location(?:\.href)?\s*=|localStorage|insertAdjacentHTML|new Function")
_WORKER = re.compile(
    r"Worker|WebSocket|EventSource|socket|channel|port\d?\b|\bself\.|(?:ws|sse|es|source|stream|bc|events?)\s*\.\s*onmessage", re.IGNORECASE
)
_POSTS = re.compile(r"\.postMessage\([^;\n]{1,400}?,\s*[\"']\*[\"']\s*[,)]")
_KEEPS = re.compile(
    r"(?:local|session)Storage(?:\.setItem\(\s*|\[\s*)[\"'`](?P<name>[\w.:-]*(?:token|jwt|password|passwd|secret|api_?key|credential)[\w.:-]*)[\"'`]",
    re.IGNORECASE,
)
_LASTING = re.compile(r"passw|secret|api_?key|refresh|credential", re.IGNORECASE)
_CSRF = re.compile(r"csrf|xsrf|device|push|fcm", re.IGNORECASE)
_WRITES = re.compile(
    r"\.(?:innerHTML|outerHTML)\s*\+?=(?!=)\s*(?P<value>[^;\n]{1,200})|document\.write(?:ln)?\((?P<written>[^;\n]{1,200})\)|dangerouslySetInnerHTML"
)
_CONSTANT = re.compile(r"\s*(?:[\"'][^\"'+]*[\"']|`[^`$]*`)\s*$")
_LINK = re.compile(r"<a\b[^<>]{0,800}?>", re.IGNORECASE)
_HANDS = re.compile(r"\brel\s*=\s*[\"']?(?:[\w-]+\s+)*opener\b", re.IGNORECASE)
_OUTWARD = re.compile(r"\bhref\s*=\s*[\"']?\s*(?:https?:)?//", re.IGNORECASE)
_SCRIPT = re.compile(
    r"<(?:script\b[^<>]{0,600}?\bsrc|link\b[^<>]{0,300}?\brel\s*=\s*[\"']?stylesheet[^<>]{0,300}?\bhref)\s*=\s*[\"'](?:https?:)?//(?P<host>[\w.-]+)[^<>]{0,600}?>",
    re.IGNORECASE,
)
_CHANGING = re.compile(
    r"google|gstatic|stripe\.com|paypal|recaptcha|hcaptcha|cloudflareinsights|youtube|twitter|facebook|typekit|fonts\.", re.IGNORECASE
)
_SCHEME = re.compile(r"\bhref\s*=\s*[\"']\s*javascript:(?!\s*(?:void|;|[\"']))", re.IGNORECASE)


def look(one: Text) -> Iterator[Flow]:
    """What is told of a page or a first-party script; bundles are somebody else's source."""
    if one.suffix not in _READ or not is_shipped(one.file) or _BUNDLED.search(one.file):
        return
    text = one.of(_LIMIT_BYTES)
    if max((len(line) for line in text.splitlines()[:200]), default=0) > _LONGEST_LINE:
        return
    yield from in_script(one.file, text)
    if PurePosixPath(one.file).suffix in _PAGES:
        yield from in_page(one.file, text)


def in_script(file: str, text: str) -> Iterator[Flow]:
    """Messages, storage and markup that scripts write."""
    if "essage" in text:
        yield from _messages(file, text)
    for match in _KEEPS.finditer(text):
        if not _CSRF.search(match["name"]):
            detail = (
                f"{match['name']} is kept in the browser's storage, where every script of the page reads it, and it outlives the login."
            )
            yield of_file(
                "browser-storage",
                file,
                _line(text, match.start()),
                strength=STRONG if _LASTING.search(match["name"]) else WEAK,
                sink="storage",
                detail=detail,
                said=f"{match['name']} stored",
            )
    for match in _WRITES.finditer(text):
        value = match["value"] or match["written"] or ""
        if match.group().startswith("dangerously") or not _CONSTANT.match(value):
            detail = "Markup is made of a value in the browser, past everything that the server escapes."
            yield of_file(
                "html", file, _line(text, match.start()), strength=WEAK, sink="innerHTML", detail=detail, said="markup from a value"
            )


def _messages(file: str, text: str) -> Iterator[Flow]:
    for match in _LISTENS.finditer(text):
        body = text[match.start() : match.start() + _AROUND]
        before = text[max(0, match.start() - 60) : match.end()]
        if _CHECKS.search(body) or _WORKER.search(before):
            continue
        strength = STRONG if _ACTS.search(body) else WEAK
        detail = "Messages of any window are taken; compare event.origin before anything else."
        yield of_file(
            "message-listener",
            file,
            _line(text, match.start()),
            strength=strength,
            sink="message",
            detail=detail,
            said="origin not compared",
        )
    for match in _POSTS.finditer(text):
        detail = 'The message is sent to whatever page is in that window ("*"); name the origin that may read it.'
        yield of_file(
            "message-listener",
            file,
            _line(text, match.start()),
            strength=WEAK,
            sink="postMessage",
            detail=detail,
            said="sent to any origin",
        )


def in_page(file: str, text: str) -> Iterator[Flow]:
    """Links that open a window, script of other hosts without a digest, and addresses that are script."""
    for match in _LINK.finditer(text):
        tag = match.group()
        if "_blank" in tag and _OUTWARD.search(tag) and "noopener" not in tag and "noreferrer" not in tag:
            hands = bool(_HANDS.search(tag))
            who = "every browser hands" if hands else "older browsers hand"
            asked = 'with rel="opener"' if hands else "without noopener"
            detail = f"A link to another site opens a window {asked}; {who} it this page."
            strength = STRONG if hands else WEAK
            yield of_file("new-window", file, _line(text, match.start()), strength=strength, sink="target=_blank", detail=detail)
        if _SCHEME.search(tag):
            detail = "A link is script, which no nonce can allow."
            strength = STRONG if spots.has_nonces(text) else WEAK
            yield of_file("inline-script", file, _line(text, match.start()), strength=strength, sink="javascript:", detail=detail)
    for match in _SCRIPT.finditer(text):
        if "integrity" not in match.group() and not _CHANGING.search(match["host"]):
            detail = f"A file of {match['host']} is loaded without integrity; who changes it there writes this page."
            yield of_file("inline-script", file, _line(text, match.start()), strength=WEAK, sink="no integrity", detail=detail)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
