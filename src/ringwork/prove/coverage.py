"""How far the prover came: every route with every user, and what was not reached, with the reason."""

from __future__ import annotations

import contextlib
import re
import urllib.parse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ringwork.errors import TargetFailed
from ringwork.prove import composing, pages, witness
from ringwork.prove.check import User
from ringwork.prove.evidence import Coverage, Evidence, MatrixCell
from ringwork.prove.stage import LiveStage
from ringwork.survey.facts import AppFacts, RouteFacts
from ringwork.survey.wire import multipart
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.connection import WireError

ANONYMOUS = "anonymous"
_FAILED = "the application failed with"
_UNASKED = "no request could be made"
_TRIES = 4  # users that a change is tried as
_SERVED = re.compile(r"HTTP/[\d.]+ 2\d\d\b")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_UNAUTHENTICATED, _FORBIDDEN = 401, 403
_REFUSED = {
    _UNAUTHENTICATED: "nobody who could sign in was let in (401)",
    _FORBIDDEN: "nobody who could sign in was let in (403); a user of another role may be",
}
_UNREACHED = {
    **_REFUSED,
    404: "no object was found for its parameters (404)",
    405: "the router does not answer this method (405)",
    415: "no example of its body is known (415)",
    422: "no example of its input was accepted (422)",
    400: "no example of its input was accepted (400)",
}


@dataclass(slots=True, kw_only=True)
class Reach:
    """What was tried so far. statuses: route name to the statuses that came back. failures: to the error behind one of 500."""

    cells: list[MatrixCell] = field(default_factory=list)
    statuses: dict[str, list[int]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def unanswered(self, route: RouteFacts, error: Exception) -> int:
        """The status of no answer; what the wire said is kept, such as that the page is too slow."""
        if isinstance(error, WireError):
            self.failures[route.name] = str(error)
        return 0

    def note(self, stage: LiveStage, route: RouteFacts, status: int) -> None:
        """One more answer; 0 for none."""
        self.statuses.setdefault(route.name, []).append(status)
        if status == 500 and not self.failures.get(route.name):
            with contextlib.suppress(OSError, TargetFailed):
                self.failures[route.name] = stage.served.failure()


def explore(stage: LiveStage, *, login_path: str = "") -> Reach:
    """Ask every HTTP route as every user and as nobody: reads first, changes on a copy that is thrown away after.

    login_path: a route that was seen to work already, because somebody signed in through it.
    """
    reach = Reach()
    browsers = _browsers(stage)
    for route in stage.facts.routes:
        if route.kind in {"http", "static"} and "GET" in route.methods:
            for name, roles, client in browsers:
                _visit(stage, reach, route, name, roles, client)
    changes = _changes_last(stage.facts.routes)
    for route in changes:
        if route.path == login_path and stage.users:
            reach.statuses.setdefault(route.name, []).append(200)
    _try(stage, reach, changes)
    # A change may have ended a session or used an object up: what is still unreached is tried once more on a fresh start.
    left = [route for route in changes if _unreached(reach.statuses.get(route.name, []))]
    if left and len(left) < len(changes):
        stage.fresh()
        _try(stage, reach, left)
    _look_again(stage, reach)
    return reach


def _look_again(stage: LiveStage, reach: Reach) -> None:
    """Ask once more for pages whose object was not there before something was made."""
    browsers = dict[str, Client]()
    for route in stage.facts.routes:
        statuses = reach.statuses.get(route.name, [])
        if route.kind == "http" and "GET" in route.methods and "{" in route.path and statuses and set(statuses) <= {0, 404}:
            for user in stage.able(route)[:_TRIES]:
                with contextlib.suppress(OSError, TargetFailed):
                    client = browsers.setdefault(user.name if user else "", stage.browser(user).fork())  # it has not looked round yet
                    status = client.get(stage.fill(route, client=client) + pages.required_query(route)).status
                    reach.note(stage, route, status)
                    if status < 400:
                        break


def _try(stage: LiveStage, reach: Reach, routes: Sequence[RouteFacts]) -> None:
    for route in routes:
        for user in stage.able(route)[:_TRIES]:
            if not _unreached(reach.statuses.get(route.name, [])):
                break
            _change(stage, reach, route, user)


def _browsers(stage: LiveStage) -> list[tuple[str, tuple[str, ...] | None, Client]]:
    found: list[tuple[str, tuple[str, ...] | None, Client]] = [(ANONYMOUS, None, stage.browser(None))]
    for user in stage.users:
        with contextlib.suppress(TargetFailed, OSError):
            found.append((user.name, user.roles, stage.browser(user)))
    return found


def _visit(stage: LiveStage, reach: Reach, route: RouteFacts, name: str, roles: tuple[str, ...] | None, client: Client) -> None:
    if _ends_login(route.path):
        return
    try:
        path = stage.fill(route, client=client if name != ANONYMOUS else None)
        if route.kind == "static" and path.endswith("/"):
            return  # no page names a file there, so nothing can be asked for
        status = client.get(path + pages.required_query(route)).status
    except (OSError, TargetFailed) as error:
        status = reach.unanswered(route, error)
    reach.cells.append(MatrixCell(route=route.name, role=name, expected=_expected(route, roles), status=status))
    reach.note(stage, route, status)


def _ends_login(path: str) -> bool:
    return "logout" in path or "signout" in path


def _expected(route: RouteFacts, roles: tuple[str, ...] | None) -> str:
    if route.rule == "public":
        return "allow"
    if route.rule == "own":
        return "deny" if roles is None else ""
    if route.rule == "signed":
        return "deny"
    if route.rule == "requires":
        return "allow" if roles is not None and (not route.roles or set(route.roles) & set(roles)) else "deny"
    return ""


def _changes_last(routes: Sequence[RouteFacts]) -> list[RouteFacts]:
    """State-changing routes in an order that destroys last: create, update, delete, then what ends sessions."""
    order = {"POST": 0, "PUT": 1, "PATCH": 2, "DELETE": 3}
    changing = [r for r in routes if r.kind == "http" and "GET" not in r.methods and set(r.methods) - _SAFE]
    return sorted(changing, key=lambda r: ("logout" in r.path, min((order.get(m, 4) for m in r.methods), default=4), r.path))


def _change(stage: LiveStage, reach: Reach, route: RouteFacts, user: User | None) -> None:
    method = next((m for m in ("POST", "PUT", "PATCH", "DELETE") if m in route.methods), "")
    try:
        status = send_valid(stage, route, method, stage.browser(user)) if method else 0
    except (OSError, TargetFailed) as error:
        status = reach.unanswered(route, error)
    reach.note(stage, route, status)


def send_valid(stage: LiveStage, route: RouteFacts, method: str, client: Client) -> int:
    """The status of an honest request to a state-changing route: filled path, valid body, the form's or script's own token."""
    path = stage.fill(route, client=client)
    given = stage.body(route)
    if given is None:
        return 415
    kind, body = given
    name, token = stage.token(path, client)
    if token and kind.startswith("application/x-www-form-urlencoded"):
        body += (b"&" if body else b"") + urllib.parse.urlencode({name: token}).encode()
    elif token and kind.startswith(multipart.KIND):
        body = multipart.with_field(kind, body, name, token)
    headers = [("content-type", kind), *composing.script_token(client)]
    return int(client.send(method, path + pages.required_query(route), headers=headers, body=body).status)


def seen_by(evidence: Iterable[Evidence]) -> frozenset[str]:
    """The routes at which a check was seen to be answered as its control, with an object of its own that looking round does not find."""
    return frozenset(
        one.where
        for each in evidence
        if each.check.startswith("access.")
        for one in each.observations
        if one.control is not None and _SERVED.match(one.control.answer) and _is_of(one.where, one.control.request)
    )


def _is_of(route: str, request: str) -> bool:
    """Whether a request went to a route, by its name: a control on another page says nothing of it."""
    asked, template = request.split(" "), route.partition(" ")[2]
    return len(asked) > 1 and bool(template) and witness.matches(template, asked[1])


def summary(facts: AppFacts, reach: Reach, *, floor: float, world: AppFacts | None = None, seen: frozenset[str] = frozenset()) -> Coverage:
    """Found, reached and skipped HTTP routes, and what router and OpenAPI document tell differently.

    A route that lets in nothing but signed messages is data.message-integrity's to reach, and counts for neither.

    world: all facts, where `facts` has only the routes that were asked. seen: routes that a check reached.
    """
    open_to_people = [route for route in facts.routes if route.rule != "signed"]
    asked = [route for route in open_to_people if route.kind == "http" or route.name in reach.statuses]
    skipped = {route.name: reason for route in asked if route.name not in seen and (reason := _reason(reach, route))}
    return Coverage(found=len(asked), reached=len(asked) - len(skipped), skipped=skipped, unlisted=_unlisted(world or facts), floor=floor)


def _reason(reach: Reach, route: RouteFacts) -> str:
    statuses = [status for status in reach.statuses.get(route.name, []) if status]
    reason, why = _unreached(statuses), reach.failures.get(route.name, "")
    if reason in _REFUSED.values() and all(cell.role == ANONYMOUS for cell in reach.cells):
        return f"refused to a stranger ({statuses[-1]}), and nobody signed in here"
    if not statuses and _ends_login(route.path):
        return "left alone, since asking for it ends the login"
    if why and reason == _UNASKED:
        return why
    return f"{reason}: {why}" if why and reason.startswith(_FAILED) else reason


def _unreached(statuses: Sequence[int]) -> str:
    tried = [status for status in statuses if status]
    if not tried:
        return _UNASKED
    if any(status < 400 or status in {409, 410, 429} for status in tried):
        return ""
    if max(tried) >= 500:
        return f"{_FAILED} {max(tried)}"
    # Against "nobody is let in" after the stranger, who is asked last: what signed-in users were told says more.
    told = _FORBIDDEN if tried[-1] == _UNAUTHENTICATED and _FORBIDDEN in tried else tried[-1]
    return _UNREACHED.get(told, f"answered {told} to everybody")


def _unlisted(facts: AppFacts) -> tuple[str, ...]:
    if not facts.schema_paths:
        return ()
    routed = {route.path for route in facts.routes if route.kind == "http"}
    listed = {route.path for route in facts.routes if route.kind == "http" and route.in_schema}
    hidden = sorted(f"{path}: in the router, not in the OpenAPI document" for path in routed - set(facts.schema_paths) if path in listed)
    return (*hidden, *sorted(f"{path}: in the OpenAPI document, not in the router" for path in set(facts.schema_paths) - routed))
