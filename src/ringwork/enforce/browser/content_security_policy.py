"""Every answer tells the browser what its page may load and run: own files, what carries this answer's nonce, what is declared.

Against injected markup that runs script, loads foreign code, posts a form elsewhere, or frames the page. What browsers block they
report to a path of this site, and it becomes an event.
Source: W3C CSP Level 3; ASVS 5.0, 3.4.3, 3.4.6, 3.4.7, 3.2.1; OWASP CSP Cheat Sheet.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import Any

from ringwork.crypto import chance
from ringwork.enforce import violations
from ringwork.enforce.guard import Arrive, Asking, Decision, Guard, Hooks, Leave, ReadBody, Refusal, Reply, Site, Surroundings, remark
from ringwork.enforce.ordinary import Bounds
from ringwork.exchange import Exchange, Header
from ringwork.frozen import Frozen, declared, replace
from ringwork.names import ControlId
from ringwork.route import Route
from ringwork.words import Words

CONTROL = ControlId("browser.content-security-policy")
GROUP = "ringwork-csp"

_NONCES = chance.Pool(18)
_HERE = "\0"
_NONE = "'none'"

DENY_ALL = b"default-src 'none'; frame-ancestors 'none'"
PICTURE = b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
PAPER = b"base-uri 'none'; frame-ancestors 'none'"
_STORED = frozenset({101, 304})
"""Answers without a document: 304 would write its policy over that of the stored page, whose nonce is another one."""

_FOR_SHARED = frozenset(
    {
        *(b"cdn-cache-control", b"cloudflare-cdn-cache-control", b"edge-control", b"surrogate-control"),
        *(b"vercel-cdn-cache-control", b"x-accel-expires"),
    }
)
"""By which shared caches are told something else than browsers (RFC 9213)."""

SHARED_HOSTS = frozenset(
    {
        "ajax.googleapis.com", "cdn.jsdelivr.net", "cdn.skypack.dev", "cdnjs.cloudflare.com", "code.jquery.com", "esm.sh", "esm.run",
        "gist.githubusercontent.com", "raw.githubusercontent.com", "stackpath.bootstrapcdn.com", "unpkg.com", "www.gstatic.com",
    }
)  # fmt: skip
"""Hosts that serve files of anybody, or old libraries that run what they find in markup."""

_REST = r"(:[0-9]{1,5})?(?P<path>(/[A-Za-z0-9._~@%+-]*)*)"
_ADDRESS = r"(?P<scheme>https|wss)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?)" + _REST
_LOCAL = r"(?P<scheme>http|ws)://(?P<host>localhost|127\.0\.0\.1)" + _REST
_HASH = r"sha(256|384|512)-[A-Za-z0-9+/]{43,86}={0,2}"
_PATH = r"(/[A-Za-z0-9._~-]+)+"


def _sources(doc: str) -> Any:
    return field(default=(), metadata={"doc": doc, "unit": "addresses", "source": "none by our choice"})


def _flag(doc: str, source: str = "our choice") -> Any:
    return field(default=False, metadata={"doc": doc, "unit": "true or false", "source": source})


class PagePolicy(Frozen):
    """What a page may load and run besides its own site. Inline script and eval cannot be let in: no setting says so."""

    scripts: str = field(
        default="own",
        metadata={
            "doc": '"own": own files, and whatever carries the nonce; "nonce": only what carries the nonce, and what that loads',
            "unit": "word",
            "source": "ASVS 3.4.3",
        },
    )
    script_sources: tuple[str, ...] = _sources("exact files or origins of scripts, or hashes (sha256-...) of inline ones")
    style_sources: tuple[str, ...] = _sources("exact files or origins of style sheets")
    inline_styles: bool = _flag("let style attributes and blocks without nonce in; script stays out")
    image_sources: tuple[str, ...] = _sources("origins of pictures; own ones and data: always load")
    font_sources: tuple[str, ...] = _sources("origins of fonts")
    media_sources: tuple[str, ...] = _sources("origins of sound and film")
    connect_sources: tuple[str, ...] = _sources("origins that scripts may call, https or wss")
    frame_sources: tuple[str, ...] = _sources("origins that may be shown in frames of the page")
    form_targets: tuple[str, ...] = _sources("origins that forms may post to, or be redirected to after a post")
    framed_by: tuple[str, ...] = _sources('"self" or origins whose pages may frame this one')
    trusted_types: bool = _flag("let script write markup by Trusted Types alone", "W3C Trusted Types; off by our choice")


class RoutePolicy(PagePolicy):
    """The policy of one route's pages, in place of the general one."""

    route: str = field(metadata={"doc": 'the route, as rules name it: "GET /docs"', "unit": "name", "source": ""})
    reason: str = field(metadata={"doc": "why this page needs more", "unit": "sentence", "source": ""})
    preset: str = field(
        default="",
        metadata={"doc": '"swagger": what the Swagger page of FastAPI loads, file by file', "unit": "word", "source": "our choice"},
    )


class ContentSecurityPolicySettings(PagePolicy):
    """The policy of all pages, where violations are reported, and the routes that differ."""

    report_path: str = field(
        default="/.ringwork/csp-reports",
        metadata={"doc": 'path that takes reports of browsers; "" for none', "unit": "path", "source": "ASVS 3.4.7; path our choice"},
    )
    report_only: bool = _flag("block nothing on pages, only report: for the first days of a roll-out")
    routes: tuple[RoutePolicy, ...] = field(
        default=(), metadata={"doc": "routes with a policy of their own", "unit": "tables", "source": "none by our choice"}
    )


class ContentSecurityPolicyReason(Words):
    """What an event of this control says."""

    REPORTED = "violation-reported"  # a browser told of something that it blocked; no refusal
    METHOD = "report-method"
    TYPE = "report-type"
    TOO_LARGE = "report-too-large"
    MALFORMED = "report-malformed"


SWAGGER_FILES = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/"
PRESETS: dict[str, dict[str, tuple[str, ...]]] = {
    "": {},
    "swagger": {
        "script_sources": (f"{SWAGGER_FILES}swagger-ui-bundle.js",),
        "style_sources": (f"{SWAGGER_FILES}swagger-ui.css",),
        "image_sources": ("https://fastapi.tiangolo.com/img/favicon.png",),
    },
}


def issue_nonce(exchange: Exchange) -> str:
    """The nonce of this answer's policy: 24 characters of base64url, 144 random bits; the same whenever it is asked for again.

    It counts for scripts and style blocks that carry it, if it is asked for before the answer starts.
    """
    found = exchange.noted(CONTROL)
    if not isinstance(found, str):
        # Against a nonce that injected markup could carry too: fresh for each answer, and nothing of the request in it.
        found = base64.urlsafe_b64encode(_NONCES.take()).decode()
        exchange.note(CONTROL, found)
    return found


# -- the policy as text -------------------------------------------------------------------------------------


def plan(settings: ContentSecurityPolicySettings, site: Site, route: Route | None) -> Hooks:
    """Everything but the nonce is made here. Before routing only the reports' path is looked at."""
    arrive = _intake(settings.report_path, site.clock.now) if route is None and settings.report_path else None
    bounds = None if arrive is None else Bounds(elsewhere=frozenset({settings.report_path}))
    return Hooks(arrive=arrive, bounds=bounds, leave=_leave(settings, *_page_of(settings, route)), is_steady=True, asks=True)


def _page_of(settings: ContentSecurityPolicySettings, route: Route | None) -> tuple[PagePolicy, tuple[str, ...]]:
    """The policy of a route's pages, and the hashes of inline scripts that the framework itself writes there."""
    own = next((own for own in settings.routes if route is not None and route.is_named(own.route)), None)
    if own is None or route is None:
        return settings, ()
    added = {name: (*getattr(own, name), *values) for name, values in PRESETS[own.preset].items()}
    page = replace(own, inline_styles=own.inline_styles or bool(own.preset), **added)
    return page, route.inline_scripts if own.preset else ()


def _directives(page: PagePolicy, hashes: Sequence[str], nonce: str) -> Iterator[tuple[str, Sequence[str]]]:
    own = "'self'"
    proofs = [*([f"'nonce-{nonce}'"] if nonce else []), *(f"'{source}'" for source in (*hashes, *page.script_sources) if _is_hash(source))]
    yield "default-src", [own]
    if page.scripts == "nonce":
        # Against own files as gadgets: with 'strict-dynamic' the place of a file is no reason to run it.
        yield "script-src", [*proofs, "'strict-dynamic'"] if proofs else []
    else:
        yield "script-src", [own, *proofs, *(source for source in page.script_sources if not _is_hash(source))]
    by_nonce = [f"'nonce-{nonce}'"] if nonce and not page.inline_styles else []  # a nonce would switch 'unsafe-inline' off
    yield "style-src", [own, *by_nonce, *(["'unsafe-inline'"] if page.inline_styles else []), *page.style_sources]
    yield "img-src", [own, "data:", *page.image_sources]
    for name, sources in (
        ("font-src", page.font_sources),
        ("media-src", page.media_sources),
        ("connect-src", page.connect_sources),
        ("frame-src", page.frame_sources),
    ):
        if sources:
            yield name, [own, *sources]
    # Against plug-ins, and against one <base> tag that turns every relative script into the attacker's.
    yield "object-src", []
    yield "base-uri", []
    # Against clickjacking.
    yield "frame-ancestors", [own if source == "self" else source for source in page.framed_by]
    # Against an injected form, or a password field inside a foreign one, that posts what is typed elsewhere.
    yield "form-action", [own, *page.form_targets]
    if page.trusted_types:
        yield "require-trusted-types-for", ["'script'"]


def _text(page: PagePolicy, hashes: Sequence[str], nonce: str, report_path: str) -> bytes:
    written = [f"{name} {' '.join(sources) or _NONE}" for name, sources in _directives(page, hashes, nonce)]
    reporting = [f"report-uri {report_path}", f"report-to {GROUP}"] if report_path else []
    return "; ".join([*written, *reporting]).encode("ascii")


def _is_hash(source: str) -> bool:
    return source.startswith("sha")


def _leave(settings: ContentSecurityPolicySettings, page: PagePolicy, hashes: Sequence[str]) -> Leave:
    path = settings.report_path
    name = b"content-security-policy-report-only" if settings.report_only else b"content-security-policy"
    reporting: list[Header] = [(b"reporting-endpoints", f'{GROUP}="{path}"'.encode("ascii"))] if path else []
    pieces = _text(page, hashes, _HERE, path).split(_HERE.encode())
    plain: list[Header] = [(name, _text(page, hashes, "", path)), *reporting]
    others = [(b"content-security-policy", policy) for policy in (DENY_ALL, PICTURE, PAPER)]
    deny_all, picture, paper = others

    def leave(exchange: Exchange, status: int, headers: list[Header]) -> list[Header]:
        if status in _STORED:
            return headers
        # The last one counts, as browsers read them (Fetch, "extract a MIME type").
        kind = dict(headers).get(b"content-type", b"").lower()
        # A script is given the page's policy: should it run as a worker, its own answer's policy is the one that counts.
        if kind == _JSON:
            headers.append(deny_all)
            return headers
        if kind.startswith(_DOCUMENTS):
            nonce = exchange.noted(CONTROL) if exchange.notes is not None else None
            if isinstance(nonce, str):
                return [*_unshared(headers), (name, nonce.encode("ascii").join(pieces)), *reporting]
            return [*headers, *plain]
        # Against data that is opened as a page of its own: what is no document needs nothing.
        return [*headers, picture if kind.startswith(b"image/svg") else paper if kind.startswith(b"application/pdf") else deny_all]

    return leave


_DOCUMENTS = (b"text/html", b"application/xhtml", b"text/javascript", b"application/javascript")
_JSON = b"application/json"


def _unshared(headers: list[Header]) -> list[Header]:
    """Against a nonce that a shared cache hands to everybody, the attacker included: a page with one is its reader's alone."""
    stated = b",".join(value.lower() for name, value in headers if name == b"cache-control")
    words = {word.strip() for word in stated.split(b",")}
    # Shared caches keep what says nothing at all too, some by default, others by Last-Modified (RFC 9111, 4.2.2).
    is_private = (b"private" in words or b"no-store" in words) and b"public" not in words and b"s-maxage" not in stated
    if is_private and _FOR_SHARED.isdisjoint(name for name, _ in headers):
        return headers
    kept = [pair for pair in headers if pair[0] not in _FOR_SHARED and (is_private or pair[0] not in (b"cache-control", b"expires"))]
    return kept if is_private else [*kept, (b"cache-control", b"private, no-cache")]


# -- the intake of reports ----------------------------------------------------------------------------------


def _refusal(status: int, reason: ContentSecurityPolicyReason, detail: str, headers: tuple[Header, ...] = ()) -> Refusal:
    return Refusal(control=CONTROL, status=status, reason=reason.value, detail=detail, headers=headers)


_METHOD = _refusal(405, ContentSecurityPolicyReason.METHOD, "reports are posted", ((b"allow", b"POST"),))
_TYPE = _refusal(415, ContentSecurityPolicyReason.TYPE, "a report is application/csp-report or application/reports+json")
_TOO_LARGE = _refusal(413, ContentSecurityPolicyReason.TOO_LARGE, f"a report has at most {violations.LIMIT_BYTES} bytes")
_MALFORMED = _refusal(400, ContentSecurityPolicyReason.MALFORMED, "the body is no report of a browser")
_TAKEN = Reply(status=204)


def _intake(path: str, now: Callable[[], float]) -> Arrive:
    tally = violations.Tally()

    def arrive(exchange: Exchange) -> Decision | Asking:
        if exchange.path != path:
            return None
        if exchange.method != "POST":
            return _METHOD
        kind = (exchange.content_type or b"").partition(b";")[0].strip().lower()
        if kind not in (violations.REPORT, violations.REPORTS):
            return _TYPE
        return _take(exchange, kind, tally, now)

    return arrive


def _take(exchange: Exchange, kind: bytes, tally: violations.Tally, now: Callable[[], float]) -> Asking:
    # Against a report that fills memory: what announces more is refused unread, and no more than the limit is read.
    announced = exchange.content_length or b"0"
    body = None
    if len(announced) < 8 and announced.isdigit() and int(announced) <= violations.LIMIT_BYTES:
        body = yield ReadBody(limit_bytes=violations.LIMIT_BYTES)
    if body is None:
        return _TOO_LARGE
    found = violations.read(kind, body)
    if found is None:
        return _MALFORMED
    for violation in found:
        seen = tally.count(violation, now())
        if seen:
            detail = violation.as_detail() + (f" seen={seen}" if seen > 1 else "")
            remark(exchange, _refusal(_TAKEN.status, ContentSecurityPolicyReason.REPORTED, detail))
    return _TAKEN


# -- what may be written in the settings --------------------------------------------------------------------


def faults(settings: ContentSecurityPolicySettings) -> Sequence[str]:
    """Against a policy that lets in what it seems to keep out, and against a second header smuggled in by a setting."""
    found = [*_page_faults("", settings)]
    if settings.report_path and not re.fullmatch(_PATH, settings.report_path):
        found.append(f'report_path: {settings.report_path!r} is no plain path; write one such as "/.ringwork/csp-reports", or "" for none')
    for i, own in enumerate(settings.routes):
        where = f"routes[{i}]."
        if not own.route.partition(" ")[2].startswith("/"):
            found.append(f'{where}route: {own.route!r} names no route; write METHOD /path, for example "GET /docs"')
        if not own.reason.strip():
            found.append(f"{where}reason: is empty; say why this page needs a policy of its own")
        if own.preset not in PRESETS:
            found.append(f'{where}preset: {own.preset!r} is unknown; write "swagger", or leave it out')
        elif own.preset and own.scripts == "nonce":
            found.append(f'{where}scripts: "nonce" lets none of the files of a preset in; leave it out beside preset')
        found += _page_faults(where, own)
    return found


def _page_faults(where: str, page: PagePolicy) -> Iterator[str]:
    if page.scripts not in {"own", "nonce"}:
        yield f'{where}scripts: {page.scripts!r} is unknown; write "own" or "nonce"'
    for name in (name for name, kind in declared(PagePolicy).items() if kind == "tuple[str, ...]"):
        for i, source in enumerate(getattr(page, name)):
            fault = _source_fault(name, source)
            if fault:
                yield f"{where}{name}[{i}]: {source!r} {fault}"
            elif name == "script_sources" and page.scripts == "nonce" and not _is_hash(source):
                yield f'{where}{name}[{i}]: {source!r} does nothing with scripts = "nonce"; take it out, and give its script tag the nonce'


def _source_fault(name: str, source: str) -> str:
    if (name == "script_sources" and re.fullmatch(_HASH, source)) or (name == "framed_by" and source == "self"):
        return ""
    match = re.fullmatch(_ADDRESS, source) or re.fullmatch(_LOCAL, source)
    if match is None:
        return 'is no exact address; write scheme and host, at most port and path, without wildcard: "https://media.shop.example"'
    if match["scheme"] in {"wss", "ws"} and name != "connect_sources":
        return "is for connect_sources alone; write https"
    # Against a library, or anybody's upload, on a host that serves them all.
    if name == "script_sources" and match["host"] in SHARED_HOSTS and (not match["path"] or match["path"].endswith("/")):
        return "serves files of anybody; write the whole address of the one file"
    return ""


_TRANSLATED = {
    "script-src": "script_sources", "style-src": "style_sources", "img-src": "image_sources", "font-src": "font_sources",
    "media-src": "media_sources", "connect-src": "connect_sources", "frame-src": "frame_sources", "form-action": "form_targets",
    "frame-ancestors": "framed_by",
}  # fmt: skip
"""Directives of a policy that another package was told, in the words of these settings."""


def at_start(settings: ContentSecurityPolicySettings, site: Site, around: Surroundings, routes: Sequence[Route]) -> Sequence[str]:
    """A policy for a route that does not exist protects, or loosens, nothing; and two policies know two nonces."""
    unknown = [
        f"routes[{i}].route: {own.route!r} names no route of this application; take it out, or correct method and path"
        for i, own in enumerate(settings.routes)
        if not any(route.is_named(own.route) for route in routes)
    ]
    return [*unknown, *_told_elsewhere(settings, around.settings.get("django-csp"))]


def _told_elsewhere(settings: ContentSecurityPolicySettings, directives: Any) -> Iterator[str]:
    """What the middleware of django-csp, or Django's own, was told, in these settings' words; browsers apply both policies."""
    if not isinstance(directives, dict):
        return
    own = {name: [s for s in directives.get(told, ()) if _source_fault(name, s) == ""] for told, name in _TRANSLATED.items()}
    missing = {name: found for name, found in own.items() if not set(found) <= set(getattr(settings, name))}
    line = ", ".join(f"{name} = {found}".replace("'", '"') for name, found in missing.items())
    advice = f" and write [{CONTROL}] {line}" if line else ""
    yield (
        "django-csp, or Django's own ContentSecurityPolicyMiddleware, sends a policy that knows no nonce of ours, and browsers apply both; "
        f"take it out of MIDDLEWARE{advice}"
    )


GUARD: Guard[ContentSecurityPolicySettings] = Guard(
    control=CONTROL, settings=ContentSecurityPolicySettings, plan=plan, faults=faults, at_start=at_start
)
