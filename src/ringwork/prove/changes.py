"""State changes that somebody permitted can ask for: the honest request first, and whether an attempt had its effect.

Against the refusal that means nothing: a forged request says something only where the same request, sent honestly, was seen to
work on this copy, before and after.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from ringwork.errors import TargetFailed
from ringwork.prove import witness
from ringwork.prove.check import User
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import forms
from ringwork.survey.wire.client import FORM, Answer, Client

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One state change as `user` may ask for it.

    kind: media type of the body, "" without one. page: where its form is shown, "" where there is none. fields: of the form,
    token apart. token_field: the field of the form's token, "" for none. control: the honest exchange. effect: the stores that
    it changed, empty where none was seen to change; expected: its status.
    """

    route: RouteFacts
    method: str
    user: User
    path: str
    kind: str
    body: bytes = b""
    page: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    token_field: str = ""
    control: Exchanged | None = None
    effect: frozenset[str] = frozenset()
    expected: int = 0

    @property
    def is_form(self) -> bool:
        """Whether it is sent by a form of a page."""
        return bool(self.page)


@dataclass(slots=True, kw_only=True)
class Found:
    """What was found. open_to_all: routes that need no cookie, so that nothing of a victim is ridden."""

    changes: list[Change] = field(default_factory=list)
    untried: list[Observation] = field(default_factory=list)
    open_to_all: list[RouteFacts] = field(default_factory=list)
    bearer: list[RouteFacts] = field(default_factory=list)


Attempt = Callable[[Client], Answer | None]
"""A forgery, sent by the victim's browser; None when it could not be made."""


def noise(cast: Cast, client: Client) -> frozenset[str]:
    """Stores that change when a page is merely read: last-seen times and counters."""
    before = cast.served.state()
    for route in witness.reads(cast.stage.facts)[:4]:
        with contextlib.suppress(OSError, TargetFailed):
            client.page(cast.stage.fill(route, client=client))
    return witness.changed(before, cast.served.state())


def find(cast: Cast, *, most: int, attack: str) -> Found:
    """Changes that work honestly, forms and JSON in turn, at most `most` of each; `attack` names what is untried elsewhere."""
    found = Found()
    quiet = noise(cast, cast.strongest()[1])
    counts = {True: 0, False: 0}
    for route in witness.changes(cast.stage.facts):
        if route.rule == "public" or route.csrf_exempt or counts[route.body != "json"] >= most:
            continue
        if _open_to_all(cast, route, quiet):
            found.open_to_all.append(route)
            continue
        change = _first_working(cast, route, quiet, found) or _after_reset(cast, route, quiet, found)
        if change is not None:
            found.changes.append(change)
            counts[route.body != "json"] += 1
        elif route not in found.bearer:
            detail = "no honest request worked, so a forged one would say nothing"
            found.untried.append(saw(Outcome.UNTRIED, attack, route, detail))
    return found


def _open_to_all(cast: Cast, route: RouteFacts, quiet: frozenset[str]) -> bool:
    """Whether the change works without any login; asked only where neither rule nor guard was recognised."""
    if route.rule or route.guarded_by:
        return False
    with contextlib.suppress(OSError, TargetFailed):
        kind, body = cast.stage.body(route) or ("", b"")
        before = cast.served.state()
        headers = [("content-type", kind)] if kind else []
        answer = cast.nobody().send(witness.unsafe_method(route), cast.stage.fill(route), headers=headers, body=body)
        if witness.changed(before, cast.served.state()) - quiet:
            cast.reset()
            return True
        return 200 <= answer.status < 300
    return False


def _after_reset(cast: Cast, route: RouteFacts, quiet: frozenset[str], found: Found) -> Change | None:
    """Once more on the copy as it was at its start: an earlier change may have used up what this one needs."""
    if route in found.bearer or not found.changes:
        return None
    cast.reset()
    return _first_working(cast, route, quiet, found)


def _first_working(cast: Cast, route: RouteFacts, quiet: frozenset[str], found: Found) -> Change | None:
    for user, client in cast.allowed(route):
        if client.bearer or not client.jar.cookies:
            if route not in found.bearer:
                found.bearer.append(route)
            continue
        with contextlib.suppress(OSError, TargetFailed):
            draft = _draft(cast, route, user, client)
            change = _prove(cast, draft, client, quiet) if draft is not None else None
            if change is not None:
                return change
    return None


def _draft(cast: Cast, route: RouteFacts, user: User, client: Client) -> Change | None:
    method = witness.unsafe_method(route)
    given = cast.stage.body(route)
    kind, body = given or ("", b"")
    shown_form = None if kind == JSON else _form(cast, route, user, client)
    if shown_form is not None:
        known = dict(parse_qsl(body.decode("utf-8", "replace"))) if kind.startswith(FORM) else {}
        fields = {name: value or known.get(name, "probe") for name, value in shown_form.fields.items() if name != shown_form.token_field}
        return Change(
            route=route, method="POST", user=user, path=shown_form.action, kind=FORM, page=shown_form.page, fields=fields,
            token_field=shown_form.token_field,
        )  # fmt: skip
    if kind.startswith(FORM) and method == "POST" and cast.stage.facts.guard is not None:
        return None  # the form is not shown to this user now; without its page there is no token
    path = cast.stage.fill(route, client=client)
    return Change(route=route, method=method, user=user, path=path, kind=kind if body else "", body=body)


def _form(cast: Cast, route: RouteFacts, user: User, client: Client) -> forms.Form | None:
    if "POST" not in route.methods:
        return None
    return next((f for f in cast.visible_forms(user.name, client) if f.method == "POST" and witness.matches(route.path, f.action)), None)


def _prove(cast: Cast, draft: Change, client: Client, quiet: frozenset[str]) -> Change | None:
    before = cast.served.state()
    answer = honest(draft, client)
    if answer is None or not witness.is_served(answer):
        return None
    effect = witness.changed(before, cast.served.state()) - quiet
    return Change(
        route=draft.route, method=draft.method, user=draft.user, path=draft.path, kind=draft.kind, body=draft.body, page=draft.page,
        fields=draft.fields, token_field=draft.token_field, control=shown(answer, draft.user.name), effect=effect, expected=answer.status,
    )  # fmt: skip


def fresh_form(change: Change, client: Client) -> forms.Form | None:
    """The change's form as its page shows it to this browser now, with a fresh token."""
    if not change.page:
        return None
    with contextlib.suppress(OSError):
        page = client.page(change.page)
        return next((f for f in forms.forms_of(page.text, change.page) if f.action == change.path), None)
    return None


def token_of(change: Change, client: Client) -> str:
    """A fresh token of the change's form, "" for none."""
    form = fresh_form(change, client)
    return form.fields.get(form.token_field, "") if form is not None and form.token_field else ""


def form_body(change: Change, token: str | None) -> bytes:
    """The form's fields, with this token, or without any for None."""
    name = change.token_field or "csrf_token"
    return urlencode({**change.fields, **({name: token} if token is not None else {})}).encode()


def headers_of(change: Change) -> list[tuple[str, str]]:
    """The content type, where there is a body."""
    return [("content-type", change.kind)] if change.kind else []


def honest(change: Change, client: Client, *, token: str | None = None) -> Answer | None:
    """The request as the site's own page sends it; None when the page no longer shows the form."""
    if not change.is_form:
        return client.send(change.method, change.path, headers=headers_of(change), body=change.body)
    form = fresh_form(change, client) if token is None else None
    if token is None and form is None:
        return None
    known = form.fields.get(form.token_field) if form is not None and form.token_field else None
    return client.send("POST", change.path, headers=headers_of(change), body=form_body(change, known if token is None else token))


class Trial:
    """Forgeries against one change: all at once first, then, where something came of it, one by one on a fresh copy."""

    def __init__(self, cast: Cast, change: Change) -> None:
        self.cast, self.change = cast, change

    def victim(self) -> Client:
        """The browser that is signed in as the change's user. Raises TargetFailed."""
        client = self.cast.browser(self.change.user)
        if client is None:
            raise TargetFailed(step="login", problem=f"{self.change.user.name} could not sign in any more", advice="run again")
        return client

    def run(self, attempts: Mapping[str, Attempt]) -> Iterator[Observation]:
        """Make every attempt; one observation each."""
        client, served = self.victim(), self.cast.served
        before = served.state()
        answers = {attack: _sent(attempt, client) for attack, attempt in attempts.items()}
        effect = self._effect(before, served.state())
        if not effect and not any(answer is not None and witness.is_served(answer) for answer in answers.values()):
            yield from (self._told(attack, answer, frozenset()) for attack, answer in answers.items())
            return
        self.cast.reset()
        yield from self._one_by_one(attempts)

    def _one_by_one(self, attempts: Mapping[str, Attempt]) -> Iterator[Observation]:
        is_used = False
        before = self.cast.served.state()
        for attack, attempt in attempts.items():
            answer = _sent(attempt, self.victim())
            after = self.cast.served.state()
            effect = self._effect(before, after)
            if is_used and not effect and answer is not None and answer.status not in {401, 403}:
                # An earlier forgery may have used up what this one needs (409, 404): once more on the copy as it was.
                self.cast.reset()
                is_used, before = False, self.cast.served.state()
                answer = _sent(attempt, self.victim())
                after = self.cast.served.state()
                effect = self._effect(before, after)
            is_used = is_used or bool(effect)
            before = after
            yield self._told(attack, answer, effect)
        if is_used:
            self.cast.reset()

    def _effect(self, before: Mapping[str, str], after: Mapping[str, str]) -> frozenset[str]:
        return witness.changed(before, after) & self.change.effect

    def _told(self, attack: str, answer: Answer | None, effect: frozenset[str]) -> Observation:
        change = self.change
        if answer is None:
            return saw(Outcome.UNTRIED, attack, change.route, "what this forgery needs could not be had", control=change.control)
        seen = [shown(answer, change.user.name)]
        if effect or (not change.effect and witness.is_served(answer)):
            words = f"changed {', '.join(sorted(effect))}" if effect else "was processed"
            detail = f"the forged request {words} (answered {answer.status})"
            return saw(Outcome.BROKEN, attack, change.route, detail, answers=seen, control=change.control)
        words = "answered" if witness.is_served(answer) else "refused"
        detail = f"{words} with {answer.status}, nothing changed"
        return saw(Outcome.HELD, attack, change.route, detail, answers=seen, control=change.control)

    def replayed(self, attack: str, token: str) -> Iterator[Observation]:
        """The honest request, which must still work, and then the same once more with the token that it has spent."""
        change, client, served = self.change, self.victim(), self.cast.served
        first = honest(change, client, token=token)
        before = served.state()
        if first is None or not witness.is_served(first):
            status = first.status if first is not None else 0
            yield saw(Outcome.UNTRIED, attack, change.route, f"the honest request no longer worked after the forgeries ({status})")
            return
        again = honest(change, client, token=token)
        effect = self._effect(before, served.state())
        if again is not None and again.status in {404, 409, 410, 422}:
            detail = f"the change cannot be made twice ({again.status}), so a second use shows nothing"
            yield saw(Outcome.UNTRIED, attack, change.route, detail, control=shown(first, change.user.name))
            return
        yield self._told(attack, again, effect)


def _sent(attempt: Attempt, client: Client) -> Answer | None:
    with contextlib.suppress(OSError, TargetFailed):
        return attempt(client)
    return None
