"""Whether every class of answer tells the browser what not to do, and whether private answers refuse to be loaded by other sites.

Against the answer that was forgotten: the 404 of the router, the 500 of the server's own error layer, the redirect, the refused
WebSocket. Headers are counted as well as read, because a second one may undo the first.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.websocket import SocketAnswer

CONTROL = "browser.security-headers"
REFERRER = frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"})
OPENER = frozenset({"same-origin", "same-origin-allow-popups", "noopener-allow-popups"})
RESOURCE = frozenset({"same-origin", "same-site"})
DENIED = ("camera", "geolocation", "microphone")
OUTDATED = (
    "x-xss-protection",
    "public-key-pins",
    "expect-ct",
    "feature-policy",
    "x-powered-by",
    "x-aspnet-version",
    "x-content-security-policy",
    "x-webkit-csp",
)
_BY_DEFAULT = frozenset(
    f"{name} is missing" for name in ("referrer-policy", "permissions-policy", "cross-origin-opener-policy", "cross-origin-resource-policy")
)
"""What takes little away by itself: browsers of today keep addresses, powerful features and opened windows to one site unasked."""
_ASSET = re.compile(r"""(?:href|src)=["'](/[^"'?#]+\.(?:css|js|svg|png|ico|woff2?|jpg))["']""")
_EVERYWHERE = "all answers"


def headers_by_response_class(stage: Stage) -> Evidence:
    """Collect an answer of each class, and read and count the headers of each."""
    cast = Cast(stage)
    seen: list[Observation] = []
    for name, provoke in _classes(cast):
        attack = f"headers of {name}"
        try:
            answer = provoke()
        except (OSError, TargetFailed) as error:
            seen.append(saw(Outcome.UNTRIED, attack, _EVERYWHERE, f"this class could not be provoked ({error})"))
            continue
        if answer is None:
            seen.append(saw(Outcome.UNTRIED, attack, _EVERYWHERE, "this class could not be provoked"))
            continue
        wrong = list(_faults(answer))
        outcome = Outcome.BROKEN if wrong else Outcome.HELD
        detail = f"{answer.status}: {'; '.join(wrong)}" if wrong else f"{answer.status}: each required header stands there once"
        found = saw(outcome, attack, _EVERYWHERE, detail, answers=[shown(answer)], read=len(answer.headers))
        seen.append(replace(found, severity="low" if wrong and _BY_DEFAULT.issuperset(wrong) else ""))
    return Evidence(check=CheckId(f"{CONTROL}/headers-by-response-class"), observations=tuple(seen))


Provoke = Callable[[], Answer | SocketAnswer | None]


def _classes(cast: Cast) -> Iterator[tuple[str, Provoke]]:
    nobody, served = cast.nobody(), cast.served

    def probe(which: ProbeRoute, query: str = "", *, html: bool = False) -> Provoke:
        ask = nobody.page if html else nobody.get
        return lambda: ask(served.probe_path(which) + query)

    yield "a page (200)", lambda: _of_type(cast, "html")
    yield "an answer in JSON (200)", lambda: _of_type(cast, "json")
    yield "plain text (200)", probe(ProbeRoute.PLAIN)
    yield "an empty answer (204)", probe(ProbeRoute.EMPTY)
    yield "a redirect (302)", probe(ProbeRoute.MOVED)
    yield "a static file (200)", lambda: _static(cast)
    yield "an unchanged file (304)", lambda: _unchanged(cast)
    for status in (400, 401, 403, 413, 415, 422, 429, 503):
        yield f"an error that a handler chose ({status})", probe(ProbeRoute.ABORTS, f"?status={status}")
    yield "a missing page (404)", lambda: nobody.page(f"/{witness.marker('missing')}")
    yield "a method that is not listed (405)", lambda: _if_status(nobody.send("DELETE", served.probe_path(ProbeRoute.PLAIN)), {405})
    yield "an unexpected fault (500)", probe(ProbeRoute.RAISES)
    yield "an unexpected fault of a page (500)", probe(ProbeRoute.RAISES_HTML, html=True)
    if cast.stage.facts.has_sockets:
        yield "a refused WebSocket", lambda: _refused_socket(cast)


def _if_status(answer: Answer, wanted: set[int]) -> Answer | None:
    return answer if answer.status in wanted else None


def _of_type(cast: Cast, kind: str) -> Answer | None:
    """A 200 of the given kind, from the first route that gives one to the most powerful or to another user."""
    for route in witness.reads(cast.stage.facts):
        for _, client in cast.everybody(route):
            with contextlib.suppress(OSError, TargetFailed):
                answer = client.get(cast.stage.fill(route, client=client))
                if answer.status == 200 and kind in answer.media_type:
                    return answer
    return None


def _asset(cast: Cast) -> str:
    page = _of_type(cast, "html")
    found = _ASSET.search(page.text) if page is not None else None
    return found.group(1) if found else ""


def _static(cast: Cast) -> Answer | None:
    path = _asset(cast)
    return _if_status(cast.nobody().get(path), {200}) if path else None


def _unchanged(cast: Cast) -> Answer | None:
    path = _asset(cast)
    first = cast.nobody().get(path) if path else None
    if first is None:
        return None
    tags, dates = first.header("etag"), first.header("last-modified")
    conditions = [("if-none-match", tag) for tag in tags[:1]] + [("if-modified-since", date) for date in dates[:1]]
    return _if_status(cast.nobody().get(path, headers=conditions), {304}) if conditions else None


def _refused_socket(cast: Cast) -> SocketAnswer | None:
    client = cast.nobody()
    private = [
        r.path for r in cast.stage.facts.routes if r.kind == "websocket" and "{" not in r.path and not r.path.startswith("/ringwork-probe")
    ]
    for path in (*private, cast.served.probe_path(ProbeRoute.SOCKET_BARE), f"/{witness.marker('missing')}"):
        answer = client.socket(path, listen_seconds=0.2)
        if not answer.accepted:
            return answer
    return None


def _faults(answer: Answer | SocketAnswer) -> Iterator[str]:
    yield from _one(answer, "x-content-type-options", lambda v: v.lower() == "nosniff", "nosniff")
    yield from _one(answer, "referrer-policy", lambda v: v.lower().rpartition(",")[2].strip() in REFERRER, "a strict policy")
    yield from _one(answer, "permissions-policy", _denies, f"a denial of {', '.join(DENIED)}")
    yield from _one(answer, "cross-origin-opener-policy", lambda v: v.lower() in OPENER, "same-origin")
    yield from _one(answer, "cross-origin-resource-policy", lambda v: v.lower() in RESOURCE, "same-origin")
    yield from _type_faults(answer)
    for name in OUTDATED:
        if any(value != "0" for value in answer.header(name)):
            yield f"{name} is outdated or tells too much"


def _one(answer: Answer | SocketAnswer, name: str, fits: Callable[[str], bool], wanted: str) -> Iterator[str]:
    values = answer.header(name)
    if not values:
        yield f"{name} is missing"
    elif len(values) > 1:
        yield f"{name} stands there {len(values)} times"
    elif not fits(values[0].strip()):
        yield f"{name} is {values[0][:60]!r}, not {wanted}"


def _denies(value: str) -> bool:
    given = {name.strip(): allowed.strip() for name, _, allowed in (piece.partition("=") for piece in value.split(","))}
    return all(given.get(name) in {"()", "(self)"} for name in DENIED)


def _type_faults(answer: Answer | SocketAnswer) -> Iterator[str]:
    kinds = answer.header("content-type")
    if not answer.body:
        return
    if len(kinds) != 1:
        yield "content-type is missing" if not kinds else f"content-type stands there {len(kinds)} times"
    elif kinds[0].lower().startswith("text/") and "charset=" not in kinds[0].lower():
        yield f"content-type {kinds[0]!r} names no charset"


# -- cross-site-load ----------------------------------------------------------------------------------------

_LOADS = (
    ("loaded as a script by another site", "no-cors", "script"),
    ("loaded as an image by another site", "no-cors", "image"),
    ("fetched by another site", "cors", "empty"),
)


def cross_site_load(stage: Stage) -> Evidence:
    """Ask for private answers as another site's page would; the same load from an own page works."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/cross-site-load")
    is_ours = stage.facts.guard is not None
    seen: list[Observation] = []
    tried = 0
    for route in witness.reads(stage.facts):
        if tried == 8:
            break
        found = _private(cast, route)
        if found is not None:
            tried += 1
            seen += _load(route, *found, obeys=not is_ours)
    if not seen:
        return Evidence(check=check, not_verified="no private page or document answered anybody", unlock="declare users: [[prove.users]]")
    return Evidence(check=check, observations=tuple(seen))


def _private(cast: Cast, route: RouteFacts) -> tuple[str, str, Client, Answer] | None:
    """Path, user name, browser and the honest answer of a route that answers 200 to a user with cookies, and not to nobody."""
    for user, client in cast.allowed(route):
        if client.bearer:
            continue
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client)
            if route.rule == "public" or witness.is_served(cast.nobody().get(path)):
                return None
            answer = client.get(path)
            if answer.status == 200 and answer.body:
                return path, user.name, client, answer
    return None


def _load(route: RouteFacts, path: str, name: str, client: Client, honest: Answer, *, obeys: bool) -> Iterator[Observation]:
    """obeys: the browser keeps SameSite. In a guarded application it does not, so that this layer is judged by itself."""
    control = shown(honest, name)
    for attack, mode, destination in _LOADS:
        headers = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode), ("sec-fetch-dest", destination)]
        answer = client.cross_site("GET", path, mode=mode, headers=headers, obey_samesite=obeys, fetch_metadata=False)
        yield _judged(route, attack, name, answer, control)
    callback = witness.marker("cb")
    wrapped = client.get(f"{path}?callback={callback}&jsonp={callback}")
    is_wrapped = wrapped.body.lstrip(b"/* \n").startswith(callback.encode() + b"(")
    outcome = Outcome.BROKEN if is_wrapped else Outcome.HELD
    detail = "the answer becomes a script that calls the given name" if is_wrapped else "a callback parameter wraps nothing"
    yield saw(outcome, "callback parameter", route, detail, answers=[shown(wrapped, name)], control=control)


def _judged(route: RouteFacts, attack: str, name: str, answer: Answer, control: Exchanged) -> Observation:
    seen = [shown(answer, name)]
    if not witness.is_served(answer):  # nobody without a login was served either, so what is served is the private answer
        return saw(Outcome.HELD, attack, route, f"refused with {answer.status}", answers=seen, control=control)
    if _kept_by_browser(answer, attack):
        detail = "answered, and the browser keeps it from the foreign page (Cross-Origin-Resource-Policy)"
        return saw(Outcome.HELD, attack, route, detail, answers=seen, control=control)
    detail = f"a private answer is handed to another site's page ({answer.status})"
    return saw(Outcome.BROKEN, attack, route, detail, answers=seen, control=control)


def _kept_by_browser(answer: Answer, attack: str) -> bool:
    """Whether headers alone keep the answer from a foreign page: the resource policy, or for a fetch the lack of permission."""
    if attack == "fetched by another site":
        return not answer.header("access-control-allow-origin")
    return any(value.lower() in RESOURCE for value in answer.header("cross-origin-resource-policy"))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/headers-by-response-class"), kind=Kind.LIVE, run=headers_by_response_class),
    Check(id=CheckId(f"{CONTROL}/cross-site-load"), kind=Kind.LIVE, run=cross_site_load),
    reading.check(f"{CONTROL}/new-window-links", enforced=True),
)
