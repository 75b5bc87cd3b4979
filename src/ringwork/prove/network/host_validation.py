"""Whether a foreign host name is refused, and shows nowhere.

Against a forged Host that poisons reset links, caches and redirects: pages, redirects and missing pages are asked for under
names that are not served, in every place of a request that some server, proxy or framework reads a host from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client

CONTROL = "network.host-validation"
REFUSED = frozenset({400, 403, 421})
_OF_THE_NAME = frozenset({400, 421})
SIDE_HEADERS = ("X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "X-HTTP-Host-Override")
SHARED_DOMAINS = (
    "herokuapp.com", "github.io", "gitlab.io", "azurewebsites.net", "cloudfront.net", "amazonaws.com", "appspot.com", "run.app", "web.app",
    "vercel.app", "netlify.app", "onrender.com", "fly.dev", "pages.dev", "workers.dev", "ngrok.io", "ngrok-free.app", "localhost", "local",
)  # fmt: skip
_MOST_ROUTES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something to ask for. where: a route, or what it stands for. control: the honest request; expected: its status."""

    where: RouteFacts | str
    path: str
    control: Exchanged
    expected: int
    who: str
    client: Client


def forged_host(stage: Stage) -> Evidence:
    """Repeat a page, a redirect and a missing page under foreign names; then look for an echo on every page."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/forged-host")
    places = list(_places(cast))
    if not places:
        return Evidence(check=check, not_verified="no page answered under its own host name, so refusals would say nothing")
    seen = [one for place in places for one in _attack(place)]
    seen += _echoes(cast, places[0])
    return Evidence(check=check, observations=tuple(seen))


def _places(cast: Cast) -> Iterator[Place]:
    public_first = sorted(witness.reads(cast.stage.facts), key=lambda r: (r.rule != "public", "html" in r.path))
    found = witness.first_working(cast, public_first)
    if found is None:
        return
    route, path, name, client, answer = found
    yield Place(where=route, path=path, control=shown(answer, name), expected=200, who=name, client=client)
    yield from _redirect(cast)
    missing = f"/{witness.marker('missing')}"
    answer = client.page(missing)
    yield Place(where="a missing page", path=missing, control=shown(answer, name), expected=answer.status, who=name, client=client)


def _redirect(cast: Cast) -> Iterator[Place]:
    """A path whose slash at the end is wrong, or that redirects by itself: frameworks build whole addresses there."""
    for route in sorted(witness.reads(cast.stage.facts), key=lambda r: (not r.path.endswith("/"), r.rule != "public")):
        if "{" in route.path or route.path == "/":
            continue
        other = route.path.rstrip("/") if route.path.endswith("/") else f"{route.path}/"
        with contextlib.suppress(OSError):
            answer = cast.nobody().page(other)
            if answer.status in {301, 302, 307, 308} and answer.header("location"):
                yield Place(where=route, path=other, control=shown(answer), expected=answer.status, who="", client=cast.nobody())
                return


def _variants(place: Place, canary: str) -> Iterator[tuple[str, Answer | None]]:
    """Each forgery with its answer, None where the connection was cut."""
    client, path = place.client, place.path
    own = client.host
    port = own.partition(":")[2] or "443"

    def under(host: str) -> Answer | None:
        return _sent(lambda: client.send("GET", path, host=host, headers=[("accept", "text/html, */*")]))

    def raw(*lines: str) -> Answer | None:
        return _sent(lambda: client.raw(("\r\n".join((*lines, "Accept: text/html, */*", "Connection: close", "", ""))).encode()))

    yield "foreign Host", under(canary)
    yield "foreign Host with the served port", under(f"{canary}:{port}")
    yield "foreign Host that begins like the served one", under(f"{own.partition(':')[0]}.{canary}")
    yield "served name as user information of a foreign Host", under(f"{own}:@{canary}")
    yield "two Host headers, the foreign one second", raw(f"GET {path} HTTP/1.1", f"Host: {own}", f"Host: {canary}")
    yield "two Host headers, the foreign one first", raw(f"GET {path} HTTP/1.1", f"Host: {canary}", f"Host: {own}")
    yield "absolute target with a foreign host", raw(f"GET https://{canary}{path} HTTP/1.1", f"Host: {own}")


def _sent(send: Any) -> Answer | None:
    try:
        answer: Answer = send()
    except OSError:
        return None
    return answer


def _attack(place: Place) -> Iterator[Observation]:
    canary = f"{witness.marker('canary')}.invalid"
    for attack, answer in _variants(place, canary):
        yield _judged(place, attack, canary, answer, may_serve=False)
    for header in SIDE_HEADERS:
        answer = _sent(lambda header=header: place.client.page(place.path, headers=[("accept", "text/html"), (header, canary)]))
        yield _judged(place, f"foreign name in {header}", canary, answer, may_serve=True)
    pair = ("Forwarded", f"host={canary};proto=https")
    answer = _sent(lambda: place.client.page(place.path, headers=[("accept", "text/html"), pair]))
    yield _judged(place, "foreign name in Forwarded", canary, answer, may_serve=True)
    clean = _sent(lambda: place.client.page(place.path))
    if clean is not None:
        echo = _holds(clean, canary)
        detail = "the honest request afterwards shows the foreign name" if echo else "the honest request afterwards shows nothing of it"
        outcome = Outcome.BROKEN if echo else Outcome.HELD
        yield saw(
            outcome, "foreign name kept for the next reader", place.where, detail, answers=[shown(clean, place.who)], control=place.control
        )


def _judged(place: Place, attack: str, canary: str, answer: Answer | None, *, may_serve: bool) -> Observation:
    if answer is None:
        return saw(Outcome.HELD, attack, place.where, "the connection was closed without an answer", control=place.control)
    seen = [shown(answer, place.who)]
    if _holds(answer, canary):
        detail = f"the foreign name comes back in the answer ({answer.status}): {_around(answer, canary)}"
        return saw(Outcome.BROKEN, attack, place.where, detail, answers=seen, control=place.control)
    if not may_serve and answer.status not in REFUSED and answer.status == place.expected and answer.status < 400:
        detail = f"served under a name that is not its own ({answer.status})"
        return saw(Outcome.BROKEN, attack, place.where, detail, answers=seen, control=place.control)
    refusal = f"{'refused' if answer.status < 500 else 'failed, and shows nothing of the name,'} with {answer.status}"
    words = "the name has no effect" if answer.status == place.expected else refusal
    return saw(Outcome.HELD, attack, place.where, words, answers=seen, control=place.control)


def _holds(answer: Answer, canary: str) -> bool:
    """Whether an answer carries the name; where that name itself is refused, its page may say which, as Django's does while debugging."""
    return answer.status not in _OF_THE_NAME and (canary.encode() in answer.answer or canary.encode() in answer.body)


def _is_linked(cast: Cast, canary: str) -> bool:
    """Whether an address under that name was written, as into a mail. Against a log that merely says which name was asked for."""
    return any(f"//{canary}" in record for record in cast.served.records())


def _around(answer: Answer, canary: str) -> str:
    text = answer.answer.decode("utf-8", "replace")
    at = max(text.find(canary), 0)
    return " ".join(text[max(0, at - 40) : at + len(canary) + 20].split())


def _echoes(cast: Cast, first: Place) -> list[Observation]:
    """Every page that can be read, and every form that asks for a reset, under a foreign Host: whose answer carries the name?"""
    name, client = cast.strongest()
    asked, seen = 0, list[Observation]()
    for route in witness.reads(cast.stage.facts)[:_MOST_ROUTES]:
        canary = f"{witness.marker('canary')}.invalid"
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client)
            answer = client.send("GET", path, host=canary, headers=[("accept", "text/html, */*")])
            asked += 1
            if _holds(answer, canary):
                detail = f"the foreign name comes back in the answer ({answer.status}): {_around(answer, canary)}"
                seen.append(saw(Outcome.BROKEN, "foreign Host echoed", route, detail, answers=[shown(answer, name)], control=first.control))
    for route in _resets(cast.stage):
        canary = f"{witness.marker('canary')}.invalid"
        with contextlib.suppress(OSError, TargetFailed):
            kind, body = cast.stage.body(route) or ("", b"")
            answer = cast.nobody().send("POST", route.path, host=canary, headers=[("content-type", kind)], body=body)
            asked += 1
            if _holds(answer, canary) or (answer.status not in REFUSED and _is_linked(cast, canary)):
                detail = f"a reset that is asked for under a foreign name carries it ({answer.status})"
                seen.append(saw(Outcome.BROKEN, "foreign Host in a reset", route, detail, answers=[shown(answer)], control=first.control))
    if not seen and asked:
        detail = f"{asked} pages and forms asked for; the name stood in no answer"
        seen.append(saw(Outcome.HELD, "foreign Host echoed", "all pages", detail, control=first.control, read=asked))
    return seen


def _resets(stage: Stage) -> list[RouteFacts]:
    words = ("forgot", "reset", "recover")
    return [
        r for r in witness.http_routes(stage.facts) if "POST" in r.methods and "{" not in r.path and any(w in r.path.lower() for w in words)
    ][:3]


# -- allowlist ----------------------------------------------------------------------------------------------


def allowlist(stage: Stage) -> Evidence:
    """Read the names that are configured: ringwork's own, else those of Starlette's middleware, of Flask or of Django."""
    facts = stage.facts
    check = CheckId(f"{CONTROL}/allowlist")
    if witness.guards(facts, CONTROL) and facts.guard is not None:
        names = [name for name in (facts.guard.origin.partition("://")[2], *facts.guard.hosts) if name]
        where = "policy: origin, hosts"
        if not names:
            detail = "no origin is configured, so only this machine is served, by its loopback names"
            return Evidence(check=check, observations=(saw(Outcome.HELD, "host allowlist", where, detail, read=1),))
    else:
        where, names = _configured(facts.framework, facts.settings)
    return Evidence(check=check, observations=(_list_judged(where, names),))


def _configured(framework: str, settings: Mapping[str, Any]) -> tuple[str, list[str]]:
    if framework == "flask":
        given = settings.get("TRUSTED_HOSTS")
        return "TRUSTED_HOSTS", [str(name) for name in given] if isinstance(given, list) else []
    if framework == "django":
        given = settings.get("ALLOWED_HOSTS")
        return "ALLOWED_HOSTS", [str(name) for name in given] if isinstance(given, list) else []
    if framework == "aiohttp":
        return "the application", []  # it has no setting for it
    middleware = settings.get("TrustedHostMiddleware")
    given = middleware.get("allowed_hosts") if isinstance(middleware, Mapping) else None
    return "TrustedHostMiddleware", [str(name) for name in given] if isinstance(given, list) else []


def _list_judged(where: str, names: Sequence[str]) -> Observation:
    attack = "host allowlist"
    if not names:
        return saw(Outcome.BROKEN, attack, where, "no host name is configured, so every name is served")
    wide = [name for name in names if name.strip() in {"*", "."} or (name.startswith(("*.", ".")) and name.strip("*.") in SHARED_DOMAINS)]
    if wide:
        return saw(Outcome.BROKEN, attack, where, f"{wide[0]!r} lets in names that belong to others")
    return saw(Outcome.HELD, attack, where, f"{len(names)} name{'s' if len(names) != 1 else ''}, without a wildcard", read=len(names))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/forged-host"), kind=Kind.LIVE, run=forged_host),
    Check(id=CheckId(f"{CONTROL}/allowlist"), kind=Kind.CONFIG, run=allowlist),
    reading.check(f"{CONTROL}/absolute-url-from-request", enforced=True),
)
