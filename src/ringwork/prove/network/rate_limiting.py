"""Whether one client is stopped at machine speed, and whether anything that he can change begins the count anew.

Against limits that exist in a file: a page and a login are asked for until they are refused, then asked for again in other
spellings, under forged addresses and as a new browser, and last from another address.
"""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import json
import secrets
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Kind, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import entry
from ringwork.survey.wire.client import Answer, Client

CONTROL = "network.rate-limiting"
LIMITER = "RateLimits"
OVER = frozenset({429, 503})
TRIED = frozenset({200, 302, 303, 400, 401})
"""How a login with wrong credentials is answered by an application that looked at them."""

_MOST_REQUESTS = 400
_MOST_LOGINS = 20
_FEW_REQUESTS, _FEW_LOGINS = 60, 10
_SECONDS = 4.0
_BURST, _ROUNDS = 8, 2
_MOST_ROUTES = 20
_MOST_ENTRANCES = 1  # one stands for its class, and each try is made to cost time
_FORGED = ("X-Forwarded-For", "X-Real-IP", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP")
_LOGIN = frozenset({"login", "signin", "token", "session", "sessions", "authenticate"})
_SECRET = ("password", "passwd", "secret", "passphrase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is asked for again and again. ask: one request of the given client, `path` and `headers` laid over the honest ones."""

    route: RouteFacts
    path: str
    name: str
    client: Client
    control: Answer
    ask: Callable[[Client, str, list[tuple[str, str]]], Answer]
    passes: frozenset[int]

    def one(self, client: Client | None = None, *, path: str = "", headers: tuple[tuple[str, str], ...] = ()) -> Answer | None:
        """One request, None where the connection was cut."""
        with contextlib.suppress(OSError):
            return self.ask(client or self.client, path or self.path, list(headers))
        return None


def burst(stage: Stage) -> Evidence:
    """Ask until refused: a page at the general pace, and each way in with wrong credentials; then try to begin anew."""
    check = CheckId(f"{CONTROL}/burst")
    seen: list[Observation] = []
    with stage.serve(probes=False, limits=True) as served:
        page = _page(stage, served)
        # Logins first, because a form is fetched for each try, at the pace of pages.
        for place in [*([] if stage.brief else itertools.islice(_logins(stage, served), _MOST_ENTRANCES)), page]:
            if place is not None:
                seen += _tried(stage, place)
    if page is None:
        return Evidence(check=check, not_verified="no page answered an honest request, so refusals would say nothing")
    return Evidence(check=check, observations=tuple(seen))


def _page(stage: Stage, served: Served) -> Place | None:
    public_first = sorted(witness.reads(stage.facts), key=lambda r: (r.rule != "public", "{" in r.path))
    found = witness.first_working(Cast(stage, served), public_first)
    if found is None:
        return None
    route, path, name, client, answer = found

    def ask(asker: Client, where: str, headers: list[tuple[str, str]]) -> Answer:
        return asker.send("GET", where, headers=[("accept", "text/html, */*"), *headers])

    return Place(route=route, path=path, name=name, client=client, control=answer, ask=ask, passes=frozenset({answer.status}))


def _logins(stage: Stage, served: Served) -> Iterator[Place]:
    """Each login that takes JSON or a form with a password, and answers wrong credentials as such; JSON costs no page for each try."""
    for route in sorted(witness.http_routes(stage.facts), key=lambda r: r.body != "json"):
        words = route.path.lower().replace("-", "").replace("_", "").split("/")
        if "POST" not in route.methods or not _LOGIN & set(words):
            continue
        with contextlib.suppress(TargetFailed, OSError):
            place = _login(stage, served, route)
            if place is not None:
                yield place


def _login(stage: Stage, served: Served, route: RouteFacts) -> Place | None:
    kind, body = stage.body(route) or ("", b"")
    fields = _fields(kind, body)
    if not any(word in name.lower() for name in fields for word in _SECRET):
        return None
    # One invented account, so that nobody of the application is shut out of it.
    account = witness.marker("nobody")
    wrong = entry.wrong_password()
    fields = {name: wrong if any(word in name.lower() for word in _SECRET) else account for name in fields}
    client = served.client()

    def ask(asker: Client, where: str, headers: list[tuple[str, str]]) -> Answer:
        given = fields
        if kind != "application/json":
            name, value = stage.token(route.path, asker)
            given = {**fields, name: value} if name else fields
        sent = json.dumps(given) if kind == "application/json" else urllib.parse.urlencode(given)
        return asker.send("POST", where, headers=[("content-type", kind), *headers], body=sent.encode())

    first = ask(client, route.path, [])
    if first.status not in TRIED:
        return None
    return Place(route=route, path=route.path, name="", client=client, control=first, ask=ask, passes=TRIED)


def _fields(kind: str, body: bytes) -> dict[str, str]:
    if kind == "application/json":
        with contextlib.suppress(ValueError):
            found = json.loads(body)
            return found if isinstance(found, dict) else {}
    return dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _tried(stage: Stage, place: Place) -> Iterator[Observation]:
    is_login = place.passes is TRIED
    most = _MOST_LOGINS if is_login else _MOST_REQUESTS
    attack = "wrong credentials at machine speed" if is_login else "one page at machine speed"
    count, refused = _until_refused(place, most)
    control = shown(place.control, place.name)
    if refused is None:
        own = witness.guards(stage.facts, CONTROL) or LIMITER in stage.facts.settings
        words = f"{count} requests in a row were answered"
        if own:
            detail = f"{words}; a limiter is there, and its limit is too high to be reached here"
            yield saw(Outcome.UNTRIED, attack, place.route, detail, control=control)
        elif count < (_FEW_LOGINS if is_login else _FEW_REQUESTS):
            # Against a page that is merely slow, such as a login that hashes for half a second: a limit may well come behind these few.
            detail = f"{words} in {_SECONDS:g} s, too few to tell whether a limit would come"
            yield saw(Outcome.UNTRIED, attack, place.route, detail, control=control)
        else:
            yield saw(Outcome.BROKEN, attack, place.route, f"{words}, and nothing refuses any", answers=[control])
        return
    wait = (refused.header("retry-after") or [""])[0]
    detail = f"refused with {refused.status} after {count} requests{f', again in {wait} s' if wait else ', without Retry-After'}"
    told = wait.isdigit() and int(wait) > 0
    outcome = Outcome.HELD if told or not witness.guards(stage.facts, CONTROL) else Outcome.BROKEN
    yield saw(outcome, attack, place.route, detail, answers=[shown(refused, place.name)], control=control)
    if not stage.brief:
        yield from _varied(place, most)
        if not is_login:  # another client with the same account may well be refused
            yield _other_client(place)


def _until_refused(place: Place, most: int) -> tuple[int, Answer | None]:
    """How many requests were answered, and the first refusal, None for none within the number and the time."""
    until = time.monotonic() + _SECONDS
    for count in range(most):
        answer = place.one()
        if answer is not None and answer.status in OVER:
            return count, answer
        if time.monotonic() > until:
            return count, None
    return most, None


def _varied(place: Place, most: int) -> Iterator[Observation]:
    """Whatever a client can change by itself, in short bursts, each right after the count was full once more."""
    stranger = place.client.stranger()
    ways: dict[str, Callable[[], Answer | None]] = {
        "forged address headers": lambda: place.one(headers=_addresses()),
        "another query": lambda: place.one(path=f"{place.path}{'&' if '?' in place.path else '?'}{witness.marker('q')}=1"),
        "another name of the browser": lambda: place.one(headers=(("user-agent", witness.marker("agent")),)),
        "a new browser": lambda: place.one(stranger),
    }
    bare, mark, query = place.path.partition("?")
    if bare != "/":
        slashed = bare.rstrip("/") if bare.endswith("/") else f"{bare}/"
        ways["another slash at the end"] = lambda: place.one(path=slashed + mark + query)
        ways["double slash"] = lambda: place.one(path=f"/{bare}{mark}{query}")
    if bare.upper() != bare:
        ways["capital letters"] = lambda: place.one(path=bare.upper() + mark + query)
    for way, ask in ways.items():
        if place.name and way == "a new browser":
            continue  # a page for signed-in users tells a stranger nothing
        yield began_anew(place, f"count begun anew by {way}", ask, most)


def _addresses() -> tuple[tuple[str, str], ...]:
    forged = str(ipaddress.IPv4Address(0xC6336400 + secrets.randbelow(250)))  # 198.51.100.0/24, for documentation
    return (*((name, forged) for name in _FORGED), ("Forwarded", f"for={forged}"))


def began_anew(place: Place, attack: str, ask: Callable[[], Answer | None], most: int) -> Observation:
    """Whether `ask` passes where the unchanged request has just been refused; UNTRIED where time alone lets both pass."""
    control = shown(place.control, place.name)
    last: list[Exchanged] = []
    for _ in range(_ROUNDS):
        _, refused = _until_refused(place, most)
        if refused is None:
            return saw(Outcome.UNTRIED, attack, place.route, "the limit could not be reached once more", control=control)
        # A count that is given back at every moment lets one or two pass; one that begins anew lets all of them pass.
        answers = [ask() for _ in range(_BURST if place.passes is not TRIED else 2)]
        served = [a for a in answers if a is not None and a.status in place.passes and not _is_elsewhere(place, a)]
        last = [shown(a, place.name) for a in answers[-1:] if a is not None]
        if len(served) < len(answers):
            statuses = ", ".join(sorted({str(a.status) if a is not None else "closed" for a in answers}))
            detail = f"{len(served)} of {len(answers)} were answered ({statuses})"
            return saw(Outcome.HELD, attack, place.route, detail, answers=last, control=control)
        # Against a machine that is slower than the limit: where the unchanged request passes as well, time gave the count back.
        _, refused = _until_refused(place, most)
        unchanged = [place.one() for _ in answers] if refused is not None else []
        passed = sum(a is not None and a.status not in OVER for a in unchanged)
        if refused is None or 2 * passed > len(unchanged):
            detail = f"all of {len(answers)} were answered after the refusal, and {passed} of {len(unchanged)} without any change too"
            return saw(Outcome.UNTRIED, attack, place.route, detail, control=control)
    detail = f"all of {len(answers)} were answered after the refusal, {_ROUNDS} times, and unchanged ones were not"
    return saw(Outcome.BROKEN, attack, place.route, detail, answers=last, control=control)


def _is_elsewhere(place: Place, answer: Answer) -> bool:
    """Whether a redirect only says where the same thing stands."""
    location = (answer.header("location") or [""])[0]
    bare = urllib.parse.urlsplit(location).path.rstrip("/").lower()
    return answer.status in {301, 302, 307, 308} and bare == place.path.partition("?")[0].rstrip("/").lower()


def _other_client(place: Place) -> Observation:
    """Somebody else, from another address, is served while the first is refused."""
    attack = "another client while the first is refused"
    source = place.client.place.source
    other = place.client.stranger(source=str(ipaddress.IPv4Address(source) + 0x10000)) if source != "127.0.0.1" else None
    control = shown(place.control, place.name)
    if place.name or other is None:
        why = "a page for signed-in users is counted by user" if place.name else "this machine has only one loopback address"
        return saw(Outcome.UNTRIED, attack, place.route, f"not asked: {why}", control=control)
    answer = place.one(other)
    if answer is None or answer.status in OVER:
        told = [shown(answer)] if answer is not None else []
        return saw(Outcome.BROKEN, attack, place.route, "one client's requests shut out another", answers=told, control=control)
    return saw(Outcome.HELD, attack, place.route, f"answered with {answer.status}", answers=[shown(answer)], control=control)


# -- class-per-route ----------------------------------------------------------------------------------------


def class_per_route(stage: Stage) -> Evidence:
    """Read the class of each route: ringwork's own, else what slowapi or Flask-Limiter keeps."""
    facts = stage.facts
    check = CheckId(f"{CONTROL}/class-per-route")
    routes = [route for route in facts.routes if route.kind in {"http", "websocket"}]
    if not routes:
        return Evidence(check=check, not_applicable="the application has no routes of its own")
    if witness.guards(facts, CONTROL) and facts.guard is not None:
        return Evidence(check=check, observations=tuple(_of_ringwork(routes, facts.guard.rates)))
    found = facts.settings.get(LIMITER)
    if not isinstance(found, Mapping):
        detail = "no limiter was found in the application: neither ringwork's, nor slowapi, nor Flask-Limiter"
        return Evidence(check=check, observations=(saw(Outcome.BROKEN, "route without a limit", "all routes", detail),))
    return Evidence(check=check, observations=tuple(_of_library(routes, found)))


def _of_ringwork(routes: list[RouteFacts], rates: Mapping[str, str]) -> Iterator[Observation]:
    attack = "route without a limit"
    for route in routes:
        if not rates.get(route.name):
            yield saw(Outcome.BROKEN, attack, route, "no class of rates")
    by_class: dict[str, list[str]] = {}
    for route in routes:
        by_class.setdefault(rates.get(route.name, ""), []).append(route.name)
    for name, named in sorted(by_class.items()):
        if name:
            shown_names = f" ({', '.join(named[:4])})" if name != "default" else ""
            yield saw(Outcome.HELD, attack, "policy: network.rate-limiting", f"{name}: {len(named)} routes{shown_names}", read=len(named))


def _of_library(routes: list[RouteFacts], found: Mapping[str, Any]) -> Iterator[Observation]:
    attack, package = "route without a limit", str(found.get("package"))
    if found.get("everywhere"):
        yield saw(Outcome.HELD, attack, "all routes", f"{package} has default limits for every route", read=len(routes))
        return
    limited = frozenset(found.get("handlers", ()))
    # slowapi knows a handler that is defined inside a function by module and own name alone.
    bare = [route for route in routes if not limited & {route.handler, _without_factory(route.handler)}]
    for route in bare[:_MOST_ROUTES]:
        yield saw(Outcome.BROKEN, attack, route, f"{package} has neither a limit for this route nor a default")
    if len(bare) < len(routes):
        yield saw(
            Outcome.HELD, attack, "limited routes", f"{package} limits {len(routes) - len(bare)} of them", read=len(routes) - len(bare)
        )


def _without_factory(handler: str) -> str:
    module, inner, name = handler.partition(".<locals>.")
    return f"{module.rpartition('.')[0]}.{name.rpartition('.')[2]}" if inner else handler


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/burst"), kind=Kind.LIVE, run=burst),
    Check(id=CheckId(f"{CONTROL}/class-per-route"), kind=Kind.ROUTES, run=class_per_route),
)
