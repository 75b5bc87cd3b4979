"""Whether only listed origins may read answers, on every route, with and without a preflight.

Against sharing that reflects whoever asks: origins that look like the site's own, or like a listed one, ask with the victim's
cookies, and the headers of the answer are read as a browser reads them.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire.client import EVIL, Answer, Client

CONTROL = "browser.cors"
_MOST_ROUTES = 5
_EXACT = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?|https?://\[[0-9a-f:]+\](:[0-9]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something to read. where: a route, or what it stands for. control: the honest read, as `who`."""

    where: RouteFacts | str
    path: str
    who: str
    client: Client
    control: Exchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What is declared. origins: exact ones. public: names of routes that anybody may read."""

    origins: tuple[str, ...] = ()
    public: frozenset[str] = frozenset()


def origin_matrix(stage: Stage) -> Evidence:
    """Ask each place as pages of look-alike origins would, with cookies; then as a listed origin, where there is one."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/origin-matrix")
    declared = _declared(stage.facts)
    places = list(_places(cast))
    if not places:
        return Evidence(check=check, not_verified="nothing answered the site's own page, so what others may read says nothing")
    seen = [one for place in places for one in _attack(place, declared)]
    return Evidence(check=check, observations=tuple(seen))


def _declared(facts: AppFacts) -> Sharing:
    """ringwork's own settings, else what the framework lists exactly."""
    if witness.guards(facts, CONTROL) and facts.guard is not None:
        told: Mapping[str, Any] = facts.guard.settings.get("cors", {})
        by_route = [origin for one in told.get("routes", ()) for origin in one["origins"]]
        public = frozenset(str(one["route"]) for one in told.get("public_routes", ()))
        return Sharing(origins=tuple(dict.fromkeys([*told.get("origins", ()), *by_route])), public=public)
    origins = [origin for _, _, options in _layers(facts) for origin in options["origins"] if _EXACT.fullmatch(origin)]
    return Sharing(origins=tuple(dict.fromkeys(origins)))


def _places(cast: Cast) -> Iterator[Place]:
    facts = cast.stage.facts
    found = 0
    for route in _in_turn(sorted(witness.reads(facts), key=lambda r: (r.rule == "public", not _asks_who(r), "{" in r.path))):
        if found == (2 if cast.stage.brief else _MOST_ROUTES):
            break
        place = _place(cast, route)
        if place is not None:
            found += 1
            yield place
    if facts.guard is not None:
        # In an application without ringwork the sharing of the probe route would be the harness's own.
        name, client = cast.strongest()
        path = cast.served.probe_path(ProbeRoute.SHARES)
        answer = client.get(path)
        if answer.status == 200:
            yield Place(where="a handler that shares with everybody", path=path, who=name, client=client, control=shown(answer, name))


def _in_turn(routes: Iterable[RouteFacts]) -> list[RouteFacts]:
    """One of each file and first part of the path before the second of any: a part of an application may share what the rest does not."""
    parts = dict[tuple[str, str], int]()
    ranked = list[tuple[int, RouteFacts]]()
    for route in routes:
        part = route.file, route.path.strip("/").partition("/")[0] if route.path.count("/") > 1 else ""
        parts[part] = parts.get(part, 0) + 1
        ranked.append((parts[part], route))
    return [route for _, route in sorted(ranked, key=lambda one: one[0])]


def _place(cast: Cast, route: RouteFacts) -> Place | None:
    signed_in = ((user.name, client) for user, client in cast.one_by_one(route, strongest_first=True))
    for name, client in itertools.chain(signed_in, [("", cast.nobody())]):
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client if name else None)
            answer = client.get(path)
            if answer.status == 200:
                return Place(where=route, path=path, who=name, client=client, control=shown(answer, name))
    return None


def _origins(place: Place, declared: Sharing) -> Iterator[tuple[str, str]]:
    """Attacking origins by what they try; each is compared with the site's own name, and with a listed one."""
    own = place.client.origin
    yield "a foreign origin", EVIL
    yield "the origin null", "null"
    for named, origin in [("the site's own", own), *(("a listed", listed) for listed in declared.origins[:1])]:
        scheme, _, host = origin.partition("://")
        name, _, port = host.partition(":")
        yield f"{named} origin on plain http", f"http://{host}" if scheme == "https" else f"http://{host}0"
        yield f"an origin that begins like {named} one", f"{scheme}://{name}.evil.invalid"
        yield f"an origin that ends like {named} one", f"{scheme}://evil{host}"
        yield f"a host below {named} one", f"{scheme}://unlisted.{host}"
        yield f"another port of {named} host", f"{scheme}://{name}:{8444 if port != '8444' else 8445}"
        yield f"{named} origin in capitals", f"{scheme}://{host.upper()}"


def _attack(place: Place, declared: Sharing) -> Iterator[Observation]:
    """One observation for each origin that may read; one for all that may not."""
    held: list[Exchanged] = []
    name = place.where.name if isinstance(place.where, RouteFacts) else place.where
    for tried, origin in _origins(place, declared):
        for attack, answer in _asked(place, tried, origin):
            wrong = _opens(answer, origin, is_public=name in declared.public)
            if wrong:
                yield saw(Outcome.BROKEN, attack, place.where, wrong, answers=[shown(answer, place.who)], control=place.control)
            else:
                held.append(shown(answer, place.who))
    if held:
        detail = f"{len(held)} requests and preflights of origins that are not listed, and none of them may read"
        yield saw(Outcome.HELD, "origins that are not listed", place.where, detail, answers=held[:2], control=place.control)
    yield from _honest(place, declared)


def _asked(place: Place, tried: str, origin: str) -> Iterator[tuple[str, Answer]]:
    # Without Fetch Metadata, as from an older browser, so that this layer is judged by itself.
    with contextlib.suppress(OSError):
        yield f"read by {tried}", place.client.send("GET", place.path, headers=[("origin", origin)], fetch_metadata=False)
    asks = [("origin", origin), ("access-control-request-method", "PUT"), ("access-control-request-headers", "authorization,x-odd")]
    with contextlib.suppress(OSError):
        yield f"preflight of {tried}", place.client.send("OPTIONS", place.path, headers=asks, cookies=False, fetch_metadata=False)
    if origin == EVIL:
        asks.append(("access-control-request-private-network", "true"))
        with contextlib.suppress(OSError):
            yield (
                "preflight of a foreign origin into a private network",
                place.client.send("OPTIONS", place.path, headers=asks, cookies=False, fetch_metadata=False),
            )


def _opens(answer: Answer, origin: str, *, is_public: bool) -> str:
    """What lets a page of `origin` in, in words; "" when it may not read."""
    allowed = [value.strip() for value in answer.header("access-control-allow-origin")]
    with_cookies = any(value.strip().lower() == "true" for value in answer.header("access-control-allow-credentials"))
    if answer.header("access-control-allow-private-network"):
        return "a page of the internet may reach into a private network"
    if "*" in allowed and with_cookies:
        return "the wildcard meets credentials"
    if origin in allowed:
        return f"{origin} may read the answer" + (", with the victim's cookies" if with_cookies else "")
    if "*" in allowed and not is_public and answer.request.startswith(b"OPTIONS"):
        return "any page may send what no form could (wildcard in the answer to a preflight)"
    if allowed and "origin" not in ",".join(answer.header("vary")).lower() and "*" not in allowed:
        return f"{allowed[0]} is named without Vary: Origin, so a cache hands the permission on"
    return ""


def _honest(place: Place, declared: Sharing) -> Iterator[Observation]:
    """A listed origin may read; otherwise the refusals would only say that nothing is shared at all, which is as good."""
    for origin in declared.origins[:1]:
        with contextlib.suppress(OSError):
            answer = place.client.send("GET", place.path, headers=[("origin", origin)], fetch_metadata=False)
            named = origin in answer.header("access-control-allow-origin")
            varies = "origin" in ",".join(answer.header("vary")).lower()
            if named and not varies:
                detail = f"{origin} is named without Vary: Origin, so a cache hands the permission on"
                yield saw(Outcome.BROKEN, "listed origin", place.where, detail, answers=[shown(answer, place.who)], control=place.control)
            elif named:
                detail = f"{origin} may read, and the answer says that it depends on Origin"
                yield saw(Outcome.HELD, "listed origin", place.where, detail, answers=[shown(answer, place.who)], control=place.control)


# -- middleware-settings ------------------------------------------------------------------------------------


def middleware_settings(stage: Stage) -> Evidence:
    """Read what ringwork, Starlette's middleware, flask-cors and aiohttp-cors are told."""
    facts = stage.facts
    check = CheckId(f"{CONTROL}/middleware-settings")
    seen = [_layer_judged(facts, name, resource, options) for name, resource, options in _layers(facts)]
    if witness.guards(facts, CONTROL) and facts.guard is not None:
        seen.append(_own_judged(facts.guard.settings.get("cors", {})))
    if not seen:
        detail = "no layer shares anything with other sites"
        seen = [saw(Outcome.HELD, "sharing as configured", "the application's layers", detail, read=1 + len(facts.middleware))]
    return Evidence(check=check, observations=tuple(seen))


def _layers(facts: AppFacts) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Layer, the resource that it covers ("" for all), origins and credentials."""
    middleware = facts.settings.get("CORSMiddleware")
    if isinstance(middleware, Mapping):
        pattern = middleware.get("allow_origin_regex")
        origins = [*_texts(middleware.get("allow_origins")), *([f"pattern {pattern}"] if pattern else [])]
        yield "CORSMiddleware", "", {"origins": origins, "credentials": bool(middleware.get("allow_credentials"))}
    for name in ("flask-cors", "aiohttp-cors"):
        for options in facts.settings.get(name) or ():
            told = {"origins": _texts(options.get("origins")), "credentials": bool(options.get("supports_credentials"))}
            yield name, str(options.get("resource", "")), told


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(item) for item in value]


def _layer_judged(facts: AppFacts, name: str, resource: str, options: Mapping[str, Any]) -> Observation:
    attack, where = "sharing as configured", f"{name} {resource}".strip()
    origins: Sequence[str] = options["origins"]
    wide = [origin for origin in origins if not _EXACT.fullmatch(origin)]
    if not wide:
        return saw(Outcome.HELD, attack, where, f"{len(origins)} exact origin{'s' if len(origins) != 1 else ''}", read=1 + len(origins))
    if options["credentials"]:
        detail = f"{wide[0]!r} may read with cookies; write each origin out"
        return saw(Outcome.BROKEN, attack, where, detail)
    behind = next((route for route in facts.routes if _asks_who(route) and _covers(resource, route)), None)
    if behind is not None:
        return saw(Outcome.BROKEN, attack, where, f"{wide[0]!r} covers {behind.name}, which asks who is there; write each origin out")
    return saw(Outcome.HELD, attack, where, f"{wide[0]!r}, without cookies, on routes that are everybody's", read=1)


def _asks_who(route: RouteFacts) -> bool:
    return route.kind == "http" and (route.rule == "requires" or (not route.rule and bool(route.guarded_by)))


def _covers(resource: str, route: RouteFacts) -> bool:
    if resource in {"", "/*", "*"}:
        return True
    if resource.startswith("view "):
        return route.handler.rpartition(".")[2] == resource.rpartition(" ")[2].rpartition(".")[2]
    try:
        return re.match(resource.removeprefix("pattern "), route.path) is not None
    except re.error:
        return True


def _own_judged(told: Mapping[str, Any]) -> Observation:
    origins = list(dict.fromkeys([*told.get("origins", ()), *(origin for one in told.get("routes", ()) for origin in one["origins"])]))
    attack, where = "sharing as configured", "policy: browser.cors"
    wide = [origin for origin in origins if not _EXACT.fullmatch(origin)]
    unexplained = [one["route"] for one in told.get("public_routes", ()) if not str(one.get("reason", "")).strip()]
    if wide or unexplained:
        detail = f"{wide[0]!r} is no exact origin" if wide else f"{unexplained[0]} is everybody's without a reason"
        return saw(Outcome.BROKEN, attack, where, detail)
    public = len(told.get("public_routes", ()))
    words = f"{len(origins)} exact origins, {public} public routes with a reason" if origins or public else "nothing is shared"
    return saw(Outcome.HELD, attack, where, words, read=1 + len(origins) + public)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/origin-matrix"), kind=Kind.LIVE, run=origin_matrix),
    Check(id=CheckId(f"{CONTROL}/middleware-settings"), kind=Kind.CONFIG, run=middleware_settings, planted=ProbeRoute.SHARES),
    reading.check(f"{CONTROL}/message-listeners"),
)
