"""Whether what has no rule is refused.

Against the route, method or socket that is open because nobody thought of it: every route is joined with its rule, every path
is called with methods that it does not list, a bare route is added to the copy, and the loader of users is broken.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Fault, Kind, ProbeRoute, Served, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import FORM, SAFE, Answer, Client

CONTROL = "access.deny-by-default"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ZZZ")
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")
DEADLINE_SECONDS = 10.0
_MOST_PATHS = 40
_MOST_PRIVATE = 12
_PRIVATE = re.compile(r"admin|internal|debug|users|accounts|config|secret|audit|metrics|console|manage", re.IGNORECASE)
_LINKS = re.compile(r"{[^}:]*(?:(?<![a-z])sign(?:ed\w*|ature)?|token|payload|nonce|uidb?64)(?::[^}]*)?}", re.IGNORECASE)
"""What only who was sent such a link knows; not the number of a token, nor of a design."""
_OWN_DOCUMENTS = re.compile(r"/(openapi\.json|docs(/oauth2-redirect)?|redoc|favicon\.ico|robots\.txt|health\w*|ping|static(/.*)?)$")


# -- policy-coverage ----------------------------------------------------------------------------------------


def policy_coverage(stage: Stage) -> Evidence:
    """Join every route with its rule; in an application without ringwork, with its own guard or with what it answers to nobody."""
    routes = [route for route in stage.facts.routes if not route.path.startswith("/ringwork-probe")]
    covered = [route for route in routes if route.rule]
    if witness.guards(stage.facts, CONTROL):
        seen = [_gap(route) for route in routes if not route.rule]
    else:
        seen = _without_rules(stage, [route for route in routes if not route.rule])
        covered += [route for route in routes if not route.rule and route.guarded_by]
    if covered:
        detail = f"{len(covered)} of {len(routes)} routes have a rule or a guard of their own"
        seen.append(saw(Outcome.HELD, "route with a rule", "all routes", detail, read=len(covered)))
    return Evidence(check=CheckId(f"{CONTROL}/policy-coverage"), observations=tuple(seen))


def _gap(route: RouteFacts) -> Observation:
    detail = f"{route.name} has no rule; it is refused now, and open as soon as the guard is gone"
    return dataclasses.replace(saw(Outcome.BROKEN, "route without a rule", route, detail), severity="low")  # refused: nobody gains by it


def _without_rules(stage: Stage, routes: Sequence[RouteFacts]) -> list[Observation]:
    """What nobody in particular gets from routes at which no guard was recognised."""
    if stage.facts.guard is not None:  # ringwork is there, and this guard is off or taken out
        return [
            saw(Outcome.BROKEN, "route without a rule", "the application", "nothing refuses a route that has no rule", read=len(routes))
        ]
    asked = [route for route in routes if not route.guarded_by and not witness.is_way_in(route)]
    cast = Cast(stage)
    reading = [route for route in asked if set(route.methods) <= SAFE or route.kind != "http"]
    seen = [found for route in reading for found in _read_by_nobody(stage, cast, route)]
    writing = [route for route in asked if route not in reading]
    seen += [found for route in writing for found in _written_by_nobody(stage, cast, route)]
    if writing:
        cast.reset()
    return seen


def _read_by_nobody(stage: Stage, cast: Cast, route: RouteFacts) -> Iterator[Observation]:
    client = cast.nobody()
    if route.kind == "websocket":
        with contextlib.suppress(OSError):
            handshake = client.socket(route.path, listen_seconds=0.3)
            if handshake.accepted:
                detail = "the socket opens for anybody, and no guard was recognised before it"
                yield saw(Outcome.BROKEN, "route without a rule", route, detail, answers=[shown(handshake)])
        return
    if route.kind != "http" or _OWN_DOCUMENTS.search(route.path):
        return
    with contextlib.suppress(OSError, TargetFailed):
        answer = client.get(stage.fill(route))
        if witness.is_served(answer):
            private = _PRIVATE.search(route.path) is not None and not _LINKS.search(route.path)
            outcome = Outcome.BROKEN if private else Outcome.UNCLEAR
            words = "anybody reads what looks private" if private else "anybody reads it; only the project knows whether that is meant"
            yield saw(outcome, "route without a rule", route, f"{words} (answered {answer.status})", answers=[shown(answer)])
        elif answer.status in {401, 403} or witness.leads_to_login(answer):
            detail = f"refused without a login ({answer.status})"
            yield saw(Outcome.HELD, "route without a rule", route, detail, answers=[shown(answer)], read=1)


def _written_by_nobody(stage: Stage, cast: Cast, route: RouteFacts) -> Iterator[Observation]:
    with contextlib.suppress(OSError, TargetFailed):
        path, (kind, body) = stage.fill(route), stage.body(route) or ("", b"")
        before = cast.served.state()
        answer = cast.nobody().send(witness.unsafe_method(route), path, headers=[("content-type", kind)] if kind else [], body=body)
        effect = sorted(witness.changed(before, cast.served.state()))
        if not effect and witness.asks_again(answer, path, cast.nobody()):
            yield saw(Outcome.UNTRIED, "route without a rule", route, "its page is shown again, nothing changed", answers=[shown(answer)])
        elif effect or answer.status < 300:
            words = f"anybody changes {', '.join(effect)}" if effect else "anybody is answered"
            found = saw(
                Outcome.BROKEN, "route without a rule", route, f"{words} without a login ({answer.status})", answers=[shown(answer)]
            )
            yield dataclasses.replace(found, severity="" if effect else "high")  # what nobody saw done is a step less grave
        elif answer.status in {401, 403} or witness.leads_to_login(answer):
            detail = f"refused without a login ({answer.status})"
            yield saw(Outcome.HELD, "route without a rule", route, detail, answers=[shown(answer)], read=1)


# -- unlisted-method ----------------------------------------------------------------------------------------


def unlisted_method(stage: Stage) -> Evidence:
    """Call every path with methods that it does not list, and with ways to override one, as the least powerful user."""
    cast = Cast(stage)
    user = next(iter(stage.users), None)
    name = user.name if user is not None else ""
    client = (cast.browser(user) if user is not None else None) or cast.nobody()
    control = _control(cast, client, name)
    if control is None:
        return Evidence(check=CheckId(f"{CONTROL}/unlisted-method"), not_verified="no page answered 200, so refusals would say nothing")
    paths: dict[str, list[RouteFacts]] = {}
    for route in witness.http_routes(stage.facts):
        # What takes every method lists none that another could be smuggled past.
        if route.methods and not route.takes_any and not witness.ends_session(route.path):
            paths.setdefault(route.path, []).append(route)
    filled = {path: stage.fill(routes[0]) for path, routes in list(paths.items())[:_MOST_PATHS]}
    before = cast.served.state()
    seen: list[Observation] = []
    for path, concrete in filled.items():
        seen += _tamper(client, name, concrete, answering(stage, paths[path], concrete), control)
    effect = witness.changed(before, cast.served.state())
    if effect:
        seen += _find_effects(stage, name, filled, paths, control)
    if stage.facts.guard is not None:
        seen.append(_unseen(cast, client, name, control))
    return Evidence(check=CheckId(f"{CONTROL}/unlisted-method"), observations=tuple(seen))


def _unseen(cast: Cast, client: Client, name: str, control: Exchanged) -> Observation:
    """With ringwork's guard in front, no library of the application can obey an override: it does not see the header."""
    attack, where = "override header, as the application sees it", "every route"
    answer = client.post_json(cast.served.probe_path(ProbeRoute.ECHO), {}, headers=[(header, "DELETE") for header in OVERRIDES])
    if answer.status != 200:
        return saw(Outcome.UNTRIED, attack, where, f"the echo of a request answered {answer.status}", answers=[shown(answer, name)])
    seen = [header for header in OVERRIDES if f'"{header.lower()}"' in answer.text.lower()]
    if seen:
        detail = f"the application is told {', '.join(seen)}"
        return saw(Outcome.BROKEN, attack, where, detail, answers=[shown(answer, name)], control=control)
    return saw(
        Outcome.HELD, attack, where, f"{len(OVERRIDES)} headers taken out on the way", answers=[shown(answer, name)], control=control
    )


def _control(cast: Cast, client: Client, name: str) -> Exchanged | None:
    for route in witness.reads(cast.stage.facts):
        with contextlib.suppress(OSError, TargetFailed):
            answer = client.page(cast.stage.fill(route, client=client))
            if answer.status == 200:
                return shown(answer, name)
    return None


def answering(stage: Stage, routes: Sequence[RouteFacts], path: str) -> list[RouteFacts]:
    """The routes of a template, then those of others that take its path: DELETE /parcels/{id} answers at /parcels/move too."""
    others = (route for route in stage.facts.routes if route.path != routes[0].path)
    return [*routes, *(route for route in others if route.kind == "http" and witness.matches(route.path, path))]


def _listed(routes: Sequence[RouteFacts]) -> frozenset[str]:
    methods = frozenset(method for route in routes for method in route.methods)
    return methods | ({"HEAD", "OPTIONS"} if "GET" in methods else {"OPTIONS"})


def _tamper(client: Client, name: str, path: str, routes: Sequence[RouteFacts], control: Exchanged) -> Iterator[Observation]:
    """Each method that is not listed, then each override from a listed one; one observation for each family."""
    listed, route = _listed(routes), routes[0]
    served, statuses, last = [], [], None
    for method in METHODS:
        if method in listed:
            continue
        with contextlib.suppress(OSError):
            last = client.send(method, path, headers=[("accept", "text/html, */*")])
            is_served = last.status < 300 and (last.body or last.status == 204)
            # Who reads the page anyway won nothing by another method's name, as Django's page of an old link shows itself for each.
            is_page = is_served and "GET" in listed and witness.asks_again(last, path, client)
            statuses.append(f"{method} {last.status}{' (the page that GET shows)' if is_page else ''}")
            if is_served and not is_page:
                served.append((method, last))
    if served:
        method, last = served[0]
        detail = f"{method} is not listed and was answered with {last.status}"
        yield saw(Outcome.BROKEN, "method that the route does not list", route, detail, answers=[shown(last, name)], control=control)
    elif last is not None:
        detail = f"nothing won: {', '.join(statuses)}"
        yield saw(Outcome.HELD, "method that the route does not list", route, detail, answers=[shown(last, name)], control=control)
    if len(listed - SAFE) < len({"POST", "PUT", "PATCH", "DELETE"}):
        yield from _override(client, name, path, route, listed, control)


def _override(client: Client, name: str, path: str, route: RouteFacts, listed: frozenset[str], control: Exchanged) -> Iterator[Observation]:
    """Another method named in a header, the query or a field; it counts only when its effect is seen, which `unlisted_method` looks at."""
    wanted = next((method for method in ("DELETE", "PUT", "PATCH", "POST") if method in listed), "DELETE")
    plain = client.send("GET", path)
    answers = [client.send("GET", path, headers=[(header, wanted)]) for header in OVERRIDES]
    answers += [client.send("GET", f"{path}?{key}={wanted}") for key in ("_method", "method")]
    if "POST" not in listed:
        answers.append(client.send("POST", path, headers=[("content-type", FORM)], body=f"_method={wanted}".encode()))
    odd = [answer for answer in answers if answer.status < 300 and answer.status != plain.status]  # the override was obeyed
    outcome, detail = Outcome.HELD, f"{len(answers)} ways to name {wanted} changed nothing"
    if odd:
        outcome = Outcome.BROKEN
        detail = f"a request that names {wanted} was answered with {odd[0].status} instead of {plain.status}"
    kept = shown(plain, name) if odd else control
    yield saw(outcome, "method override", route, detail, answers=[shown((odd or answers)[0], name)], control=kept)


def _find_effects(
    stage: Stage, name: str, filled: dict[str, str], paths: dict[str, list[RouteFacts]], control: Exchanged
) -> Iterator[Observation]:
    """Something changed: once more, path by path, with a look at the state after each."""
    cast = Cast(stage)
    cast.reset()
    user = next((user for user in stage.users if user.name == name), None)
    client = (cast.browser(user) if user is not None else None) or cast.nobody()
    before = cast.served.state()
    for path, concrete in filled.items():
        with contextlib.suppress(OSError):  # last-seen times and counters change by a page being read, and not by an override
            client.send("GET", concrete, headers=[("accept", "text/html, */*")])
        read = cast.served.state()
        noise = witness.changed(before, read)
        answers = list(_tamper(client, name, concrete, answering(stage, paths[path], concrete), control))
        before = cast.served.state()
        effect = sorted(witness.changed(read, before) - noise)
        if effect and answers:
            detail = f"a method that the route does not list, or an override, changed {', '.join(effect)}"
            yield saw(Outcome.BROKEN, answers[-1].attack, paths[path][0], detail, answers=answers[-1].exchanged, control=control)


# -- policy-error -------------------------------------------------------------------------------------------

_FAULTS = {
    Fault.IDENTIFY_RAISES: "the loader of users raises",
    Fault.IDENTIFY_WRONG: "the loader of users returns something that is no user",
    Fault.IDENTIFY_HANGS: "the loader of users hangs",
}


def policy_error(stage: Stage) -> Evidence:
    """Break the loader of users: what needs a user is refused within the deadline, and works again afterwards."""
    check = CheckId(f"{CONTROL}/policy-error")
    if stage.facts.guard is None:
        reason = "the fault can be planted only behind ringwork's own identify"
        return Evidence(check=check, not_verified=reason, unlock="ringwork.protect(app, Policy(identify=...))")
    cast = Cast(stage)
    private = [route for route in witness.reads(stage.facts) if route.rule == "requires"]
    # Several routes, because a handler that looks at its user once more is a layer of its own.
    found = list(islice((hit for route in private if (hit := _works(cast, route))), _MOST_PRIVATE))
    if not found:
        return Evidence(check=check, not_verified="no route that needs a user answered one", unlock="declare users: [[prove.users]]")
    seen: list[Observation] = []
    for fault, attack in _FAULTS.items():
        try:
            with stage.serve(probes=False, fault=fault) as served:
                # What hangs takes its whole deadline each time: one route shows it.
                asked = found if fault is not Fault.IDENTIFY_HANGS else found[:1]
                seen += [_ask_broken(served, attack, route, path, cast, name, shown(before, name)) for route, path, name, before in asked]
        except TargetFailed as error:
            seen.append(saw(Outcome.UNTRIED, attack, found[0][0], f"the fault could not be planted: {error.problem}"))
    route = found[0][0]
    recovered = _works(cast, route)
    if recovered is None:
        seen = [saw(Outcome.UNTRIED, o.attack, route, "the copy without a fault no longer answered afterwards") for o in seen]
    return Evidence(check=check, observations=tuple(seen))


def _works(cast: Cast, route: RouteFacts) -> tuple[RouteFacts, str, str, Answer] | None:
    for user, client in cast.allowed(route):
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client)
            answer = client.get(path)
            if answer.status == 200:
                return route, path, user.name, answer
    return None


def _ask_broken(served: Served, attack: str, route: RouteFacts, path: str, cast: Cast, name: str, control: Exchanged) -> Observation:
    """The same request with the cookies of a login to a copy whose loader is broken, and once without any."""
    client = served.client()
    user = next((user for user in cast.stage.users if user.name == name), None)
    known = cast.browser(user) if user is not None else None
    if known is not None:  # the loader never comes to look the login up, so that of another copy serves as well
        client.take_login(known)
    began = time.monotonic()
    try:
        answers = [client.get(path)]
        if answers[0].status < 300 or time.monotonic() - began < 1:  # not twice where the loader hangs
            answers.append(served.client().get(path))
    except OSError as error:
        return saw(Outcome.HELD, attack, route, f"no answer at all, so nothing was served ({error})", control=control)
    seconds = (time.monotonic() - began) / len(answers)
    open_ones = [answer for answer in answers if witness.is_served(answer)]
    if open_ones:
        detail = f"served all the same ({open_ones[0].status})"
        return saw(Outcome.BROKEN, attack, route, detail, answers=[shown(open_ones[0], name)], control=control)
    if seconds > DEADLINE_SECONDS:
        return saw(Outcome.BROKEN, attack, route, f"the refusal took {seconds:.1f} s", answers=[shown(answers[0], name)], control=control)
    detail = f"refused with {answers[0].status} within {seconds:.1f} s"
    return saw(Outcome.HELD, attack, route, detail, answers=[shown(answers[0], name)], control=control)


# -- probe-route --------------------------------------------------------------------------------------------


def probe_route(stage: Stage) -> Evidence:
    """A route and a socket without a rule are refused, and stop a start in production."""
    cast = Cast(stage)
    plain = cast.nobody().get(cast.served.probe_path(ProbeRoute.PLAIN))
    check = CheckId(f"{CONTROL}/probe-route")
    if plain.status != 200:
        return Evidence(check=check, not_verified=f"the public probe route answered {plain.status}, so a refusal would say nothing")
    control = shown(plain)
    name, client = cast.strongest()
    seen = [_bare(cast, name, client, control), *([_bare(cast, "", cast.nobody(), control)] if name else [])]
    if stage.facts.has_sockets:
        seen.append(_bare_socket(cast, control))
    seen.append(_production(stage, control))
    return Evidence(check=check, observations=tuple(_placed(stage, seen)))


def _bare(cast: Cast, name: str, client: Client, control: Exchanged) -> Observation:
    attack = f"new route without a rule, as {'a signed-in user' if name else 'nobody'}"
    answer = client.get(cast.served.probe_path(ProbeRoute.BARE))
    if answer.status < 300:
        detail = f"a route that was added without a rule answers {answer.status}"
        return saw(Outcome.BROKEN, attack, "a new route", detail, answers=[shown(answer, name)], control=control)
    return saw(Outcome.HELD, attack, "a new route", f"refused with {answer.status}", answers=[shown(answer, name)], control=control)


def _bare_socket(cast: Cast, control: Exchanged) -> Observation:
    attack = "new socket without a rule"
    answer = cast.strongest()[1].socket(cast.served.probe_path(ProbeRoute.SOCKET_BARE), listen_seconds=0.3)
    if answer.accepted:
        detail = "a socket that was added without a rule opens"
        return saw(Outcome.BROKEN, attack, "a new socket", detail, answers=[shown(answer)], control=control)
    return saw(Outcome.HELD, attack, "a new socket", f"refused with {answer.status}", answers=[shown(answer)], control=control)


def _production(stage: Stage, control: Exchanged) -> Observation:
    attack = "start in production with a route without a rule"
    if stage.facts.guard is None:
        return saw(Outcome.UNTRIED, attack, "start-up", "only ringwork's own production mode can be started")
    try:
        with stage.serve(probes=False, production=True):
            pass
    except TargetFailed as error:
        return saw(Outcome.UNTRIED, attack, "start-up", f"production does not start even without the bare route: {error.problem}")
    try:
        with stage.serve(production=True) as served:
            # Where a framework knows no start, the first request is refused instead, and so must be every later one.
            open_ones = list[Exchanged]()
            for _ in range(3):
                with contextlib.suppress(OSError):
                    answer = served.client().get(served.probe_path(ProbeRoute.PLAIN))
                    open_ones += [shown(answer)] if answer.status < 500 else []
            if open_ones:
                detail = "production serves an application with a route that has no rule"
                return saw(Outcome.BROKEN, attack, "start-up", detail, answers=open_ones[:1], control=control)
            return saw(Outcome.HELD, attack, "start-up", "no request is served until every route has a rule", control=control)
    except TargetFailed as error:
        return saw(Outcome.HELD, attack, "start-up", f"refused to start: {error.problem[:200]}", control=control)


def _placed(stage: Stage, seen: Sequence[Observation]) -> Iterator[Observation]:
    """A new route has no line yet; the finding points at the first of the application's own, beside which it would stand."""
    beside = next(
        (route for route in witness.http_routes(stage.facts) if route.file.endswith(".py") and "site-packages" not in route.file), None
    )
    for one in seen:
        if one.outcome is Outcome.BROKEN and beside is not None:
            yield dataclasses.replace(one, file=beside.file, line=beside.line)
        else:
            yield one


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/policy-coverage"), kind=Kind.ROUTES, run=policy_coverage),
    Check(id=CheckId(f"{CONTROL}/probe-route"), kind=Kind.LIVE, run=probe_route),
    Check(id=CheckId(f"{CONTROL}/unlisted-method"), kind=Kind.LIVE, run=unlisted_method),
    Check(id=CheckId(f"{CONTROL}/policy-error"), kind=Kind.LIVE, run=policy_error),
)
