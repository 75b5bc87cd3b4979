"""Whether private answers are kept out of every cache, whatever they are called, and whether a logout clears the browser.

Against the next user of a machine or of a cache: each page that a user can read is fetched as that user and its headers are
read, private pages are asked for under the names of static files, and every logout is made.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage, User
from ringwork.prove.evidence import Evidence, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import FORM, Answer, Client

CONTROL = "browser.cache-control"
_LOUDER = ("cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "x-accel-expires", "edge-control")
_NO_USER = "declare users: [[prove.users]]"
_MOST_ROUTES = 40


def authenticated_responses(stage: Stage) -> Evidence:
    """Fetch every page as somebody who may read it, a missing page and a redirect too, and read what caches are told."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/authenticated-responses")
    seen: list[Observation] = []
    for route in witness.reads(stage.facts)[:_MOST_ROUTES]:
        found = _private(cast, route)
        if found is not None:
            seen.append(_judged(stage, route, *found))
        if stage.brief and seen and seen[-1].outcome is Outcome.BROKEN:
            break
    if not seen:
        unlock = "" if stage.users else _NO_USER
        return Evidence(check=check, not_verified="no private page answered anybody", unlock=unlock)
    if stage.facts.guard is not None:
        seen += _others(cast)
    return Evidence(check=check, observations=tuple(seen))


def _private(cast: Cast, route: RouteFacts) -> tuple[User, Answer] | None:
    """A user's 200 to what nobody without a login may read; None where everybody may, or no user can."""
    if route.rule == "public":
        return None
    for user, client in cast.allowed(route):
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client)
            answer = client.page(path)
            if answer.status != 200:
                continue
            # Without a rule only a refusal tells that the page is somebody's; a greeting on an open page is not yet private.
            return None if not route.rule and witness.is_served(cast.nobody().page(path)) else (user, answer)
    return None


def _judged(stage: Stage, route: RouteFacts, user: User, answer: Answer) -> Observation:
    attack, seen = "private answer kept by a cache", [shown(answer, user.name)]
    declared: Mapping[str, str] = stage.facts.guard.settings.get("cacheable", {}) if stage.facts.guard is not None else {}
    wrong = _keepable(answer)
    if wrong and route.name in declared:
        return saw(Outcome.HELD, attack, route, f"may be kept, by declaration: {declared[route.name]}", answers=seen, read=1)
    if wrong:
        return saw(Outcome.BROKEN, attack, route, wrong, answers=seen)
    return saw(Outcome.HELD, attack, route, "no-store, and nothing that outranks it", answers=seen, read=len(answer.headers))


def _others(cast: Cast) -> Iterator[Observation]:
    """Errors and redirects to a signed-in user, as ringwork settles them."""
    name, client = cast.strongest()
    if not name:
        return
    served = cast.served
    for attack, path in (
        ("error to a user kept by a cache", f"/{witness.marker('missing')}"),
        ("error of a handler to a user kept by a cache", f"{served.probe_path(ProbeRoute.ABORTS)}?status=403"),
        ("redirect to a user kept by a cache", served.probe_path(ProbeRoute.MOVED)),
        ("answer with a cookie kept by a cache", served.probe_path(ProbeRoute.SETS_COOKIES)),
    ):
        with contextlib.suppress(OSError):
            answer = client.page(path)
            wrong = _keepable(answer)
            outcome = Outcome.BROKEN if wrong else Outcome.HELD
            detail = wrong or f"{answer.status}: no-store"
            yield saw(outcome, attack, "all answers", detail, answers=[shown(answer, name)], read=len(answer.headers))


def _keepable(answer: Answer) -> str:
    """What lets a cache keep the answer, in words; "" for nothing."""
    told = {word.strip().lower() for value in answer.header("cache-control") for word in value.split(",")}
    louder = next((name for name in _LOUDER if answer.header(name) and "no-store" not in answer.header(name)[0]), "")
    if louder:
        return f"{louder} outranks Cache-Control"
    if "no-store" in told:
        return ""
    if not told and not answer.header("expires"):
        validators = [name for name in ("etag", "last-modified") if answer.header(name)]
        return "no Cache-Control" + (f", and {validators[0]} lets caches guess" if validators else "")
    return f"Cache-Control: {', '.join(answer.header('cache-control'))[:80] or 'only Expires'}; no-store is missing"


# -- static-suffix ------------------------------------------------------------------------------------------

_NAMES = ("{path}/{word}.css", "{path}%2f{word}.js", "{path};{word}.png", "{path}%00{word}.css")


def static_suffix(stage: Stage) -> Evidence:
    """Ask for private pages under the names of static files, as the user whom an attacker's link brings there."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/static-suffix")
    seen: list[Observation] = []
    for route in witness.reads(stage.facts)[:_MOST_ROUTES]:
        found = _private(cast, route)
        client = cast.browser(found[0]) if found is not None else None
        if found is not None and client is not None:
            seen.append(_suffixed(cast, route, found[0].name, client, found[1]))
    name, client = cast.strongest()
    if stage.facts.guard is not None and name:
        # No page of the application may swallow names; this one of the harness does, so that the guard is seen at work.
        seen.append(_swallowing(cast, name, client))
    if not seen:
        unlock = "" if stage.users else _NO_USER
        return Evidence(check=check, not_verified="no private page answered anybody", unlock=unlock)
    return Evidence(check=check, observations=tuple(seen))


def _suffixed(cast: Cast, route: RouteFacts, who: str, client: Client, honest: Answer) -> Observation:
    path = cast.stage.fill(route, client=client).partition("?")[0].rstrip("/")
    if not path:
        return saw(Outcome.UNTRIED, "page under a static name", route, "the page of / has no name to add to")
    control, word = shown(honest, who), witness.marker("x")
    tried = 0
    for template in _NAMES:
        with contextlib.suppress(OSError):
            answer = client.page(template.format(path=path, word=word))
            tried += 1
            if answer.status == 200 and _same_page(answer, honest):
                detail = f"{template.format(path=route.path, word='x')} answers with the private page ({answer.media_type})"
                return saw(Outcome.BROKEN, "page under a static name", route, detail, answers=[shown(answer, who)], control=control)
    detail = f"{tried} static names, none of them answers with the page"
    return saw(Outcome.HELD, "page under a static name", route, detail, control=control)


def _same_page(answer: Answer, honest: Answer) -> bool:
    """Whether it is the page itself: of its kind, and about as long. A download that is what its name says is of another kind."""
    if answer.media_type != honest.media_type:
        return False
    shorter, longer = sorted((len(answer.body), len(honest.body)))
    return longer - shorter <= max(200, longer // 5)


def _swallowing(cast: Cast, name: str, client: Client) -> Observation:
    where, attack = "a handler that answers whatever follows its path", "page under a static name"
    at = cast.served.probe_path(ProbeRoute.SWALLOWS)
    honest, answer = client.page(f"{at}/mail"), client.page(f"{at}/{witness.marker('x')}.css")
    if honest.status != 200:
        return saw(Outcome.UNTRIED, attack, where, f"the page itself was answered {honest.status}")
    control, seen = shown(honest, name), [shown(answer, name)]
    if answer.status == 200:
        return saw(Outcome.BROKEN, attack, where, "a page is handed to a signed-in user as a style sheet", answers=seen, control=control)
    return saw(Outcome.HELD, attack, where, f"refused with {answer.status}", answers=seen, control=control)


# -- logout-clearing ----------------------------------------------------------------------------------------


def logout_clearing(stage: Stage) -> Evidence:
    """Sign in, sign out by every logout route, and read what the browser is told to forget."""
    cast = Cast(stage)
    check = CheckId(f"{CONTROL}/logout-clearing")
    routes = [r for r in witness.http_routes(stage.facts) if witness.ends_session(r.path) and "{" not in r.path]
    if not routes:
        return Evidence(check=check, not_verified="no logout route was found")
    seen = [one for route in routes for one in _logout(cast, route)]
    return Evidence(check=check, observations=tuple(seen))


def _logout(cast: Cast, route: RouteFacts) -> Iterator[Observation]:
    attack = "browser keeps its data after logout"
    for user in reversed(cast.stage.users):
        client = None
        with contextlib.suppress(TargetFailed, OSError):
            client = cast.served.login(user)
        if client is None or not witness.may_enter(user, route):
            continue
        if client.bearer:
            yield saw(Outcome.UNTRIED, attack, route, f"{user.name} signs in with a token, which no header takes back")
            return
        before = _reading(cast, client)
        answer = _signed_out(cast, user.name, route, client)
        if answer is None or not (witness.is_served(answer) or witness.leads_to_login(answer)):
            yield saw(Outcome.UNTRIED, attack, route, "the logout did not work, so its headers say nothing")
            return
        yield _cleared(route, user.name, answer, before)
        return
    yield saw(Outcome.UNTRIED, attack, route, "nobody could sign in to sign out")


def _reading(cast: Cast, client: Client) -> Answer | None:
    """A page that the user can read before, so that there was something to sign out of."""
    for route in witness.reads(cast.stage.facts):
        if route.rule != "public":
            with contextlib.suppress(OSError, TargetFailed):
                answer = client.page(cast.stage.fill(route, client=client))
                if answer.status == 200:
                    return answer
    return None


def _signed_out(cast: Cast, name: str, route: RouteFacts, client: Client) -> Answer | None:
    method = witness.unsafe_method(route) if {"POST", "PUT", "PATCH", "DELETE"} & set(route.methods) else "GET"
    form = next((form for form in cast.visible_forms(name, client, fresh=True) if form.action == route.path), None)
    fields: Mapping[str, str] = form.fields if form is not None else {}
    kind, body = (FORM, urlencode(fields).encode()) if form is not None else ("application/json", b"{}")
    with contextlib.suppress(OSError):
        return client.send(
            method, route.path, headers=[("content-type", kind)] if method != "GET" else [], body=b"" if method == "GET" else body
        )
    return None


def _cleared(route: RouteFacts, name: str, answer: Answer, before: Answer | None) -> Observation:
    attack = "browser keeps its data after logout"
    told = {word.strip().strip('"') for value in answer.header("clear-site-data") for word in value.split(",")}
    control = shown(before, name) if before is not None else None
    missing = [] if "*" in told else [word for word in ("cache", "storage") if word not in told]
    if missing:
        detail = f"Clear-Site-Data {'is missing' if not told else 'does not name ' + ' and '.join(missing)}"
        return saw(Outcome.BROKEN, attack, route, detail, answers=[shown(answer, name)], control=control)
    return saw(Outcome.HELD, attack, route, "cache and storage are cleared", answers=[shown(answer, name)], control=control, read=len(told))


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/authenticated-responses"), kind=Kind.LIVE, run=authenticated_responses),
    Check(id=CheckId(f"{CONTROL}/static-suffix"), kind=Kind.LIVE, run=static_suffix),
    Check(id=CheckId(f"{CONTROL}/logout-clearing"), kind=Kind.LIVE, run=logout_clearing),
)
