"""Whether every kind of answer carries the headers that tell browsers to be careful.

The attack: a browser that guesses types, leaks addresses, shares windows and loads private resources for foreign pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.observing import Notes, Seen, marker, readable, served, several, sign_in, user_for
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client

BY_CLASS = CheckId("browser.security-headers/headers-by-response-class")
CROSS_SITE = CheckId("browser.security-headers/cross-site-load")

ALLOWED: dict[str, frozenset[str]] = {
    "x-content-type-options": frozenset({"nosniff"}),
    "referrer-policy": frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}),
    "x-frame-options": frozenset({"deny", "sameorigin"}),
    "cross-origin-opener-policy": frozenset({"same-origin", "same-origin-allow-popups"}),
    "cross-origin-resource-policy": frozenset({"same-origin", "same-site"}),
    "permissions-policy": frozenset(),  # any text, as long as it is there
}
"""Header to the values that count, lower case. Source: ASVS 5.0, 3.4.4 to 3.4.8; OWASP HTTP Headers Cheat Sheet."""

MOST_ROUTES = 6


def headers_by_response_class(stage: Stage) -> Evidence:
    """Provoke each class of answer and read its headers."""
    notes = Notes()
    client = stage.served.client()
    control = client.get(stage.served.probe_path(ProbeRoute.PLAIN))
    if control.status != 200:
        return Evidence(check=BY_CLASS, not_verified=f"an honest request to the probe route answered {control.status}")
    seen = list(_answers(stage, client))
    faults = {name: _faults(answer) for name, answer in seen}
    common = set.intersection(*(set(found) for found in faults.values())) if faults else set()
    if common:
        detail = f"{', '.join(sorted(common))} on all {len(seen)} kinds of answer that were provoked"
        notes.add(attack="read the headers", where="every answer", broken=True, detail=detail, answers=[seen[0][1]], read=len(seen))
    for name, answer in seen:
        own = sorted(set(faults[name]) - common)
        if own or not common:
            detail = ", ".join(own) if own else f"{len(ALLOWED)} headers, each once, each with a value that counts"
            notes.add(attack=f"read the headers of {name}", where=name, broken=bool(own), detail=detail, answers=[answer], control=control, read=len(ALLOWED))
    return Evidence(check=BY_CLASS, observations=notes.done())


def _answers(stage: Stage, client: Client) -> Iterator[tuple[str, Seen]]:
    place = stage.served.probe_path
    plain = place(ProbeRoute.PLAIN)
    yield "200 plain text", client.get(plain)
    yield "204", client.get(place(ProbeRoute.EMPTY))
    yield "302", client.get(place(ProbeRoute.MOVED))
    yield "404", client.get(f"/{marker()}")
    yield "405", client.send("DELETE", plain)
    yield "500", client.get(place(ProbeRoute.RAISES))
    for status in (400, 403, 413, 422, 429):
        yield str(status), client.get(f"{place(ProbeRoute.ABORTS)}?status={status}")
    for route in readable(stage.facts)[:MOST_ROUTES]:
        answer = client.page(stage.fill(route, client=client))
        yield f"{answer.status} of {route.name}", answer
    yield from _static(stage, client)
    if stage.facts.framework != "flask":
        socket = client.socket(place(ProbeRoute.SOCKET_BARE), listen_seconds=0.2)
        if not socket.accepted and (socket.headers or socket.body):
            yield "refused WebSocket", socket


def _static(stage: Stage, client: Client) -> Iterator[tuple[str, Answer]]:
    """A static file that some page refers to, and its 304."""
    mounts = [r.path.partition("{")[0].rstrip("/") for r in stage.facts.routes if r.kind == "static"]
    for route in readable(stage.facts)[:MOST_ROUTES]:
        text = client.page(stage.fill(route, client=client)).text
        for mount in mounts:
            at = text.find(f'"{mount}/')
            if at < 0:
                continue
            path = text[at + 1 :].partition('"')[0]
            answer = client.get(path)
            yield f"static file {answer.status}", answer
            tag = answer.header("etag")
            if tag:
                yield "304", client.get(path, headers=[("if-none-match", tag[0])])
            return


def _faults(answer: Seen) -> list[str]:
    header, found = answer.header, []
    for name, allowed in ALLOWED.items():
        values = header(name)
        if not values:
            found.append(f"{name} is missing")
        elif len(values) > 1:
            found.append(f"{name} comes {len(values)} times")
        elif allowed and values[0].strip().lower() not in allowed:
            found.append(f"{name} is weak ({values[0][:60]})")
    kind = (header("content-type") or [""])[0].lower()
    if kind.startswith("text/") and "charset" not in kind:
        found.append("content-type names no charset")
    return found


def cross_site_load(stage: Stage) -> Evidence:
    """Load signed-in routes as a subresource of a foreign and of a sibling page, with a callback parameter."""
    notes = Notes()
    private = list(islice(_private(stage), MOST_ROUTES))
    if not private:
        reason = "no route was found that only a signed-in user can read" if stage.users else "nobody can log in"
        return Evidence(check=CROSS_SITE, not_verified=reason, unlock="declare users under [tool.ringwork.prove]")
    for attack in ("script of a foreign page", "script of a sibling host"):
        open_, last, control = [], None, private[0][3]
        for route, client, path, _ in private:
            send = client.cross_site if attack.endswith("foreign page") else client.same_site
            last = send("GET", path, mode="no-cors")
            if served(last):
                open_.append((route, last))
        where = open_[0][0] if open_ else private[0][0]
        detail = f"served to a foreign page: {several([r.name for r, _ in open_])}" if open_ else f"{len(private)} private routes, none served"
        shown_ = [open_[0][1]] if open_ else [last] if last else []
        notes.add(attack=attack, where=where.name, broken=bool(open_), detail=detail, answers=shown_, control=control, route=where if open_ else None)
    _callback(notes, private)
    return Evidence(check=CROSS_SITE, observations=notes.done())


def _callback(notes: Notes, private: list[tuple[RouteFacts, Client, str, Answer]]) -> None:
    route, client, path, control = private[0]
    name = marker()
    answer = client.get(f"{path}{'&' if '?' in path else '?'}callback={name}")
    wrapped = answer.text.lstrip("/* \n").startswith(f"{name}(")
    detail = "the answer is a script that calls the given name" if wrapped else "no executable wrapper"
    notes.add(attack="JSONP callback", where=route.name, broken=wrapped, detail=detail, answers=[answer], control=control, route=route)


def _private(stage: Stage) -> Iterator[tuple[RouteFacts, Client, str, Answer]]:
    """Routes that a user can read and nobody else, with the user's browser, the path and the honest answer."""
    nobody = stage.served.client()
    browsers: dict[str, Client | None] = {}
    for route in readable(stage.facts):
        user = user_for(stage, route)
        if user is None or route.rule == "public":
            continue
        if user.name not in browsers:
            browsers[user.name] = sign_in(stage, user)
        client = browsers[user.name]
        if client is None:
            continue
        path = stage.fill(route, client=client)
        honest = client.page(path)
        if honest.status == 200 and not served(nobody.page(path)):
            yield route, client, path, honest


CHECKS: tuple[Check, ...] = (
    Check(id=BY_CLASS, kind=Kind.LIVE, run=headers_by_response_class),
    Check(id=CROSS_SITE, kind=Kind.LIVE, run=cross_site_load),
)
