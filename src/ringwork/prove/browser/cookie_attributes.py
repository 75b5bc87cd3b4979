"""Whether every cookie that leaves is confined to the site, to https and to the server.

Against the one cookie that was forgotten: all Set-Cookie lines of a login, of browsing, of a failed login, of an error and of a
logout are read, those that delete a cookie too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, witness
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.witness import Cast, saw
from ringwork.survey.facts import AppFacts
from ringwork.survey.wire import entry, forms, jar
from ringwork.survey.wire.client import FORM, Answer, Client

CONTROL = "browser.cookie-attributes"
_CLASSES_OF_ERRORS = (400, 404, 500)
_NO_PREFIX = "no __Host- prefix"
_FORM_TOKEN = re.compile(r"csrf|xsrf", re.IGNORECASE)


def set_cookie_audit(stage: Stage) -> Evidence:
    """Log in, browse, fail and log out, and read every Set-Cookie on the way."""
    cast = Cast(stage, fresh=True)
    check = CheckId(f"{CONTROL}/set-cookie-audit")
    found = list(_cookies(cast))
    if not found:
        return Evidence(check=check, not_verified="no cookie was seen", unlock="" if stage.users else "declare users: [[prove.users]]")
    return Evidence(check=check, observations=tuple(_judged(stage.facts, *one) for one in _distinct(found)))


Seen = tuple[str, str, Exchanged | None]
"""Phase, the Set-Cookie line, the exchange that carried it."""


def _cookies(cast: Cast) -> Iterator[Seen]:
    for user in cast.stage.users[:2]:
        client = cast.browser(user)
        if client is not None:
            yield from (("login", line, None) for line in client.jar.seen)
    name, client = cast.strongest()
    for who, browser in {name: client, "": cast.nobody()}.items():
        yield from _while_browsing(cast, who, browser)
    yield from _at_failed_login(cast)
    if cast.stage.facts.guard is not None:
        # In an application without ringwork the plain cookies of the probe route would be the harness's own.
        yield from _of("a handler that sets plain cookies", cast.nobody().get(cast.served.probe_path(ProbeRoute.SETS_COOKIES)))
    if cast.stage.users:
        yield from _at_logout(cast)


def _of(phase: str, answer: Answer, who: str = "") -> Iterator[Seen]:
    for line in answer.header("set-cookie"):
        yield phase, line, witness.shown(answer, who)


def _while_browsing(cast: Cast, who: str, client: Client) -> Iterator[Seen]:
    for route in witness.reads(cast.stage.facts):
        with contextlib.suppress(OSError, TargetFailed):
            yield from _of("browsing", client.page(cast.stage.fill(route, client=client if who else None)), who)
    with contextlib.suppress(OSError):
        yield from _of("an error", client.page(f"/{witness.marker('missing')}"), who)
        for status in _CLASSES_OF_ERRORS:
            yield from _of("an error", client.page(f"{cast.served.probe_path(ProbeRoute.ABORTS)}?status={status}"), who)


def _at_failed_login(cast: Cast) -> Iterator[Seen]:
    client = cast.served.client()
    asking = [form for form in cast.visible_forms("", client) if form.password_field and witness.is_entrance(form.action)]
    form = next((form for form in asking if "regist" not in form.action and "up" not in form.action), None)
    if form is None:
        return
    page = client.page(form.page)
    fresh = next((f for f in forms.forms_of(page.text, form.page) if f.action == form.action), form)
    body = urlencode({**fresh.fields, fresh.username_field: witness.marker("nobody"), fresh.password_field: entry.wrong_password()})
    yield from _of("a failed login", page)
    with contextlib.suppress(OSError):
        yield from _of("a failed login", client.send("POST", fresh.action, headers=[("content-type", FORM)], body=body.encode()))


def _at_logout(cast: Cast) -> Iterator[Seen]:
    route = next((r for r in witness.http_routes(cast.stage.facts) if witness.ends_session(r.path) and "{" not in r.path), None)
    name, client = cast.strongest()
    if route is None or not name:
        return
    form = next((form for form in cast.visible_forms(name, client, fresh=True) if form.action == route.path), None)
    body = urlencode(form.fields if form is not None else {}).encode()
    method = witness.unsafe_method(route) if "POST" in route.methods else route.methods[0]
    with contextlib.suppress(OSError):
        yield from _of("logout", client.send(method, route.path, headers=[("content-type", FORM)], body=body), name)


def _distinct(found: list[Seen]) -> Iterator[Seen]:
    """One of each phase, name and set of attributes."""
    known = set[tuple[str, str, str]]()
    for phase, line, exchanged in found:
        key = (phase, line.partition("=")[0], line.partition(";")[2].lower())
        if key not in known:
            known.add(key)
            yield phase, line, exchanged


def _judged(facts: AppFacts, phase: str, line: str, exchanged: Exchanged | None) -> Observation:
    cookie = jar.parse(line, host="copy", path="/")
    name = jar.bare(cookie.name) if cookie is not None else line.partition("=")[0].strip()
    attack, where = f"cookie set at {phase}", f"cookie {name}"
    answers = [exchanged] if exchanged is not None else []
    exceptions = {e.name: e.reason for e in facts.guard.cookie_exceptions} if facts.guard is not None else {}
    if name in exceptions:
        return saw(Outcome.HELD, attack, where, f"looser by a declared exception: {exceptions[name]}", answers=answers, read=1)
    if facts.guard is None and cookie is not None and not cookie.value.strip('"'):  # Django writes ""
        return saw(Outcome.HELD, attack, where, "an empty value that deletes the cookie", answers=answers, read=1)
    wrong = list(_faults(line))
    if wrong:
        return _graded(saw(Outcome.BROKEN, attack, where, f"{name}: {', '.join(wrong)}", answers=answers), wrong)
    return saw(Outcome.HELD, attack, where, f"{name}: every attribute is there", answers=answers, read=1)


def _graded(seen: Observation, wrong: Sequence[str]) -> Observation:
    """A prefix alone keeps out a neighbour's domain that sets a cookie of this name, where everything else is right already."""
    return dataclasses.replace(seen, severity="low") if set(wrong) == {_NO_PREFIX} else seen


def _faults(line: str) -> Iterator[str]:
    """What is missing in a Set-Cookie line; read from the line itself, not as a browser would repair it."""
    pair, *attributes = line.split(";")
    said = {key.strip().lower(): value.strip() for key, _, value in (a.partition("=") for a in attributes)}
    if "secure" not in said:
        yield "no Secure"
    # A token that scripts put into a header of their own has to be read by them, and lets nobody in.
    if "httponly" not in said and not _FORM_TOKEN.search(pair.partition("=")[0]):
        yield "no HttpOnly"
    if said.get("samesite", "").lower() not in {"lax", "strict"}:
        yield f"SameSite={said['samesite']}" if said.get("samesite") else "no SameSite"
    if said.get("path") != "/":
        yield f"Path={said.get('path', '')}" if "path" in said else "no Path"
    if said.get("domain"):
        yield f"Domain={said['domain']}"
    if not pair.strip().startswith("__Host-"):
        yield _NO_PREFIX


# -- session-cookie-settings --------------------------------------------------------------------------------


def session_cookie_settings(stage: Stage) -> Evidence:
    """Read what the framework is told about its session cookie, and the cookie that a login really sets; the latter decides."""
    check = CheckId(f"{CONTROL}/session-cookie-settings")
    weak, known = _weak_settings(stage.facts)
    live = list(_live_session(stage))
    where = "session cookie settings"
    attack = "session cookie as configured"
    if not live:
        if not known:
            return Evidence(check=check, not_applicable="the framework sets no session cookie, and no login sets one")
        if weak:
            return Evidence(check=check, observations=(saw(Outcome.BROKEN, attack, where, "; ".join(weak), read=known),))
        return Evidence(check=check, observations=(saw(Outcome.HELD, attack, where, f"{known} settings, none weak", read=known),))
    faults = {jar.bare(line.partition("=")[0].strip()): found for line in live if (found := list(_faults(line)))}
    settings = f"; settings: {'; '.join(weak)}" if weak else ""
    if faults:
        wrong = "; ".join(f"{name}: {', '.join(found)}" for name, found in faults.items())
        seen = saw(Outcome.BROKEN, attack, where, f"live: {wrong}{settings}", read=len(live))
        return Evidence(check=check, observations=(_graded(seen, [one for found in faults.values() for one in found]),))
    words = f"what leaves carries every attribute{settings + ', overruled on the way out' if weak else ''}"
    return Evidence(check=check, observations=(saw(Outcome.HELD, attack, where, words, read=len(live) + known),))


def _live_session(stage: Stage) -> Iterator[str]:
    """The Set-Cookie lines of one login, those that delete apart."""
    for user in stage.users:
        client = None
        with contextlib.suppress(TargetFailed, OSError):
            client = stage.served.login(user)
        if client is not None:
            yield from dict.fromkeys(line for line in client.jar.seen if line.partition("=")[2].partition(";")[0].strip('" '))
            return


def _weak_settings(facts: AppFacts) -> tuple[list[str], int]:
    """Weak settings in words, and how many were read."""
    flask = {name: value for name, value in facts.settings.items() if name.startswith(("SESSION_COOKIE_", "REMEMBER_COOKIE_"))}
    weak = [f"{name}={value!r}" for name, value in flask.items() if _is_weak(name, value)]
    session = facts.settings.get("SessionMiddleware")
    if isinstance(session, Mapping):
        weak += list(_weak_middleware(session))
    return weak, len(flask) + (1 if isinstance(session, Mapping) else 0)


def _is_weak(name: str, value: Any) -> bool:
    if name.endswith(("_SECURE", "_HTTPONLY")):
        return not value
    if name.endswith("_SAMESITE"):
        return str(value).lower() not in {"lax", "strict"}
    return name.endswith("_DOMAIN") and bool(value)


def _weak_middleware(session: Mapping[str, Any]) -> Iterator[str]:
    if not session.get("https_only", False):
        yield "SessionMiddleware(https_only=False)"
    if str(session.get("same_site", "lax")).lower() not in {"lax", "strict"}:
        yield f"SessionMiddleware(same_site={session.get('same_site')!r})"
    if session.get("domain"):
        yield "SessionMiddleware(domain=...)"


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/set-cookie-audit"), kind=Kind.LIVE, run=set_cookie_audit),
    Check(id=CheckId(f"{CONTROL}/session-cookie-settings"), kind=Kind.CONFIG, run=session_cookie_settings),
    reading.check(f"{CONTROL}/set-cookie-calls", enforced=True),
)
