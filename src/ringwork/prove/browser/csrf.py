"""Whether a state can be changed by a page that is not the site's own.

The attack: a foreign page, or one on a sibling host, makes the victim's browser send a request that carries the victim's cookies.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage, User
from ringwork.prove.evidence import Evidence
from ringwork.prove.observing import Notes, changed, changing, enforces, marker, readable, served, several, sign_in, user_for
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import FORM, Answer, Client
from ringwork.survey.wire.connection import WireError

CONTROL = "browser.csrf"
MATRIX = CheckId("browser.csrf/token-matrix")
ORIGINS = CheckId("browser.csrf/origin-and-content-type")
SAFE_METHODS = CheckId("browser.csrf/safe-methods-are-safe")
QUALITY = CheckId("browser.csrf/token-quality")
EXEMPTIONS = CheckId("browser.csrf/exemptions")

MOST_ROUTES = 4
TOKENS = 1000
TOKEN_SECONDS = 8.0
BITS = 120.0
"""128 less what estimating from a thousand samples costs."""

HIDDEN = re.compile(r"<input[^>]*type=[\"']?hidden[^>]*>", re.IGNORECASE)
FIELD = re.compile(r"name=[\"']?([\w-]*(?:csrf|xsrf|authenticity)[\w-]*)[\"']?", re.IGNORECASE)
VALUE = re.compile(r"value=[\"']([^\"']+)[\"']", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A state-changing request that its user may make. noise: stores that change by themselves. has_effect: the honest one changed a store."""

    route: RouteFacts
    method: str
    user: User
    client: Client
    kind: str
    body: bytes
    field: str
    control: Answer
    noise: tuple[str, ...]
    has_effect: bool

    def path(self, stage: Stage) -> str:
        """Where it goes, with parameters that lead somewhere now."""
        return stage.fill(self.route, client=self.client)


def _targets(stage: Stage) -> list[Target]:
    """Routes whose honest request works, forms and JSON among them; each with the honest answer."""
    found: list[Target] = []
    seen: Counter[str] = Counter()
    browsers: dict[str, Client | None] = {}
    for route, method in changing(stage.facts):
        user = user_for(stage, route)
        if user is None or route.rule == "public" or seen.total() >= MOST_ROUTES:
            continue
        if user.name not in browsers:
            browsers[user.name] = sign_in(stage, user)
        client = browsers[user.name]
        given = stage.body(route)
        if client is None or given is None or not client.jar.cookies or seen[given[0]] >= MOST_ROUTES - 1:
            continue
        target = _honest(stage, route, method, user, client, given)
        if target is not None:
            found.append(target)
            seen[given[0]] += 1
    return found


def _honest(stage: Stage, route: RouteFacts, method: str, user: User, client: Client, given: tuple[str, bytes]) -> Target | None:
    """The control request: the site's own page, the user's own token; None when it does not work."""
    kind, body = given
    client.page("/")
    first = stage.served.state()
    client.page("/")
    noise = tuple(changed(first, stage.served.state()))
    path = stage.fill(route, client=client)
    field, token = stage.token(path, client) if kind == FORM else ("", "")
    before = stage.served.state()
    answer = _send(client, method, path, kind, _with(body, field, token))
    if not served(answer):
        return None
    effect = changed(before, stage.served.state(), but=noise)
    return Target(
        route=route, method=method, user=user, client=client, kind=kind, body=body, field=field or "csrf_token", control=answer, noise=noise,
        has_effect=bool(effect),
    )  # fmt: skip


def _send(client: Client, method: str, path: str, kind: str, body: bytes) -> Answer:
    headers = [("content-type", kind)] if kind else []
    return client.send(method, path, headers=[*headers, ("accept", "text/html,*/*;q=0.8")], body=body)


def _with(body: bytes, field: str, token: str) -> bytes:
    if not field:
        return body
    return body + (b"&" if body else b"") + urlencode({field: token}).encode()


def _try(notes: Notes, stage: Stage, target: Target, attack: str, send: Callable[[str], Answer]) -> None:
    """Make one attack and judge it by its effect; where the honest request had none that shows, by its status."""
    path = target.path(stage)
    before = stage.served.state()
    try:
        answer = send(path)
    except WireError as error:
        notes.add(attack=attack, where=target.route.name, broken=False, detail=f"the connection was cut ({error})", control=target.control, route=target.route)
        return
    effect = changed(before, stage.served.state(), but=target.noise)
    broken = bool(effect) if target.has_effect else served(answer)
    if broken:
        detail = f"answered {answer.status}" + (f" and changed {several(effect)}" if effect else ", as the honest request was")
    else:
        detail = f"refused with {answer.status}, nothing changed" if answer.status >= 400 else f"answered {answer.status}, nothing changed"
    notes.add(
        attack=attack, where=target.route.name, broken=broken, detail=detail, answers=[answer], control=target.control, user=target.user, route=target.route
    )


def _no_targets(check: CheckId, stage: Stage) -> Evidence:
    if not changing(stage.facts):
        return Evidence(check=check, not_applicable="no route changes state")
    if not stage.users:
        return Evidence(check=check, not_verified="nobody can log in, so no victim can be played", unlock="declare users under [tool.ringwork.prove]")
    if stage.users and not any((c := sign_in(stage, user)) and c.jar.cookies for user in stage.users[:1]):
        return Evidence(check=check, not_applicable="nobody is authenticated by a cookie: browsers attach nothing by themselves")
    return Evidence(check=check, not_verified="no honest state change succeeded, so a refusal would mean nothing", unlock="declare users who may change something")


def token_matrix(stage: Stage) -> Evidence:
    """Send each form from the site's own origin with every kind of wrong token."""
    targets = [t for t in _targets(stage) if t.kind == FORM]
    if not targets:
        return _no_targets(MATRIX, stage)
    notes = Notes()
    for target in targets:
        for attack, token in _wrong_tokens(stage, target):
            body = _with(target.body, target.field, token) if token else target.body

            def send(path: str, body: bytes = body) -> Answer:
                return _send(target.client, target.method, path, target.kind, body)

            _try(notes, stage, target, attack, send)
        _used(notes, stage, target)
    return Evidence(check=MATRIX, observations=notes.done())


def _wrong_tokens(stage: Stage, target: Target) -> Iterator[tuple[str, str]]:
    yield "no token", ""
    yield "a random token", marker() * 4
    path = target.path(stage)
    again = sign_in(stage, target.user)
    if again is not None:
        yield "a token of another session of the same user", stage.token(path, again)[1]
    other = next((user for user in stage.users if user.name != target.user.name), None)
    stranger = sign_in(stage, other) if other else None
    if stranger is not None:
        yield "a token of another user", _any_token(stage, path, stranger)
    yield "a token of another form", _other_form(stage, target, path)
    own = stage.token(path, target.client)[1]
    if own:
        yield "the right token, one character changed", own[:-1] + ("A" if own[-1] != "A" else "B")


def _any_token(stage: Stage, path: str, client: Client) -> str:
    """The token that another user's page holds for the same form, else for any form."""
    same = stage.token(path, client)[1]
    return same or next((token for _, token in _tokens_of(stage, client)), "")


def _other_form(stage: Stage, target: Target, path: str) -> str:
    own = stage.token(path, target.client)[1]
    return next((token for action, token in _tokens_of(stage, target.client) if action != path and token != own), "")


def _tokens_of(stage: Stage, client: Client) -> Iterator[tuple[str, str]]:
    """Action and token of the forms on the pages that `client` can read."""
    for route in readable(stage.facts)[:10]:
        text = client.page(stage.fill(route, client=client)).text
        for form in re.finditer(r"<form[^>]*?action=[\"']([^\"']*)[\"'].*?</form>", text, re.IGNORECASE | re.DOTALL):
            for hidden in HIDDEN.finditer(form.group()):
                value = VALUE.search(hidden.group())
                if FIELD.search(hidden.group()) and value:
                    yield form.group(1), value.group(1)


def _used(notes: Notes, stage: Stage, target: Target) -> None:
    """The right token once more; once it has done its work it is spent."""
    path = target.path(stage)
    token = stage.token(path, target.client)[1]
    if not token:
        notes.untried(attack="a used token", where=target.route.name, detail="no page with this form and a token was found")
        return
    body = _with(target.body, target.field, token)
    honest = _send(target.client, target.method, path, target.kind, body)
    if not served(honest):
        notes.untried(attack="a used token", where=target.route.name, detail=f"the honest request answered {honest.status}", answers=[honest])
        return
    _try(notes, stage, target, "a used token", lambda path: _send(target.client, target.method, path, target.kind, body))


def origin_and_content_type(stage: Stage) -> Evidence:
    """Send the request from foreign pages and in content types that a plain form can send."""
    targets = _targets(stage)
    if not targets:
        return _no_targets(ORIGINS, stage)
    notes = Notes()
    for target in targets:
        for attack, send in _foreign(target):
            _try(notes, stage, target, attack, send)
    return Evidence(check=ORIGINS, observations=notes.done())


def _foreign(target: Target) -> Iterator[tuple[str, Callable[[str], Answer]]]:
    client, method, kind = target.client, target.method, target.kind
    body = _with(target.body, target.field, marker()) if kind == FORM else target.body
    simple = kind or FORM
    if kind == "application/json":
        simple = "text/plain"

    def cross(initiator: str, content_type: str, data: bytes, *, metadata: bool) -> Callable[[str], Answer]:
        return lambda path: client.cross_site(method, path, content_type=content_type, body=data, initiator=initiator, fetch_metadata=metadata)

    def sibling(content_type: str, *, metadata: bool = False) -> Callable[[str], Answer]:
        return lambda path: client.same_site(method, path, content_type=content_type, body=body, fetch_metadata=metadata)

    evil = "https://evil.invalid"
    yield "form of a foreign page", cross(evil, simple, body, metadata=True)
    yield "form of a foreign page, older browser", cross(evil, simple, body, metadata=False)
    yield "form of a sandboxed frame (Origin: null), older browser", cross("null", simple, body, metadata=False)
    yield "form of a sibling host", sibling(simple, metadata=True)
    yield "form of a sibling host, older browser", sibling(simple)
    if kind == "application/json":
        for other in ("text/plain", FORM, "multipart/form-data; boundary=x"):
            yield f"JSON sent as {other.partition(';')[0]} by a sibling host, older browser", sibling(other)
        yield "script of a sibling host, older browser", lambda path: client.same_site(
            method, path, content_type=kind, body=body, mode="cors", fetch_metadata=False
        )
    yield "foreign Referer that holds the host, no Origin", lambda path: client.send(
        method,
        path,
        headers=[("content-type", simple), ("referer", f"https://evil.invalid/{client.host}/")],
        body=body,
        same_origin=False,
    )


def safe_methods_are_safe(stage: Stage) -> Evidence:
    """Call GET, HEAD and OPTIONS on every route as a powerful user and compare the state."""
    user = stage.users[-1] if stage.users else None
    client = sign_in(stage, user) or stage.served.client()
    notes = Notes()
    honest = client.page("/")
    first = stage.served.state()
    client.page("/")
    noise = changed(first, stage.served.state())
    paths = [(route, stage.fill(route, client=client)) for route in readable(stage.facts)]
    before = stage.served.state()
    for route, path in paths:
        answer = client.page(path)
        for method in ("HEAD", "OPTIONS"):
            client.send(method, path)
        effect = changed(before, stage.served.state(), but=noise)
        if effect:
            before = stage.served.state()
            detail = f"GET, HEAD or OPTIONS changed {several(effect)}"
            notes.add(attack="safe methods", where=route.name, broken=True, detail=detail, answers=[answer], control=honest, user=user, route=route)
    if not paths:
        return Evidence(check=SAFE_METHODS, not_applicable="no route answers GET")
    detail = f"{len(paths)} routes asked with GET, HEAD and OPTIONS; no store changed"
    if not notes.observations:
        notes.add(attack="safe methods", where="every route", broken=False, detail=detail, control=honest, read=len(paths))
    return Evidence(check=SAFE_METHODS, observations=notes.done())


def token_quality(stage: Stage) -> Evidence:
    """Collect a thousand tokens: no repeats, enough bits, none shared between sessions."""
    users = list(stage.users[:2])
    clients = [client for user in users if (client := sign_in(stage, user)) is not None] or [stage.served.client()]
    page = _page_with_token(stage, clients[0])
    if page is None:
        return Evidence(check=QUALITY, not_verified="no page with a form token was found", unlock="put current().csrf_field(action) into a form")
    notes = Notes()
    own, answer = _collect(clients[0], page, TOKENS, time.monotonic() + TOKEN_SECONDS)
    repeats = len(own) - len(set(own))
    bits = _bits(own)
    detail = f"{len(own)} tokens, {repeats} repeated"
    notes.add(attack="collect tokens", where=page, broken=repeats > 0 and not _is_session_token(own), detail=detail, answers=[answer], read=len(own))
    detail = f"about {bits:.0f} bits differ from token to token (128 or more are asked; {BITS:.0f} can be shown with {len(own)} samples)"
    is_weak = bits < BITS and not (_is_session_token(own) and len(own[0]) >= 22)
    notes.add(attack="estimate their randomness", where=page, broken=is_weak, detail=detail, answers=[answer], read=len(own))
    if len(clients) > 1:
        others, _ = _collect(clients[1], page, 20, time.monotonic() + 2)
        shared = set(own) & set(others)
        detail = f"{len(shared)} tokens are the same in two sessions" if shared else "no token is the same in two sessions"
        notes.add(attack="compare two sessions", where=page, broken=bool(shared), detail=detail, answers=[answer], read=len(own) + len(others))
    return Evidence(check=QUALITY, observations=notes.done())


def _page_with_token(stage: Stage, client: Client) -> str | None:
    for route in readable(stage.facts):
        path = stage.fill(route, client=client)
        if _in_page(client.page(path).text):
            return path
    return None


def _in_page(text: str) -> list[str]:
    return [value.group(1) for hidden in HIDDEN.findall(text) if FIELD.search(hidden) and (value := VALUE.search(hidden))]


def _collect(client: Client, page: str, count: int, until: float) -> tuple[list[str], Answer]:
    answer = client.page(page)
    found = _in_page(answer.text)
    while found and len(found) < count and time.monotonic() < until:
        found += _in_page(client.page(page).text)
    return found, answer


def _is_session_token(tokens: list[str]) -> bool:
    """Whether the application gives one token for a whole session, which is allowed as long as it is long."""
    return len(set(tokens)) == 1


def _bits(tokens: list[str]) -> float:
    """Shannon entropy summed over character positions: an upper bound that counters and constants fail."""
    if len(tokens) < 2:
        return 0.0
    total = 0.0
    for column in zip(*tokens, strict=False):
        counts = Counter(column)
        total -= sum(n / len(tokens) * math.log2(n / len(tokens)) for n in counts.values())
    return total


def exemptions(stage: Stage) -> Evidence:
    """List what is let past the protection, and why."""
    notes = Notes()
    facts = stage.facts
    if facts.guard is None:
        return Evidence(check=EXEMPTIONS, not_verified="no protection that ringwork can read is installed; token-matrix tells whether one works")
    if not enforces(facts, CONTROL):
        detail = "the guard against forged requests is not installed, so every route is exempt"
        notes.add(attack="list exemptions", where="the policy", broken=True, detail=detail, read=len(facts.routes))
        return Evidence(check=EXEMPTIONS, observations=notes.done())
    exempt = [route for route in facts.routes if route.csrf_exempt]
    for route in exempt:
        detail = f"exempt: {route.csrf_exempt}"
        notes.add(attack="list exemptions", where=route.name, broken=not route.csrf_exempt.strip(), detail=detail, route=route, read=1)
    detail = f"{len(facts.routes)} routes, {len(exempt)} exempt, each with its reason"
    notes.add(attack="list exemptions", where="all routes", broken=False, detail=detail, read=len(facts.routes))
    return Evidence(check=EXEMPTIONS, observations=notes.done())


CHECKS: tuple[Check, ...] = (
    Check(id=MATRIX, kind=Kind.LIVE, run=token_matrix),
    Check(id=ORIGINS, kind=Kind.LIVE, run=origin_and_content_type),
    Check(id=SAFE_METHODS, kind=Kind.LIVE, run=safe_methods_are_safe, planted=ProbeRoute.WRITES_ON_GET),
    Check(id=QUALITY, kind=Kind.LIVE, run=token_quality, planted=ProbeRoute.WEAK_TOKENS),
    Check(id=EXEMPTIONS, kind=Kind.ROUTES, run=exemptions),
)
