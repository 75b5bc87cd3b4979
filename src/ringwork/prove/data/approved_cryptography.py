"""Whether answers tell why a sealed or signed value was refused.

Against the padding oracle and its kin: encrypted and signed cookies and tokens of forms are altered byte by byte, cut, made longer and
recombined, and each refusal has to look like every other. An answer that takes an altered value for genuine is worse still.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import alterations, changes, credentials, reading, witness
from ringwork.prove.alterations import Shape
from ringwork.prove.changes import Change
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.credentials import BEARER, COOKIE, Credential, Presenter
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.jar import Cookie

CONTROL = "data.approved-cryptography"
ATTACK, TAKEN = "altered value whose refusal tells why", "altered value that is taken for genuine"
_MOST_PAGES, _MOST_COOKIES, _MOST_ASKED = 40, 6, 15
_MASKED = "csrfmiddlewaretoken"
_PROBE = "/ringwork-probe"


def padding_and_error_oracle(stage: Stage) -> Evidence:
    """Alter every cookie that pages ask for, and a form's token, and tell the refusals apart."""
    check = CheckId(f"{CONTROL}/padding-and-error-oracle")
    cast = Cast(stage, fresh=True)
    seen: list[Observation] = []
    for one in _in_use(cast):
        seen += _credential_judged(one, brief=stage.brief)
        if stage.brief and seen[-1].outcome is Outcome.BROKEN:
            return Evidence(check=check, observations=tuple(seen))
    seen += _of_forms(cast)
    if not any(o.outcome is not Outcome.UNTRIED for o in seen):
        reason = "no page asks for a cookie, and no form for a token, that is surely encrypted or signed"
        return Evidence(check=check, observations=tuple(seen)) if seen else Evidence(check=check, not_verified=reason)
    return Evidence(check=check, observations=tuple(seen))


# -- cookies ------------------------------------------------------------------------------------------------


def _in_use(cast: Cast) -> Iterator[Credential]:
    """Cookies that may be sealed, each with a page whose answer it changes; tokens of users too."""
    told, seen = set[str](), set[str]()
    for name, client in _people(cast, seen):
        if client.bearer and alterations.is_candidate(client.bearer) and BEARER not in told:
            told.add(BEARER)
            yield from (one for one in credentials.of_user(cast) if one.kind == BEARER)
        routes = list(_visited(cast, name, client, seen))
        for cookie in list(client.jar.cookies.values()):
            if cookie.name in told or not alterations.is_candidate(cookie.value) or len(told) >= _MOST_COOKIES:
                continue
            found = _asked_for(cast, cookie, name, client, routes)
            if found is not None:
                told.add(cookie.name)
                yield found


def _people(cast: Cast, seen: set[str]) -> Iterator[tuple[str, Client]]:
    """Browsers of those who may read a page that nobody has read before them, the most powerful first; then nobody's."""
    for user in reversed(cast.stage.users):
        if any(route.name not in seen and witness.may_enter(user, route) for route in witness.reads(cast.stage.facts)[:_MOST_PAGES]):
            client = cast.browser(user)
            if client is not None:
                yield user.name, client
    if not cast.stage.users:
        yield "", cast.served.client()


def _visited(cast: Cast, name: str, client: Client, seen: set[str]) -> Iterator[RouteFacts]:
    """The routes that a browser may read, those first that it has read now, so that it is given every cookie that they give."""
    user = next((user for user in cast.stage.users if user.name == name), None)
    routes = [route for route in witness.reads(cast.stage.facts)[:_MOST_PAGES] if user is None or witness.may_enter(user, route)]
    for route in routes:
        if route.name not in seen:
            with contextlib.suppress(OSError, TargetFailed):
                if client.page(cast.stage.fill(route, client=client if name else None)).status == 200:
                    seen.add(route.name)
                    yield route
    yield from (route for route in routes if "{" not in route.path)


def _asked_for(cast: Cast, cookie: Cookie, name: str, client: Client, routes: list[RouteFacts]) -> Credential | None:
    """The cookie with the first page that is the same twice with it, and another without it."""
    for route in list(dict.fromkeys(routes))[:_MOST_ASKED]:
        with contextlib.suppress(OSError, TargetFailed):
            path = cast.stage.fill(route, client=client if name else None)
            found = _changed_by(cookie, name, client, route, path)
            if found is not None:
                return found
    return None


def _changed_by(cookie: Cookie, name: str, client: Client, route: RouteFacts, path: str) -> Credential | None:
    # The page is asked with everything that the browser has, less or more this one cookie.
    nothing = client.page(path)
    one = Credential(
        kind=COOKIE,
        name=cookie.name,
        value=cookie.value,
        user=name,
        route=route,
        path=path,
        client=client,
        control=nothing,
        refused=nothing,
    )
    presenter = Presenter(one)
    try:
        first, without = presenter.show(cookie.value), presenter.show(None)
        if first.status != 200 or alterations.shape_of(first) == alterations.shape_of(without):
            return None
        again = presenter.show(cookie.value)
    finally:
        presenter.close()
    is_steady = alterations.shape_of(again) == alterations.shape_of(first)
    return dataclasses.replace(one, control=first, refused=without) if is_steady else None


def _credential_judged(one: Credential, *, brief: bool) -> list[Observation]:
    presenter = Presenter(one)
    try:
        found = _asked(one.value, presenter.show, brief=brief)
    finally:
        presenter.close()
    genuine = alterations.shape_of(one.control)
    taken = [how for how in found.get(genuine, ([], None))[0] if genuine != alterations.shape_of(one.refused)]
    return list(_judged(one.called, found, taken, shown(one.control, one.user), certain=alterations.is_certain(one.value)))


Refusals = dict[Shape, tuple[list[str], Answer | None]]
"""How the value was altered, by what was answered, with the first such answer."""


def _asked(value: str, ask: Callable[[str], Answer], *, brief: bool) -> Refusals:
    """What came of each alteration; nothing where the page differs by itself, so that its answers cannot be told apart."""
    found: Refusals = {}
    firsts: dict[Shape, str] = {}
    # What may as well be a random key is altered at its bytes alone: everybody knows how long the site's keys are.
    is_certain = alterations.is_certain(value)
    for how, other in alterations.altered(value, brief=brief):
        if not is_certain and not how.endswith(alterations.ALTERED):
            continue
        with contextlib.suppress(OSError):
            answer = ask(other)
            found.setdefault(alterations.shape_of(answer), ([], answer))[0].append(how)
            firsts.setdefault(alterations.shape_of(answer), other)
    # Against a page that changes with the clock, which is taken for one that tells why: each answer has to come again, the last one first.
    with contextlib.suppress(OSError):
        if len(found) > 1 and any(alterations.shape_of(ask(other)) != shape for shape, other in reversed(firsts.items())):
            return {}
    return found


def _judged(where: str, found: Refusals, taken: list[str], control: Exchanged, *, certain: bool) -> Iterator[Observation]:
    if not found:
        yield saw(Outcome.UNTRIED, ATTACK, where, "the page differs by itself, so what it refuses cannot be told apart", control=control)
        return
    count = sum(len(ways) for ways, _ in found.values())
    answers = [shown(answer) for _, answer in found.values() if answer is not None][:3]
    if taken and certain:
        detail = f"{len(taken)} of {count} altered values were taken for genuine: {taken[0]}"
        yield saw(Outcome.BROKEN, TAKEN, where, detail, answers=answers, control=control)
    if len(found) > 1:
        told = "; ".join(f"{shape.told} for {len(ways)} ({ways[0]})" for shape, (ways, _) in list(found.items())[:3])
        detail = f"{count} altered values are refused in {len(found)} ways that a client can tell apart: {told}"
        yield saw(Outcome.BROKEN, ATTACK, where, detail, answers=answers, control=control)
    elif not certain:
        detail = f"{count} altered values are refused alike, but it may be a random key, in which there is nothing to open"
        yield saw(Outcome.UNTRIED, ATTACK, where, detail, answers=answers, control=control)
    elif not taken:
        detail = f"{count} altered values are refused alike, with {next(iter(found)).told}"
        yield saw(Outcome.HELD, ATTACK, where, detail, answers=answers, control=control, read=count)


# -- tokens of forms ----------------------------------------------------------------------------------------


def _of_forms(cast: Cast) -> Iterator[Observation]:
    """The signed token of one form, altered and posted by the user's own browser."""
    found = changes.find(cast, most=1, attack=ATTACK, forms_only=True)
    # Django's is a secret under a mask: nothing in it is opened, and with DEBUG the refusal says to its author which form it had.
    asked = (one for one in found.changes if one.token_field not in {"", _MASKED} and not one.path.startswith(_PROBE))
    for change in asked:
        with contextlib.suppress(TargetFailed, OSError):
            client = cast.browser(change.user)
            value = changes.token_of(change, client) if client is not None else ""
            if client is not None and change.control is not None and alterations.is_candidate(value) and alterations.is_certain(value):
                yield from _form_judged(cast, change, client, value, change.control)


def _form_judged(cast: Cast, change: Change, client: Client, value: str, control: Exchanged) -> Iterator[Observation]:
    browser = client.fork()

    def post(token: str | None) -> Answer:
        return browser.send("POST", change.path, headers=changes.headers_of(change), body=changes.form_body(change, token))

    try:
        # A form that goes through without its token asks nobody for one; that is browser.csrf's to say.
        found = _asked(value, post, brief=cast.stage.brief) if not witness.is_served(post(None)) else {}
    finally:
        browser.close()
    if not found:
        return
    taken = [how for shape, (ways, answer) in found.items() if answer is not None and witness.is_served(answer) for how in ways]
    yield from _judged(f"form token of {change.route.name}", found, taken, control, certain=True)


CHECKS: tuple[Check, ...] = (
    Check(
        id=CheckId(f"{CONTROL}/padding-and-error-oracle"), kind=Kind.LIVE, run=padding_and_error_oracle, planted=ProbeRoute.PADDING_ORACLE
    ),
    reading.check(f"{CONTROL}/weak-primitive"),
    reading.check(f"{CONTROL}/home-made"),
)
