"""Whether anything is served, changed or set over plain http.

Against the one hop in clear: what works over TLS is asked for once more without it, on a second listener of the same copy, under
the same name and with the same cookies; page loads may be sent to https, everything else has to be refused, body unread.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import changes, witness
from ringwork.prove.changes import Change
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.jar import Reach
from ringwork.survey.wire.websocket import SocketAnswer

CONTROL = "transport.tls-required"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PAGE, SCRIPT, FORGED = "page load in clear", "script's request in clear", "page load in clear under a foreign Host"
SOCKET = "WebSocket in clear"
CHANGE, UNREAD = "state change in clear", "body that never comes, in clear"
_HTML = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
_JSON = ("accept", "application/json")
_LISTEN_SECONDS = 0.2
_LED = "a request that is no page load"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something that TLS serves. control: its honest exchange; cookie: what its reader sends."""

    where: RouteFacts | str
    path: str
    who: str
    control: Exchanged
    cookie: str


def plaintext_request(stage: Stage) -> Evidence:
    """Ask for a page, a file, a probe, a change and a socket over plain http."""
    check = CheckId(f"{CONTROL}/plaintext-request")
    cast = Cast(stage)
    plain = cast.served.plain()
    places = list(_places(cast))
    if not places:
        return Evidence(check=check, not_verified="nothing was served over TLS, so a refusal in clear would say nothing")
    seen = [one for place in places[: 1 if stage.brief else None] for one in _read(place, plain)]
    if not stage.brief:
        seen += _forged(places[0], plain)
        seen += _changed(cast, plain)
        seen += _sockets(cast, plain)
    return Evidence(check=check, observations=tuple(seen))


def _places(cast: Cast) -> Iterator[Place]:
    """A page that needs a user where there is one, one that needs nobody, and what has no route of its own."""
    reads = witness.reads(cast.stage.facts)
    private, public = [r for r in reads if r.rule == "requires"], [r for r in reads if r.rule != "requires"]
    for routes in (private, public):
        found = witness.first_working(cast, routes)
        if found is not None:
            route, path, name, client, answer = found
            yield Place(where=route, path=path, who=name, control=shown(answer, name), cookie=_cookie(client, path))
    path = cast.served.probe_path(ProbeRoute.PLAIN)
    with contextlib.suppress(OSError):
        answer = cast.nobody().get(path)
        if answer.status == 200:
            yield Place(where="a public answer", path=path, who="", control=shown(answer), cookie="")


def _cookie(client: Client, path: str) -> str:
    """What the reader's browser holds. An old browser, or a script, sends it in clear all the same."""
    return client.jar.header(host=client.host.partition(":")[0], path=path, secure=True, reach=Reach.SAME_SITE)


def _with(cookie: str, *headers: tuple[str, str]) -> list[tuple[str, str]]:
    return [*headers, *([("cookie", cookie)] if cookie else [])]


def _sent(send: Callable[[], Answer]) -> Answer | None:
    try:
        return send()
    except OSError:
        return None


def _read(place: Place, plain: Client) -> Iterator[Observation]:
    answer = _sent(lambda: plain.send("GET", place.path, headers=_with(place.cookie, _HTML), fetch_metadata=False))
    yield _judged(PAGE, place, answer, plain, may_redirect=True)
    answer = _sent(lambda: plain.send("GET", place.path, headers=_with(place.cookie, _JSON), fetch_metadata=False))
    yield _judged(SCRIPT, place, answer, plain)


def _judged(attack: str, place: Place, answer: Answer | None, plain: Client, *, may_redirect: bool = False) -> Observation:
    if answer is None:
        return saw(Outcome.HELD, attack, place.where, "the connection was closed without an answer", control=place.control)
    fault = _fault(answer, plain, may_redirect=may_redirect)
    outcome = Outcome.BROKEN if fault else Outcome.UNTRIED if answer.status >= 500 else Outcome.HELD
    words = "sent to https" if answer.status in REDIRECTS else "refused" if answer.status < 500 else "failed"
    seen = saw(
        outcome, attack, place.where, fault or f"{words} ({answer.status})", answers=[shown(answer, place.who)], control=place.control
    )
    # Nothing was served, set or done in clear: a client that is written wrongly goes on unnoticed, which is a step to it and no leak.
    return dataclasses.replace(seen, severity="low") if outcome is Outcome.BROKEN and fault.startswith(_LED) else seen


def _fault(answer: Answer, plain: Client, *, may_redirect: bool) -> str:
    """What is wrong with an answer in clear, "" for nothing."""
    if answer.header("set-cookie"):
        return f"a cookie is set in clear ({answer.status})"
    if answer.status < 300 or answer.status == 304:
        return f"served in clear ({answer.status})"
    if answer.status not in REDIRECTS:
        return ""
    location = (answer.header("location") or [""])[0]
    name = plain.host.partition(":")[0]
    host = location.removeprefix("https://").partition("/")[0]
    if not location.startswith("https://") or host.rpartition("@")[2].partition(":")[0] != name:
        return f"the redirect does not lead to https://{name}: {location[:80]}"
    # ASVS 4.1.2: a client that is no page load would go on sending in clear, and nobody would see it.
    return "" if may_redirect else f"{_LED} is redirected instead of refused ({answer.status})"


def _forged(place: Place, plain: Client) -> Iterator[Observation]:
    canary = f"{witness.marker('canary')}.invalid"
    answer = _sent(lambda: plain.send("GET", place.path, host=canary, headers=[_HTML], fetch_metadata=False))
    if answer is not None and canary in answer.answer.decode("latin-1"):
        detail = f"the foreign name comes back in the answer ({answer.status})"
        yield saw(Outcome.BROKEN, FORGED, place.where, detail, answers=[shown(answer)], control=place.control)
        return
    yield _judged(FORGED, place, answer, plain, may_redirect=True)


# -- what changes something ------------------------------------------------------------------------------------


def _changed(cast: Cast, plain: Client) -> Iterator[Observation]:
    """One change that works over TLS, sent in clear with the same cookies, the same token, and the Origin of the site's own page."""
    found = changes.find(cast, most=1, attack=CHANGE, forms_only=True)
    if not found.changes:
        found = changes.find(cast, most=1, attack=CHANGE)
    if not found.changes:
        yield from found.untried[:1]
    for change in found.changes[:1]:
        client = cast.browser(change.user)
        if client is not None:
            with contextlib.suppress(TargetFailed):
                yield from _sent_in_clear(cast, change, client, plain)


def _sent_in_clear(cast: Cast, change: Change, client: Client, plain: Client) -> Iterator[Observation]:
    place = Place(
        where=change.route, path=change.path, who=change.user.name, control=change.control or Exchanged(request="", answer=""), cookie=""
    )
    body = changes.form_body(change, changes.token_of(change, client)) if change.is_form else changes.body_of(change)
    headers = [
        *_with(_cookie(client, change.path), *changes.headers_of(change)),
        ("origin", cast.served.origin),
        ("sec-fetch-site", "same-origin"),
        *client.letters(change.path),
    ]
    before = cast.served.state()
    answer = _sent(lambda: plain.send(change.method, change.path, headers=headers, body=body))
    effect = witness.changed(before, cast.served.state()) & change.effect
    if effect:
        detail = f"the request in clear changed {', '.join(sorted(effect))}"
        answers = [shown(answer, change.user.name)] if answer is not None else []
        yield saw(Outcome.BROKEN, CHANGE, change.route, detail, answers=answers, control=change.control)
        return
    told = _judged(CHANGE, place, answer, plain)
    yield told
    if told.outcome is Outcome.HELD and answer is not None:
        yield _unread(place, change.method, plain)


def _unread(place: Place, method: str, plain: Client) -> Observation:
    """Against a refusal that comes only after everything was read: a body is announced and never sent, and the answer must come."""
    lines = [f"{method} {place.path} HTTP/1.1", f"Host: {plain.host}", "Content-Length: 4096", "Content-Type: text/plain", "", ""]
    answer = _sent(lambda: plain.raw("\r\n".join(lines).encode()))
    if answer is None:
        return saw(Outcome.BROKEN, UNREAD, place.where, "no answer came before the body was there", control=place.control)
    return _judged(UNREAD, place, answer, plain)


# -- sockets ----------------------------------------------------------------------------------------------------


def _sockets(cast: Cast, plain: Client) -> Iterator[Observation]:
    """The first socket that opens over TLS, opened in clear by the same user."""
    for route in cast.stage.facts.routes:
        if route.kind != "websocket":
            continue
        for name, client in cast.everybody(route):
            with contextlib.suppress(OSError, TargetFailed):
                path = cast.stage.fill(route, client=client)
                honest = client.socket(path, listen_seconds=_LISTEN_SECONDS)
                if honest.accepted:
                    yield _socket(route, path, name, client, honest, plain)
                    return


def _socket(route: RouteFacts, path: str, name: str, client: Client, honest: SocketAnswer, plain: Client) -> Observation:
    cookie = _with(_cookie(client, path))
    try:
        answer = plain.socket(path, origin=client.origin, cookies=False, listen_seconds=_LISTEN_SECONDS, headers=cookie)
    except OSError as error:
        return saw(Outcome.HELD, SOCKET, route, f"the connection was cut ({error})", control=shown(honest, name))
    outcome = Outcome.BROKEN if answer.accepted else Outcome.HELD
    detail = f"the handshake is {'accepted' if answer.accepted else f'refused with {answer.status}'}"
    return saw(outcome, SOCKET, route, detail, answers=[shown(answer, name)], control=shown(honest, name))


# -- https-switch -----------------------------------------------------------------------------------------------


def https_switch(stage: Stage) -> Evidence:
    """Read what requires https: ringwork's own, Starlette's HTTPSRedirectMiddleware, Flask-Talisman's force_https, Django's redirect."""
    return Evidence(check=CheckId(f"{CONTROL}/https-switch"), observations=(_switch(stage),))


def _switch(stage: Stage) -> Observation:
    facts, attack = stage.facts, "https switch"
    if witness.guards(facts, CONTROL) and facts.guard is not None:
        origin = facts.guard.origin
        told = f"{origin} is required" if origin.startswith("https://") else f"{origin or 'no origin'}: only this machine is served"
        return saw(Outcome.HELD, attack, "policy: origin", told, read=1)
    if "HTTPSRedirectMiddleware" in facts.middleware:
        return saw(Outcome.HELD, attack, "HTTPSRedirectMiddleware", "everything in clear is redirected", read=1)
    talisman = facts.settings.get("Talisman") or {}
    if talisman.get("force_https"):
        return saw(Outcome.HELD, attack, "Talisman: force_https", "everything in clear is redirected", read=1)
    if facts.settings.get("SECURE_SSL_REDIRECT") and "SecurityMiddleware" in facts.middleware:
        return saw(Outcome.HELD, attack, "SECURE_SSL_REDIRECT", "everything in clear is redirected", read=1)
    told = "nothing in the application requires https; a server or proxy in front is not seen from here"
    return saw(Outcome.BROKEN, attack, "settings", told)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/plaintext-request"), kind=Kind.LIVE, run=plaintext_request),
    Check(id=CheckId(f"{CONTROL}/https-switch"), kind=Kind.CONFIG, run=https_switch),
)
