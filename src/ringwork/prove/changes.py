"""State changes that somebody permitted can ask for: the honest request first, and whether an attempt had its effect.

Against the refusal that means nothing: a forged request says something only where the same request, sent honestly, was seen to
work on this copy, before and after.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ringwork.errors import TargetFailed
from ringwork.prove import rows, witness
from ringwork.prove.check import User
from ringwork.prove.evidence import Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import forms
from ringwork.survey.wire.client import FORM, Answer, Client

JSON = "application/json"
_OWN_WORD = re.compile(r"rw[0-9a-f]{16}")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Stores whose change says little. always: they change with every page. by_login: when somebody signs in."""

    always: frozenset[str]
    by_login: frozenset[str]


def noise(cast: Cast, client: Client) -> frozenset[str]:
    """Stores that change whichever page is read: last-seen times, counters of requests, and what a first visit begins.

    Against a hole that hides itself: what one page alone changes in tables and files is that page's deed, and no noise. What modules keep
    may be what a page was worked out of, kept for the next time.
    """
    deeds = witness.deeds(cast.stage.facts)
    routes = [route for route in witness.reads(cast.stage.facts) if route.path not in deeds]
    # What has no parameter is asked for without looking round, which follows links that may do something.
    asked = [route for route in routes if "{" not in route.path][:4] or routes[:4]

    def read(routes: Sequence[RouteFacts]) -> frozenset[str]:
        before = cast.served.state()
        for route in routes:
            with contextlib.suppress(OSError, TargetFailed):
                client.page(cast.stage.fill(route, client=client))
        return witness.changed(before, cast.served.state())

    together = read(asked)
    alone = [read([route]) for route in asked] if together and len(asked) > 1 else [together, together]
    return frozenset(name for name in together if name.startswith(rows.IN_MODULES) or sum(name in some for some in alone) != 1)


def _changed_by_login(cast: Cast) -> frozenset[str]:
    """Stores that change when somebody signs in."""
    before = cast.served.state()
    for user in cast.stage.users[:1]:
        with contextlib.suppress(TargetFailed, OSError):
            cast.served.login(user)
    return witness.changed(before, cast.served.state())


def find(cast: Cast, *, most: int, attack: str, forms_only: bool = False) -> Found:
    """Changes that work honestly, at most `most` by form and as many by JSON; `attack` names what could not be tried elsewhere."""
    found, failed = Found(), list[RouteFacts]()
    noisy = noise(cast, cast.strongest()[1])
    quiet = Quiet(always=noisy, by_login=_changed_by_login(cast) - noisy)
    counts = {True: 0, False: 0}
    # What the application takes out of its check is asked about first: of many routes only some are.
    for route in sorted(witness.changes(cast.stage.facts), key=lambda route: not route.exempted_by):
        by_form = route.body != "json"
        if route.rule == "public" or route.csrf_exempt or counts[by_form] >= most:
            continue
        if forms_only and (not by_form or "POST" not in route.methods):
            continue
        if _open_to_all(cast, route, quiet):
            found.open_to_all.append(route)
            continue
        change = _first_working(cast, route, quiet, found, forms_only=forms_only)
        counts[by_form] += change is not None
        if change is not None:
            found.changes.append(change)
        elif route not in found.bearer:
            failed.append(route)
    if failed and found.changes:
        # An earlier change may have used up what a later one needs: once more on the copy as it was at its start.
        cast.reset()
    for route in failed:
        change = _first_working(cast, route, quiet, found, forms_only=forms_only) if found.changes else None
        if change is not None:
            found.changes.append(change)
        else:
            detail = "no honest request worked, so a forged one would say nothing"
            found.untried.append(saw(Outcome.UNTRIED, attack, route, detail))
    return found


def _open_to_all(cast: Cast, route: RouteFacts, quiet: Quiet) -> bool:
    """Whether the change works without any login; asked only where neither rule nor guard was recognised."""
    if route.rule or route.guarded_by:
        return False
    with contextlib.suppress(OSError, TargetFailed):
        kind, body = cast.stage.body(route) or ("", b"")
        before = cast.served.state()
        headers = [("content-type", kind)] if kind else []
        answer = cast.nobody().send(witness.unsafe_method(route), cast.stage.fill(route), headers=headers, body=body)
        if witness.changed(before, cast.served.state()) - quiet.always - quiet.by_login:
            cast.reset()
            return True
        return 200 <= answer.status < 300
    return False


def _first_working(cast: Cast, route: RouteFacts, quiet: Quiet, found: Found, *, forms_only: bool) -> Change | None:
    for user, client in cast.one_by_one(route):
        if client.is_scripted:
            if route not in found.bearer:
                found.bearer.append(route)
            continue
        with contextlib.suppress(OSError, TargetFailed):
            for draft in _drafts(cast, route, user, client, forms_only=forms_only):
                change = _prove(cast, draft, client, quiet)
                if change is not None:
                    return change
    return None


def _drafts(cast: Cast, route: RouteFacts, user: User, client: Client, *, forms_only: bool) -> Iterator[Change]:
    """Ways to ask for the change, likeliest first: values as found, then fresh words, then what the application's forms offer."""
    kind, body = cast.stage.body(route) or ("", b"")
    form = None if kind == JSON else _form(cast, route, user, client)
    if form is not None:
        known = dict(parse_qsl(body.decode("utf-8", "replace"))) if kind.startswith(FORM) else {}
        for fields in (_filled(form, known), _filled(form, {})):
            yield Change(
                route=route,
                method="POST",
                user=user,
                path=form.action,
                kind=FORM,
                page=form.page,
                fields=fields,
                token_field=form.token_field,
            )
        return
    if forms_only or (kind.startswith(FORM) and "POST" in route.methods and cast.stage.facts.guard is not None):
        return  # the form is not shown to this user now; without its page there is no token
    path, method = cast.stage.fill(route, client=client), witness.unsafe_method(route)
    for variant in _json_variants(cast, user, client, body) if kind == JSON else (body,):
        yield Change(route=route, method=method, user=user, path=path, kind=kind if variant else "", body=variant)


def _filled(form: forms.Form, known: Mapping[str, str]) -> dict[str, str]:
    """The form's fields, token apart: what the page gives, then what is known, then a fresh word of the field's kind."""
    return {
        name: value or (known.get(name) or _word(name, form.kinds.get(name, "")))[: form.most.get(name)]
        for name, value in form.fields.items()
        if name != form.token_field
    }


def _word(name: str, kind: str) -> str:
    word = witness.marker("rw")
    if kind == "email" or "mail" in name.lower():
        return f"{word}@example.org"
    return {"number": "1", "date": "2031-05-14", "time": "10:30", "datetime-local": "2031-05-14T10:30"}.get(kind, word)


def _json_variants(cast: Cast, user: User, client: Client, body: bytes) -> Iterator[bytes]:
    """The body, then the same object with values that forms offer under its names, as text and as numbers; made when asked for."""
    yield body
    try:
        given = json.loads(body)
    except ValueError:
        return
    if not isinstance(given, dict):
        return
    fresh = {name: _word(name, "") for name, value in given.items() if isinstance(value, str) and value.startswith("probe")}
    if fresh:
        yield json.dumps({**given, **fresh}).encode()
    offered = dict[str, str]()
    for form in cast.visible_forms(user.name, client):
        offered |= {name: value for name, value in form.fields.items() if value and name in given and name != form.token_field}
    texts: dict[str, Any] = {**given, **fresh, **offered}
    numbers = {name: int(v) if isinstance(v, str) and v.isdecimal() else v for name, v in texts.items()}
    known = [{**given, **fresh}]
    for variant in (texts, numbers):
        if variant not in known:
            known.append(variant)
            yield json.dumps(variant).encode()


def _form(cast: Cast, route: RouteFacts, user: User, client: Client) -> forms.Form | None:
    if "POST" not in route.methods:
        return None
    return next((f for f in cast.visible_forms(user.name, client) if f.method == "POST" and witness.matches(route.path, f.action)), None)


def _prove(cast: Cast, draft: Change, client: Client, quiet: Quiet) -> Change | None:
    before = cast.served.state()
    answer = honest(draft, client)
    if answer is None or not witness.is_served(answer):
        return None
    seen = witness.changed(before, cast.served.state()) - quiet.always
    effect = seen - quiet.by_login
    if seen and not effect:
        # Nobody signs in between: what changes each time is changed by the request, and not by a session that is noted now and then.
        before = cast.served.state()
        again = honest(draft, client)
        effect = witness.changed(before, cast.served.state()) - quiet.always if again is not None and witness.is_served(again) else effect
    if not effect and cast.stage.facts.guard is None:
        return None  # a success that changes nothing: what a forged one does could not be told from it
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
    """The form's fields, with this token, or without any for None; words of our own are fresh each time."""
    name = change.token_field or "csrf_token"
    fields = {name: _renewed(value) for name, value in change.fields.items()}
    return urlencode({**fields, **({name: token} if token is not None else {})}).encode()


def body_of(change: Change) -> bytes:
    """The body of a change that no form sends; words of our own are fresh each time."""
    return _renewed(change.body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _renewed(text: str) -> str:
    # So that a name that is taken by the last attempt does not make the next one look refused.
    return _OWN_WORD.sub(lambda _: witness.marker("rw"), text)


def headers_of(change: Change) -> list[tuple[str, str]]:
    """The content type, where there is a body."""
    return [("content-type", change.kind)] if change.kind else []


def honest(change: Change, client: Client, *, token: str | None = None) -> Answer | None:
    """The request as the site's own page sends it; None when the page no longer shows the form."""
    if not change.is_form:
        return client.send(change.method, change.path, headers=headers_of(change), body=body_of(change))
    form = fresh_form(change, client) if token is None else None
    if token is None and form is None:
        return None
    known = form.fields.get(form.token_field) if form is not None and form.token_field else None
    return client.send("POST", change.path, headers=headers_of(change), body=form_body(change, known if token is None else token))


def borrowed_token(cast: Cast, change: Change, client: Client, find: str) -> str:
    """A valid token of another "user", "login" (of the same user) or "form", "" for none."""
    if find == "login":
        with contextlib.suppress(TargetFailed, OSError):
            return token_of(change, cast.served.login(change.user))
        return ""
    if find == "form":
        return any_token(cast, client, but=change.path, first=change.page)
    for user in cast.stage.users:
        other = cast.browser(user) if user.name != change.user.name else None
        token = (token_of(change, other) or any_token(cast, other, but="", first="/")) if other is not None else ""
        if token:
            return token
    return ""


def any_token(cast: Cast, client: Client, *, but: str, first: str) -> str:
    """The token of the first form that posts to another place than `but`."""
    paths = [first, *(route.path for route in witness.reads(cast.stage.facts) if "{" not in route.path)]
    for path in dict.fromkeys(paths):
        with contextlib.suppress(OSError):
            for form in forms.forms_of(client.page(path).text, path):
                if form.token_field and form.action != but:
                    return form.fields[form.token_field]
    return ""
