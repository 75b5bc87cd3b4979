"""Whether every way in asks who is there, unless it was approved as public.

Against the forgotten route, method, mount or side door: each is asked without a login, with credentials that nobody issued, and
under other spellings of its path; what is declared public is held against the list that the project approved.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, Stage, User
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import forge
from ringwork.survey.wire.client import SAFE, Answer, Client

CONTROL = "identity.authentication-required"
NO_LOGIN, WORTHLESS = "no login", "worthless credentials"
_VERIFY = "verify the signature, the expiry and the account of what a request brings before it says who is asking"
"""Whatever stands in front of the route: a check that takes worthless credentials for a user is what has to change."""
SPELLING = "path written otherwise"
SOCKET = "handshake without a login"
_DECLARE = "declare users: [[prove.users]]"
_MOST_ROUTES, _MOST_PATHS = 80, 8
_REFUSED_TO_USERS = frozenset({401, 403, 404, 405})
_TAGS = re.compile(r"<[^>]*>|\n")
_MARKS = re.compile(r"[\"{}\[\],\n]+")
_PASSWORD = re.compile(r"<input[^>]*type=.?password", re.IGNORECASE)

Credentials = Sequence[tuple[str, list[tuple[str, str]]]]
"""What a stranger shows, by name, as headers."""


@dataclass(slots=True, kw_only=True)
class Asked:
    """One route, what a stranger got, by credential, and what somebody permitted got. who: his name, "" while nobody was let in."""

    route: RouteFacts
    method: str
    path: str
    kind: str = ""
    body: bytes = b""
    answers: dict[str, Answer] = field(default_factory=dict)
    who: str = ""
    permitted: Answer | None = None


# -- anonymous-sweep ----------------------------------------------------------------------------------------


def anonymous_sweep(stage: Stage) -> Evidence:
    """Call every route that is not public, with ids that lead somewhere, without a login and with credentials that nobody issued."""
    check = CheckId(f"{CONTROL}/anonymous-sweep")
    routes = _private(stage)
    if not routes:
        return _nothing_to_ask(stage, check)
    cast = Cast(stage)
    # Everybody signs in first, so that a store that changes by that is not taken for an effect.
    if not [user for user in stage.users if cast.browser(user) is not None]:
        reason = "nobody could sign in, so refusals would say nothing"
        return Evidence(check=check, not_verified=reason, unlock=_DECLARE)
    asked = [one for route in routes if route.kind != "websocket" and (one := _prepared(stage, route))]
    credentials = list(_credentials(cast))
    if stage.brief:
        return Evidence(check=check, observations=_until_broken(cast, asked, credentials))
    before = cast.served.state()
    for one in asked:
        _ask(cast, one, credentials)
    touched = sorted(witness.changed(before, cast.served.state()))
    handshakes = [seen for route in routes if route.kind == "websocket" for seen in _knock(cast, route)]
    for one in asked:
        _let_in(cast, one)
    seen = [observation for one in asked for observation in _judged(one)]
    if touched and not any(o.outcome is Outcome.BROKEN for o in seen):
        seen += _effects(cast, asked)
    return Evidence(check=check, observations=(*seen, *handshakes))


def _until_broken(cast: Cast, asked: Sequence[Asked], credentials: Credentials) -> tuple[Observation, ...]:
    """In a run that only shows that the check can fail: route by route, up to the first at which every attack succeeds."""
    seen: list[Observation] = []
    for one in asked:
        _ask(cast, one, credentials)
        if any(answer.status not in _REFUSED_TO_USERS for answer in one.answers.values()):
            _let_in(cast, one)
        found = list(_judged(one))
        seen += found
        if found and all(observation.outcome is Outcome.BROKEN for observation in found):
            break
    return tuple(seen)


def _private(stage: Stage) -> list[RouteFacts]:
    """Routes that ask for a user, by their rule or by a check of the application's own; those that ask for no role first."""
    found = [route for route in stage.facts.routes if route.rule in {"requires", "own"} or (not route.rule and route.guarded_by)]
    found = [route for route in found if route.kind != "mount" and not route.path.startswith("/ringwork-probe")]
    # The application's own check guards its login page too where it stands before everything; a way in is open by its nature.
    found = [route for route in found if route.rule or not witness.is_entrance(route.path)]
    return sorted(found, key=lambda route: (bool(route.roles), "{" in route.path))[:_MOST_ROUTES]


def _nothing_to_ask(stage: Stage, check: CheckId) -> Evidence:
    if stage.facts.guard is not None and {route.rule for route in stage.facts.routes} <= {"public", "signed"}:
        return Evidence(check=check, not_applicable="every route is declared public, or takes signed messages alone")
    reason = "no route says that it needs a user, so nobody but the project knows which should"
    return Evidence(check=check, not_verified=reason, unlock="mark routes with ringwork's requires() and public()")


def _prepared(stage: Stage, route: RouteFacts) -> Asked | None:
    method = "GET" if "GET" in route.methods or not route.methods else witness.unsafe_method(route)
    with contextlib.suppress(OSError, TargetFailed):
        path = stage.fill(route)
        if route.kind == "static" and path.endswith("/"):
            return None  # no page names a file there, so nothing can be asked for
        kind, body = (stage.body(route) or ("", b"")) if method not in SAFE else ("", b"")
        return Asked(route=route, method=method, path=path, kind=kind, body=body)
    return None


def _credentials(cast: Cast) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What a stranger might show: nothing, an empty or wrong word, tokens of foreign issuers, a session that never was."""
    yield "none", []
    yield "Bearer x", [("authorization", "Bearer x")]
    yield "Basic of nobody", [("authorization", "Basic Og==")]
    known = cast.strongest()[1]
    like = known.bearer if known.bearer and forge.parts_of(known.bearer) else None
    yield "expired token of a foreign issuer", [("authorization", f"Bearer {forge.forged_token(like, exp=1)}")]
    yield "token of a foreign issuer", [("authorization", f"Bearer {forge.forged_token(like, algorithm='ES256')}")]
    if like is not None:
        yield "own token with its signature taken off", [("authorization", f"Bearer {forge.forged_token(like, algorithm='none')}")]
    names = sorted({cookie.name for cookie in known.jar.cookies.values()}) or ["session"]
    yield "session that never was", [("cookie", "; ".join(f"{name}={secrets.token_urlsafe(32)}" for name in names))]


def _ask(cast: Cast, one: Asked, credentials: Credentials) -> None:
    client = cast.nobody()
    for name, headers in credentials:
        with contextlib.suppress(OSError):
            one.answers[name] = _send(client, one, headers, same_origin=any(header == "cookie" for header, _ in headers))
        if cast.stage.brief and name in one.answers and one.answers[name].status in {401, 403}:
            return  # a run without the guard: what refuses the first stranger is another layer


def _send(client: Client, one: Asked, headers: list[tuple[str, str]], *, same_origin: bool) -> Answer:
    sent = [*headers, *([("content-type", one.kind)] if one.kind else []), ("accept", "text/html, */*")]
    return client.send(one.method, one.path, headers=sent, body=one.body, cookies=False, same_origin=same_origin)


def _let_in(cast: Cast, one: Asked) -> None:
    """The same request by somebody permitted, with the form's own token; the last thing done, since it has its effect."""
    for user, client in cast.allowed(one.route):
        with contextlib.suppress(OSError, TargetFailed):
            browser = cast.served.login(user) if witness.ends_session(one.path) else client
            body = one.body
            if one.method not in SAFE and one.kind.startswith("application/x-www-form"):
                name, token = cast.stage.token(one.path, browser)
                body += f"{'&' if body else ''}{name}={token}".encode() if token else b""
            sent = [("content-type", one.kind)] if one.kind else []
            answer = browser.send(one.method, one.path, headers=[*sent, ("accept", "text/html, */*")], body=body)
            if one.permitted is None or answer.status not in _REFUSED_TO_USERS:
                one.who, one.permitted = user.name, answer
            if answer.status not in _REFUSED_TO_USERS:
                return


def _judged(one: Asked) -> Iterator[Observation]:
    permitted = one.permitted
    if permitted is None or permitted.status in _REFUSED_TO_USERS or not one.answers:
        status = "nothing" if permitted is None else str(permitted.status)
        yield saw(Outcome.UNTRIED, NO_LOGIN, one.route, f"nobody permitted got further ({status}), so refusals would say nothing")
        return
    control, safe = shown(permitted, one.who), one.path if one.method in SAFE else ""
    for attack, fix, names in ((NO_LOGIN, "", {"none"}), (WORTHLESS, _VERIFY, one.answers.keys() - {"none"})):
        answers = {name: answer for name, answer in one.answers.items() if name in names}
        served = {name: answer for name, answer in answers.items() if is_let_in(answer, permitted, safe)}
        failed = {name: answer for name, answer in answers.items() if answer.status >= 500 and answer.status != 503}
        if served:
            name, answer = next(iter(served.items()))
            detail = f"served to a stranger ({answer.status}); credentials: {name}"
            # A name that looks like a check may be one that only looks up who is there, and lets everybody in.
            is_meant = not one.route.rule and is_let_in(one.answers.get("none", answer), permitted, safe)
            outcome = Outcome.UNCLEAR if is_meant else Outcome.BROKEN
            detail += "; only the project knows whether that is meant" if is_meant else ""
            yield saw(outcome, attack, one.route, detail, answers=[shown(answer)], control=control, fix=fix)
        elif failed:
            name, answer = next(iter(failed.items()))
            detail = f"failed instead of refusing ({answer.status}); credentials: {name}"
            yield saw(Outcome.UNTRIED, attack, one.route, detail, answers=[shown(answer)], control=control)
        elif answers:
            told = ", ".join(f"{name} {answer.status}" for name, answer in answers.items())
            yield saw(Outcome.HELD, attack, one.route, f"refused: {told}", answers=[shown(next(iter(answers.values())))], control=control)


def is_let_in(answer: Answer, permitted: Answer, path: str = "") -> bool:
    """Whether a stranger got what somebody permitted gets: a success that is no login page, the same redirect, or data in one."""
    if 200 <= answer.status < 300:
        return not (_PASSWORD.search(answer.text) and not _PASSWORD.search(permitted.text))
    if 300 <= answer.status < 400:
        # The words of a redirect are the framework's ("You should be redirected automatically"), so they tell of nobody's data.
        if permitted.status < 300 and (told := _pieces(permitted.text)) and _shows(answer.text, told):
            return True
        same = answer.status == permitted.status and answer.header("location") == permitted.header("location")
        # Whoever is not signed in is led away from a way out as well, and nothing came of it.
        return same and not witness.leads_to_login(answer) and not witness.ends_session(path)
    return False


def _effects(cast: Cast, asked: Sequence[Asked]) -> Iterator[Observation]:
    """Something changed although every stranger was refused: once more, change by change, with a look at the state after each."""
    cast.reset()
    client = cast.nobody()
    before = cast.served.state()
    client.page("/")
    noisy = witness.changed(before, cast.served.state())
    for one in asked:
        if one.method in SAFE or one.permitted is None:
            continue
        before = cast.served.state()
        with contextlib.suppress(OSError):
            answer = _send(client, one, [], same_origin=False)
            if effect := sorted(witness.changed(before, cast.served.state()) - noisy):
                detail = f"answered {answer.status} and changed {', '.join(effect)} all the same"
                yield saw(Outcome.BROKEN, NO_LOGIN, one.route, detail, answers=[shown(answer)], control=shown(one.permitted, one.who))


def _knock(cast: Cast, route: RouteFacts) -> Iterator[Observation]:
    """A WebSocket without a login, with a token that nobody issued, and with a session that never was."""
    control: Exchanged | None = None
    with contextlib.suppress(OSError, TargetFailed):
        tried = ((user, client.socket(route.path, listen_seconds=0.05)) for user, client in cast.allowed(route))
        control = next((shown(answer, user.name) for user, answer in tried if answer.accepted), None)
    if control is None:
        yield saw(Outcome.UNTRIED, SOCKET, route, "no permitted user's handshake was accepted, so a refusal would say nothing")
        return
    told = []
    for name in ("none", "Bearer x"):
        stranger = cast.served.client()
        stranger.bearer = None if name == "none" else "x"
        with contextlib.suppress(OSError, TargetFailed):
            answer = stranger.socket(route.path, listen_seconds=0.3)
            told.append(f"{name} {answer.status}")
            if answer.accepted:
                detail = f"the socket opens for a stranger; credentials: {name}"
                yield saw(Outcome.BROKEN, SOCKET, route, detail, answers=[shown(answer)], control=control)
                return
    if told:
        yield saw(Outcome.HELD, SOCKET, route, f"refused: {', '.join(told)}", control=control)


# -- path-variants ------------------------------------------------------------------------------------------


def path_variants(stage: Stage) -> Evidence:
    """Ask for private pages under other spellings of their paths; what they show decides, not the status."""
    check = CheckId(f"{CONTROL}/path-variants")
    routes = [route for route in _private(stage) if "GET" in route.methods and not witness.ends_session(route.path)]
    if not routes:
        return _nothing_to_ask(stage, check)
    cast = Cast(stage)
    common = _shown_to_all(cast)
    seen: list[Observation] = []
    for route in _spread(routes):
        found = _private_page(cast, route, common)
        if found is not None:
            seen.append(_respelled(cast, route, *found))
        if stage.brief and seen and seen[-1].outcome is Outcome.BROKEN:
            break
    if not seen:
        reason = "no private page was shown to anybody who signed in"
        return Evidence(check=check, not_verified=reason, unlock=_DECLARE)
    return Evidence(check=check, observations=tuple(seen))


def _spread(routes: Sequence[RouteFacts]) -> list[RouteFacts]:
    """At most as many as are asked, from as many parts of the application as there are: first segments take turns."""
    parts = dict[str, list[RouteFacts]]()
    for route in routes:
        parts.setdefault(route.path.split("/")[1], []).append(route)
    turns = [part[i] for i in range(max(map(len, parts.values()))) for part in parts.values() if i < len(part)]
    return turns[:_MOST_PATHS]


def _shown_to_all(cast: Cast) -> str:
    """What strangers see anyway, so that it marks nothing as private."""
    texts = []
    entrances = [route.path for route in witness.reads(cast.stage.facts) if witness.is_entrance(route.path) and "{" not in route.path]
    for path in ("/", f"/{witness.marker('missing')}", *entrances[:3]):
        with contextlib.suppress(OSError):
            texts.append(cast.nobody().page(path).text)
    return "\n".join(texts)


def _private_page(cast: Cast, route: RouteFacts, common: str) -> tuple[str, User, Answer, frozenset[str]] | None:
    for user, client in cast.allowed(route):
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client)
            answer = client.page(path)
            told = frozenset(piece for piece in _pieces(answer.text) if piece not in common)
            refused = cast.nobody().page(path)
            if refused.status in _REFUSED_TO_USERS:  # the frame of a page, its menu and its name mark nothing as private
                told = frozenset(piece for piece in told if piece not in refused.text)
            # What strangers read at its own path, where no rule says that they must not, is nothing that a spelling could give away.
            open_anyway = not route.rule and _shows(refused.text, told)
            if answer.status == 200 and told and not open_anyway:
                return path, user, answer, told
    return None


def _pieces(text: str) -> frozenset[str]:
    """The words of a page or document that are long enough to be told from chance."""
    pieces = (_TAGS if "<" in text else _MARKS).split(text)
    return frozenset(piece.strip() for piece in pieces if len(piece.strip()) >= 6)


def _shows(text: str, told: frozenset[str]) -> bool:
    """Whether a good part of what was private stands there; names, tokens and times differ from one reader to the next."""
    return sum(piece in text for piece in told) * 3 > len(told)


def spellings(path: str) -> list[str]:
    """Other ways to write a path that some reader takes for the same."""
    first, _, rest = path[1:].partition("/")
    behind = f"/{rest}" if rest else ""
    coded = "".join(f"%{ord(letter):02x}" for letter in first[:1]) + first[1:]
    twice = coded.replace("%", "%25")
    return [
        f"/{first.swapcase()}{behind}", f"/{path}", f"{path}/", f"{path}/.", f"/x/..{path}", f"/x/..;{path}", f"/{coded}{behind}",
        f"/{twice}{behind}", f"{path}%2f", f"{path};a=b", f"{path}.json", f"{path}%00", f"{path}%0a", path.replace("/", "\\"),
    ]  # fmt: skip


def _respelled(cast: Cast, route: RouteFacts, path: str, user: User, answer: Answer, told: frozenset[str]) -> Observation:
    control, client, asked = shown(answer, user.name), cast.nobody(), list[str]()
    last: Answer | None = None
    for spelling in dict.fromkeys(spellings(path)):
        with contextlib.suppress(OSError):
            last = client.send("GET", spelling, headers=[("accept", "text/html, */*")])
            asked.append(str(last.status))
            if _shows(last.text, told):
                detail = f"a stranger reads the private page ({last.status}) at {spelling}"
                return saw(Outcome.BROKEN, SPELLING, route, detail, answers=[shown(last)], control=control)
    if last is None:
        return saw(Outcome.UNTRIED, SPELLING, route, "no spelling was answered", control=control)
    counted = ", ".join(f"{asked.count(status)} times {status}" for status in sorted(set(asked)))
    return saw(Outcome.HELD, SPELLING, route, f"nothing private shown: {counted}", answers=[shown(last)], control=control)


# -- public-list --------------------------------------------------------------------------------------------


def public_list(stage: Stage) -> Evidence:
    """Hold the routes that are public against the list that the project approved."""
    facts, check = stage.facts, CheckId(f"{CONTROL}/public-list")
    if facts.guard is None:
        reason = "only rules say which routes are meant to be public, and this application has none"
        return Evidence(check=check, not_verified=reason, unlock="ringwork.protect(app), with public(...) on what is open")
    if facts.approved_public is None:
        write = f"ringwork routes {facts.target} --public > ringwork-public.txt"
        return Evidence(
            check=check, not_verified="the project keeps no list of approved public routes", unlock=f"{write}, read it, commit it"
        )
    approved = frozenset(facts.approved_public)
    opened = [route for route in facts.routes if _is_open(stage, route)]
    seen = [_unapproved(stage, route) for route in opened if route.name not in approved]
    known = len(opened) - len(seen)
    if known or not opened:
        detail = f"{known} public routes, each approved" if known else "no route is public"
        read = max(known, len(facts.routes))
        seen.append(saw(Outcome.HELD, "public route without approval", "the list of approved routes", detail, read=read))
    return Evidence(check=check, observations=tuple(seen))


def _is_open(stage: Stage, route: RouteFacts) -> bool:
    if route.path.startswith("/ringwork-probe"):
        return False
    return route.rule == "public" or not witness.guards(stage.facts, CONTROL)


def _unapproved(stage: Stage, route: RouteFacts) -> Observation:
    attack = "public route without approval"
    if route.rule != "public":
        return saw(Outcome.BROKEN, attack, route, "nothing asks who is there, so the route is open, and nobody approved that")
    detail = f"declared public ({route.reason}), and not in the list; approve it in ringwork-public.txt, or take the mark off"
    return saw(Outcome.BROKEN, attack, route, detail)


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/anonymous-sweep"), kind=Kind.LIVE, run=anonymous_sweep),
    Check(id=CheckId(f"{CONTROL}/path-variants"), kind=Kind.LIVE, run=path_variants),
    Check(id=CheckId(f"{CONTROL}/public-list"), kind=Kind.ROUTES, run=public_list),
    reading.check(f"{CONTROL}/opt-outs", enforced=True),
)
