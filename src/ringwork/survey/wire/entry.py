"""Ways in: the application's own login, declared or found, and its register route where it has one.

A login is believed only when an answer changes by it: a session that nothing reads lets nobody in.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from ringwork.errors import TargetFailed
from ringwork.survey.facts import AppFacts, ParameterFacts, RouteFacts
from ringwork.survey.wire import forms
from ringwork.survey.wire.client import FORM, Answer, Client

USERNAMES = ("username", "user", "email", "login", "user_name", "userid", "mail", "name", "identifier")
PASSWORDS = ("password", "passwd", "pass", "pwd", "secret")
LOGIN_WORDS = ("login", "signin", "sign-in", "token", "session", "sessions", "auth", "authenticate", "log-in")
REGISTER_WORDS = ("register", "signup", "sign-up", "users", "accounts", "join")
MADE_UP = "Rw-made-up-"
"""How a password begins that is sent to be refused: nobody has one like it."""
TOKENS = ("access_token", "token", "auth_token", "jwt", "id_token", "bearer")
_RECOVERS = re.compile(
    r"(?:^|[/_-])(?:forgot\w*|reset\w*|recover\w*|remind\w*|lost)(?![\w/-]*(?:confirm|done|complete|verify))", re.IGNORECASE
)
_OF_KINDS = {
    "date": "1990-04-23", "month": "1990-04", "week": "1990-W17", "time": "10:30", "datetime-local": "1990-04-23T10:30",
    "url": "https://example.org/", "tel": "+15555550123", "number": "1", "range": "1",
}  # fmt: skip
"""What a registration's fields of these types are given."""
CONFIRMATIONS = ("password2", "confirm", "confirm_password", "password_confirm", "password_confirmation", "repeat_password")


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """A route that takes a name and a password. kind: "form" or "json". page: where its form is shown, "" without one."""

    path: str
    kind: str
    username_field: str
    password_field: str
    page: str = ""
    others: tuple[ParameterFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredUser:
    """A user who can sign in. fields: further ones of the login form. token: a bearer token instead of a login.

    address: of mail, given at a registration beside the name.
    """

    name: str
    roles: tuple[str, ...] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)
    address: str = ""


def find_login(facts: AppFacts) -> WayIn | None:
    """The route that looks most like a login, with its field names; None when none takes a name and a password."""
    return _find(facts, LOGIN_WORDS)


def find_register(facts: AppFacts) -> WayIn | None:
    """The route that looks most like a registration, other than the login."""
    login = find_login(facts)
    return _find(facts, REGISTER_WORDS, but=login.path if login else "")


def find_recovery(facts: AppFacts) -> list[WayIn]:
    """The routes where somebody who forgot a password gives a name or an address; their password_field is "". The likeliest first."""
    found = list[WayIn]()
    for route in facts.routes:
        if route.kind != "http" or "POST" not in route.methods or "{" in route.path or not _RECOVERS.search(route.path):
            continue
        inputs = {p.name.lower(): p for p in route.parameters if p.where in {"form", "json"}}
        if any(name in PASSWORDS or "token" in name or "code" in name or name.startswith("new_") for name in inputs):
            continue
        name = next((inputs[n].name for n in ("email", "mail", *USERNAMES) if n in inputs), "")
        shown = any(r.path == route.path and "GET" in r.methods for r in facts.routes)
        if name or shown:
            kind = "json" if route.body == "json" or (not shown and any(p.where == "json" for p in inputs.values())) else "form"
            page = route.path if shown and kind == "form" else ""
            others = tuple(p for p in inputs.values() if p.name != name)
            found.append(WayIn(path=route.path, kind=kind, username_field=name, password_field="", page=page, others=others))
    return found


def declared(facts: AppFacts, *, path: str, kind: str = "", username_field: str = "", password_field: str = "") -> WayIn:
    """The login that a project declares; what it leaves open is taken from the route, or from custom."""
    route = next((r for r in facts.routes if r.path == path and "POST" in r.methods), None)
    known = None if route is None else _way_in(facts, route)
    shown = any(r.path == path and "GET" in r.methods for r in facts.routes)
    return WayIn(
        path=path,
        kind=kind or (known.kind if known else "form"),
        username_field=username_field or (known.username_field if known else "username"),
        password_field=password_field or (known.password_field if known else "password"),
        page=path if shown else "",
        others=known.others if known else (),
    )


def _find(facts: AppFacts, words: Sequence[str], *, but: str = "") -> WayIn | None:
    best: tuple[int, WayIn] | None = None
    for route in facts.routes:
        if route.kind != "http" or "POST" not in route.methods or route.path == but or "{" in route.path:
            continue
        rank = _rank(route.path, words)
        way = _way_in(facts, route) if rank is not None else None
        if way is not None and rank is not None and (best is None or rank < best[0]):
            best = (rank, way)
    return best[1] if best else None


def _rank(path: str, words: Sequence[str]) -> int | None:
    """How near to the front of `words` the path's last segments come; None when it holds none of them."""
    segments = [segment.lower() for segment in path.strip("/").split("/")]
    found = [words.index(segment) * 10 + (len(segments) - at) for at, segment in enumerate(segments) if segment in words]
    if "admin" in segments[:-1]:
        # The door of the administration lets fewer people in than the application's own.
        found = [rank + 5 for rank in found]
    return min(found, default=None)


def _way_in(facts: AppFacts, route: RouteFacts) -> WayIn | None:
    inputs = {p.name.lower(): p for p in route.parameters if p.where in {"form", "json"}}
    name = next((inputs[n].name for n in USERNAMES if n in inputs), "")
    word = next((inputs[n].name for n in PASSWORDS if n in inputs), "")
    shown = any(r.path == route.path and "GET" in r.methods for r in facts.routes)
    if not word and not shown:
        return None
    kind = route.body if route.body in {"json", "form"} else "json" if any(p.where == "json" for p in inputs.values()) else "form"
    others = tuple(p for p in inputs.values() if p.name not in {name, word})
    return WayIn(
        path=route.path,
        kind=kind,
        username_field=name or "username",
        password_field=word or "password",
        page=route.path if shown else "",
        others=others,
    )


def asked_with(way: WayIn, query: str) -> WayIn:
    """The same way in behind a link that adds a query ("next=/notes"); itself for ""."""
    if not query:
        return way
    return dataclasses.replace(way, path=f"{way.path}?{query}", page=f"{way.page}?{query}" if way.page else "")


def sign_in(client: Client, way: WayIn, user: DeclaredUser) -> Answer | None:
    """Sign `user` in on `client`: the session cookie is in its jar, or the token in `bearer`, afterwards.

    Returns the login's answer, None for a declared token. Raises TargetFailed when nobody was signed in.
    """
    if user.token:
        client.bearer = user.token
        return None
    before = {key: cookie.value for key, cookie in client.jar.cookies.items()}
    fields = {way.username_field: user.username or user.name, way.password_field: user.password, **user.fields}
    answer = _submit(client, way, fields, _shown(client, way))
    token = token_in(answer)
    if token:
        client.bearer = token
    changed = {key: cookie.value for key, cookie in client.jar.cookies.items()} != before
    if answer.status >= 400 or not (token or changed) or _asks_again(client, way, answer):
        advice = f"check user name, password and the login path ({way.path}, {way.kind}); declare them under [tool.ringwork.prove]"
        raise TargetFailed(step="login", problem=f"{user.name} was not signed in: {way.path} answered {answer.status}", advice=advice)
    return answer


def as_asked(client: Client, way: WayIn, user: DeclaredUser) -> DeclaredUser:
    """Who registered with a name and an address, under the one of them that this login asks for."""
    if not user.address:
        return user
    form = _shown(client, way)
    return dataclasses.replace(user, username=user.address) if _is_address(_asked(way, form), form) else user


def wrong_password() -> str:
    """One that nobody has, as long and as mixed as rules of passwords ask for."""
    return f"{MADE_UP}{secrets.token_hex(8)}"


def attempt(client: Client, way: WayIn, username: str, password: str) -> Answer:
    """The answer to a login with this name and password, whether or not it lets anybody in."""
    return _submit(client, way, {way.username_field: username, way.password_field: password}, _shown(client, way))


def ask_recovery(client: Client, way: WayIn, given: str) -> tuple[Answer, str] | None:
    """The answer to somebody who forgot a password, and the field that took the name; None where its page shows no such form."""
    if way.kind == "json":
        others = {p.name: _valid(p, given) for p in way.others if p.required}
        return client.post_json(way.path, {**others, way.username_field: given}), way.username_field
    found = forms.forms_of(client.page(way.page).text, way.page) if way.page else []
    form = next(
        (one for one in found if one.method == "POST" and one.action.partition("?")[0] == way.path and not one.password_field), None
    )
    if way.page and form is None:
        return None
    fields = dict(form.fields) if form is not None else {}
    mails = [name for name, kind in form.kinds.items() if kind == "email"] if form is not None else []
    name = way.username_field or next(iter(mails), form.username_field if form is not None else "")
    if not name:
        return None
    body = urlencode({**fields, name: given}).encode()
    return client.send("POST", way.path, headers=[("content-type", FORM), ("accept", "text/html,*/*;q=0.8")], body=body), name


def register(client: Client, way: WayIn, *, name: str) -> DeclaredUser:
    """Make a new account with random valid values. Raises TargetFailed when the application does not take them."""
    account, answer = enrol(client, way, name=name)
    if answer.status >= 400:
        raise TargetFailed(
            step="register",
            problem=f"{way.path} answered {answer.status} to a new user",
            advice="declare two users under [tool.ringwork.prove] instead",
        )
    client.bearer = client.bearer or token_in(answer)
    return account


def enrol(
    client: Client, way: WayIn, *, name: str, more: Mapping[str, Any] = MappingProxyType({}), username: str = ""
) -> tuple[DeclaredUser, Answer]:
    """Ask for a new account, and what was answered. more: further fields. username: in place of a fresh one."""
    mark = secrets.token_hex(4)
    username, password = username or f"rw{name}{mark}", f"Rw-{secrets.token_hex(10)}!9a"
    form = _shown(client, way)
    given = f"{username}@example.org" if _is_address(_asked(way, form), form) and "@" not in username else username
    fields: dict[str, Any] = {way.username_field: given, way.password_field: password}
    for other in way.others:
        if other.name.lower() in CONFIRMATIONS:
            fields[other.name] = password
        elif other.required or "mail" in other.name.lower():
            fields[other.name] = _valid(other, username)
    answer = _submit(client, way, {**fields, **more}, form, _completed(form, username, password) if form is not None else {})
    return DeclaredUser(name=name, username=given, password=password, address="" if "@" in username else f"{username}@example.org"), answer


def _asked(way: WayIn, form: forms.Form | None) -> str:
    """The field that takes the name, as the page itself calls it."""
    return form.username_field if form is not None and way.username_field not in form.fields else way.username_field


def _is_address(name: str, form: forms.Form | None) -> bool:
    return "mail" in name.lower() or (form is not None and form.kinds.get(name) == "email")


def _completed(form: forms.Form, username: str, password: str) -> dict[str, str]:
    """What a person would fill into the fields of a registration that the route itself does not tell."""
    filled = {}
    for name, kind in form.kinds.items():
        if kind == "password":
            filled[name] = password
        elif kind == "checkbox":
            filled[name] = form.fields[name]
        elif kind != "hidden":
            text = f"{username}@example.org" if _is_address(name, form) else _OF_KINDS.get(kind, username)
            filled[name] = form.fields[name] or text
    return filled


def _valid(parameter: ParameterFacts, username: str) -> Any:
    if parameter.choices:
        return parameter.choices[0]
    if "mail" in parameter.name.lower():  # before any example: two users with one address are one user to many an application
        return f"{username}@example.org"
    if parameter.example:
        return parameter.example
    return {"integer": 1, "number": 1, "boolean": False, "array": [], "object": {}}.get(parameter.kind, username)


def _shown(client: Client, way: WayIn) -> forms.Form | None:
    """The form of a way in as its page shows it, None where there is none."""
    is_shown = way.kind != "json" and way.page
    return password_form(client.page(way.page).text, way.page, way.password_field) if is_shown else None


def _submit(
    client: Client, way: WayIn, fields: Mapping[str, Any], form: forms.Form | None, others: Mapping[str, str] = MappingProxyType({})
) -> Answer:
    """Send a way in. form: as its page shows it. others: values of fields that the page has, where `fields` has none."""
    if way.kind == "json":
        return client.post_json(way.path, dict(fields))
    action, hidden = way.path, dict[str, str]()
    if form is not None:
        hidden, action = form.hidden, form.action
        fields = _renamed(fields, way, form)
    body = urlencode({**others, **hidden, **fields}).encode()
    return client.send("POST", action, headers=[("content-type", FORM), ("accept", "text/html,*/*;q=0.8")], body=body)


def _renamed(fields: Mapping[str, Any], way: WayIn, form: forms.Form) -> dict[str, Any]:
    """The fields under the names that the page itself uses, where it knows no field of the way's name."""
    offered = {way.username_field: form.username_field, way.password_field: form.password_field}
    names = {name: other for name, other in offered.items() if other and name not in form.fields}
    return {names.get(name, name): value for name, value in fields.items()}


def token_in(answer: Answer) -> str:
    """The token that an answer hands out; "" for none."""
    with contextlib.suppress(ValueError):
        value = json.loads(answer.text)
        for name, text in _texts(value):
            if name.lower() in TOKENS and len(text) >= 16:
                return text
    return ""


def _texts(value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and depth < 4:
        for name, inner in value.items():
            if isinstance(inner, str):
                yield str(name), inner
            else:
                yield from _texts(inner, depth + 1)


def _asks_again(client: Client, way: WayIn, answer: Answer) -> bool:
    """Whether the answer is the login page once more: many applications answer 200 to a wrong password."""
    shown = client.follow(answer) if answer.status in {301, 302, 303} else answer
    location = client.led_to(answer).partition("?")[0]
    if location and location == way.page:
        return True
    return "html" in shown.media_type and password_form(shown.text, way.page, way.password_field) is not None


def password_form(html: str, page: str, password_field: str = "") -> forms.Form | None:
    """The first form of a page that asks for a password, or has a field of that name."""
    found = forms.forms_of(html, page)
    return next((form for form in found if form.password_field or (password_field and password_field in form.fields)), None)
