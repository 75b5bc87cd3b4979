"""Whether a redirect can be made to leave the site by what stands in the request.

Against the link on the trusted site that ends on an attacker's page: parameters that influence where a redirect leads are found
first, with harmless paths; then foreign places are put into them in the spellings that slip through checks, after login and
logout too, and where a browser would land is worked out as browsers do.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import quote, urlencode, urlsplit

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage, User
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import FORM, Answer, Client
from ringwork.survey.wire.waiting import SlowError

CONTROL = "browser.open-redirect"
EVIL = "evil.invalid"
NAMES = (
    "next", "url", "return", "returnTo", "return_to", "returnUrl", "return_url", "redirect", "redirect_to", "redirect_uri", "redirect_url",
    "redirectTo", "continue", "target", "dest", "destination", "goto", "go", "to", "back", "from", "forward", "rd", "r", "u", "ref",
    "success_url", "callback", "came_from", "service",
)  # fmt: skip
"""Names under which applications take the place to lead to."""

_META = re.compile(r"<meta[^>]+http-equiv\s*=\s*[\"']?refresh[^>]*>", re.IGNORECASE)
_CONTENT = re.compile(r"content\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))", re.IGNORECASE)
_REFRESH = re.compile(r"\s*[0-9.]+(?:\s*[;,]|\s)\s*(?:url\s*=\s*)?[\"']?([^\"']*)", re.IGNORECASE | re.DOTALL)
_MOST_ROUTES = 60
_ALIKE = 2  # sign-outs of a user that led where nobody's did
_PLAIN = frozenset({"a whole foreign address", "two slashes", "slash and backslash"})
"""What a quick run puts where each attempt takes a login."""

_INJECTED = "x-rw-injected"


def _spellings(own: str) -> dict[str, str]:
    """Foreign places as they slip through checks. own: the site's host and port."""
    return {
        "a whole foreign address": f"https://{EVIL}/",
        "two slashes": f"//{EVIL}/",
        "three slashes": f"///{EVIL}/",
        "slash and backslash": f"/\\{EVIL}/",
        "two backslashes": f"\\\\{EVIL}/",
        "a tab between two slashes": f"/\t/{EVIL}/",
        "blank in front": f" https://{EVIL}/",
        "the site's name as user information": f"https://{own}@{EVIL}/",
        "a name that begins like the site's": f"https://{own.partition(':')[0]}.{EVIL}/",
        "backslash before the site's name": f"https://{EVIL}\\@{own}/",
        "plain http without slashes": f"http:{EVIL}/",
        "the other scheme with one slash": f"http:/{EVIL}/",
        "https without slashes": f"https:{EVIL}/",
        "a dot between slashes": f"/.//{EVIL}/",
        "line end and a second header": f"/\r\n{_INJECTED}: 1",
        "a script": "javascript:alert(1)",
        "a document in the address": "data:text/html,hello",
    }


Ask = Callable[[Mapping[str, str]], Answer]
"""Send the request with these parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A request that may lead somewhere. where: a route, or what it stands for. names: parameters to try."""

    where: RouteFacts | str
    who: str
    names: Sequence[str]
    ask: Ask


def redirect_spellings(stage: Stage) -> Evidence:
    """Find what influences redirects, then put foreign places there."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/redirect-spellings")
    seen: list[Observation] = []
    tried = 0
    for door in _doors(cast):
        tried += 1
        with contextlib.suppress(OSError, TargetFailed):
            for name, control in _influential(door):
                seen += _attack(cast, _placed(stage, door, control), name, control)
    if not seen:
        return Evidence(
            check=check,
            not_verified=f"{tried} pages, logins and logouts asked with {len(NAMES)} parameters; none decides where a redirect leads",
        )
    return Evidence(check=check, observations=tuple(seen))


# -- where to ask -------------------------------------------------------------------------------------------


def _doors(cast: Cast) -> Iterator[Door]:
    facts = cast.stage.facts
    strongest = cast.strongest()
    if facts.guard is not None:
        # No redirect of the application may go by a parameter; this one of the harness does, so that the guard is seen at work.
        path = cast.served.probe_path(ProbeRoute.LEADS)
        yield Door(where="a handler that leads where it is told", who="", names=("to",), ask=_by_query(cast.nobody(), path))
        if cast.stage.brief:
            return
    for route in witness.reads(facts)[:_MOST_ROUTES]:
        names = [p.name for p in route.parameters if p.where == "query"]
        people = dict([strongest, ("", cast.nobody())]) if route.rule != "requires" else dict([strongest])
        for who, client in people.items():
            with contextlib.suppress(OSError, TargetFailed):
                path = cast.stage.fill(route, client=client if who else None)
                yield Door(where=route, who=who, names=list(dict.fromkeys([*names, *NAMES])), ask=_by_query(client, path))
    yield from _changing(cast)
    for user in cast.stage.users[:1]:
        yield Door(where="login", who=user.name, names=NAMES, ask=_by_login(cast, user))
        for route in (r for r in witness.http_routes(facts) if witness.ends_session(r.path) and "{" not in r.path):
            yield Door(where=route, who=user.name, names=NAMES, ask=_Logout(cast, user, route))


def _by_query(client: Client, path: str) -> Ask:
    def ask(parameters: Mapping[str, str]) -> Answer:
        return client.page(f"{path}{'&' if '?' in path else '?'}{urlencode(parameters, quote_via=quote)}")

    return ask


def _changing(cast: Cast) -> Iterator[Door]:
    """State changes whose handler reads a parameter of such a name; others are not made only to see where they lead."""
    known = {name.lower() for name in NAMES}
    for route in witness.changes(cast.stage.facts):
        names = [p.name for p in route.parameters if p.where in {"query", "form"} and p.name.lower() in known]
        for user, client in itertools.islice(cast.one_by_one(route, strongest_first=True), 1 if names else 0):
            yield Door(where=route, who=user.name, names=names, ask=_by_form(cast, route, client))


def _by_form(cast: Cast, route: RouteFacts, client: Client) -> Ask:
    def ask(parameters: Mapping[str, str]) -> Answer:
        path = cast.stage.fill(route, client=client)
        field, value = cast.stage.token(path, client)
        kind, body = cast.stage.body(route) or (FORM, b"")
        extra = urlencode({**parameters, **({field: value} if field else {})}, quote_via=quote)
        joined = f"{body.decode()}&{extra}".strip("&").encode() if kind.startswith(FORM) else body
        asked = f"{path}?{urlencode(parameters, quote_via=quote)}"
        return client.send(witness.unsafe_method(route), asked, headers=[("content-type", kind)], body=joined)

    return ask


def _by_login(cast: Cast, user: User) -> Ask:
    def ask(parameters: Mapping[str, str]) -> Answer:
        answer = cast.served.sign_in(user, query=urlencode(parameters, quote_via=quote))
        if answer is None:
            raise TargetFailed(step="login", problem=f"{user.name} has a token", advice="a login is needed to see where it leads")
        return answer

    return ask


class _Logout:
    """Signing out, as the user until nobody is led alike: logins are dear, and most handlers do not ask who leaves."""

    def __init__(self, cast: Cast, user: User, route: RouteFacts) -> None:
        self._cast, self._user, self._route = cast, user, route
        self._alike = 0

    def __call__(self, parameters: Mapping[str, str]) -> Answer:
        """The answer to one sign-out."""
        if self._alike >= _ALIKE:
            return self._ask(self._cast.nobody(), "", parameters)
        answer = self._ask(self._cast.served.signed_in(self._user), self._user.name, parameters)
        other = self._ask(self._cast.nobody(), "", parameters)
        is_alike = answer.status == other.status and list(_leads(answer)) == list(_leads(other))
        self._alike = self._alike + 1 if is_alike and self._alike >= 0 else -1
        return answer

    def _ask(self, client: Client, name: str, parameters: Mapping[str, str]) -> Answer:
        cast, route = self._cast, self._route
        query = urlencode(parameters, quote_via=quote)
        if not {"POST", "PUT", "PATCH", "DELETE"} & set(route.methods):
            return client.page(f"{route.path}?{query}")
        form = next((form for form in cast.visible_forms(name, client, fresh=True) if form.action == route.path), None)
        fields = dict(form.fields) if form is not None else {}
        kind, body = (FORM, urlencode({**parameters, **fields}, quote_via=quote).encode()) if form else ("application/json", b"{}")
        return client.send(witness.unsafe_method(route), f"{route.path}?{query}", headers=[("content-type", kind)], body=body)


# -- what happens -------------------------------------------------------------------------------------------


def _influential(door: Door) -> Iterator[tuple[str, Answer]]:
    """The parameters that decide where the answer leads, each with the honest exchange that showed it."""
    word = witness.marker("rw")
    places = {name: f"/{word}{i}x" for i, name in enumerate(door.names)}
    answer = door.ask(places)
    led = {path for path, _ in _leads(answer)}
    for name, place in places.items():
        if any(urlsplit(path).path == place for path in led):
            yield name, answer


def _placed(stage: Stage, door: Door, honest: Answer) -> Door:
    """The door at its route, where only the request tells which one took it: a login."""
    if door.where != "login":
        return door
    path = honest.request.split(b" ", 2)[1].decode("latin-1")
    found = next((r for r in witness.http_routes(stage.facts) if "POST" in r.methods and witness.matches(r.path, path)), None)
    return door if found is None else replace(door, where=found)


def _attack(cast: Cast, door: Door, name: str, honest: Answer) -> Iterator[Observation]:
    control = shown(honest, door.who)
    own = urlsplit(cast.served.origin).netloc
    # A quick run leaves out what takes a login each time.
    is_dear = cast.stage.quick and isinstance(door.where, RouteFacts) and witness.is_entrance(door.where.path)
    for spelling, value in _spellings(own).items():
        if is_dear and spelling not in _PLAIN:
            continue
        attack = f"{name}: {spelling}"
        try:
            answer = door.ask({name: value})
        except SlowError as error:  # nothing was asked, so nothing held
            yield saw(Outcome.UNTRIED, attack, door.where, str(error), control=control)
            continue
        except (OSError, TargetFailed) as error:
            detail = f"nothing was answered that leads anywhere ({getattr(error, 'problem', type(error).__name__)})"
            yield saw(Outcome.HELD, attack, door.where, detail, control=control)
            continue
        wrong = _leaves(answer, cast.served.origin)
        outcome = Outcome.BROKEN if wrong else Outcome.HELD
        detail = wrong or f"answered {answer.status}, and a browser stays on the site"
        yield saw(outcome, attack, door.where, detail, answers=[shown(answer, door.who if _is_signed(answer) else "")], control=control)
    if is_dear:
        detail = "left out of a quick run, for each takes a login"
        yield saw(Outcome.UNTRIED, f"{name}: other spellings", door.where, detail, control=control)


def _is_signed(answer: Answer) -> bool:
    """Whether the request carried what a login gives."""
    head = answer.request.partition(b"\r\n\r\n")[0].lower()
    return b"\r\ncookie:" in head or b"\r\nauthorization:" in head


def _leads(answer: Answer) -> Iterator[tuple[str, str]]:
    """Every place that the answer sends a browser to, and by what."""
    if 300 <= answer.status < 400:
        yield from ((value, "Location") for value in answer.header("location"))
    for value in answer.header("refresh"):
        found = _REFRESH.match(value)
        if found:
            yield found.group(1), "Refresh"
    if "html" in answer.media_type:
        for tag in _META.findall(answer.text):
            content = _CONTENT.search(tag)
            found = _REFRESH.match(unescape(next(filter(None, content.groups()), ""))) if content else None
            if found:
                yield found.group(1), "meta refresh"


def _leaves(answer: Answer, origin: str) -> str:
    """How a browser leaves the site, in words; "" when it stays."""
    if answer.header(_INJECTED):
        return "a line end in the parameter makes a header of its own"
    for place, by in _leads(answer):
        target = lands(origin, place)
        if target != urlsplit(origin).hostname:
            return f"{by} leads to {target or 'what is no site'}"
    return ""


def lands(origin: str, place: str) -> str:
    """The host on which a browser that is on `origin` lands by `place`, "" for what is no site (a script, a document, nothing).

    Source: WHATWG URL, 4.4, states "scheme start" to "host" for special schemes.
    """
    scheme, _, own = origin.partition("://")
    text = place.strip("".join(map(chr, range(33)))).translate({9: None, 10: None, 13: None})
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if found and found.group(1).lower() not in {"http", "https"}:
        return ""
    rest = re.split(r"[?#]", text[found.end() :] if found else text, maxsplit=1)[0].replace("\\", "/")
    is_relative = not found or found.group(1).lower() == scheme
    if is_relative and not rest.startswith("//"):
        return urlsplit(origin).hostname or own
    authority = rest.lstrip("/").partition("/")[0].rpartition("@")[2].lower()
    return re.sub(r":[0-9]*$", "", authority)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/redirect-spellings"), kind=Kind.LIVE, run=redirect_spellings),
    reading.check(f"{CONTROL}/request-to-redirect"),
)
