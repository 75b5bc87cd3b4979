"""Whether every cookie is confined to the site, to https and to the server.

The attack: a loosely scoped cookie is stolen by script, sent in clear, sent across sites, or overwritten by a sibling host.
"""

from __future__ import annotations

from typing import Any

from ringwork.names import CheckId
from ringwork.prove.check import Check, Kind, ProbeRoute, Stage
from ringwork.prove.evidence import Evidence
from ringwork.prove.observing import LEAVES, Notes, enforces, marker, readable
from ringwork.survey.wire.client import Answer, Client
from ringwork.survey.wire.jar import Cookie, bare, parse

CONTROL = "browser.cookie-attributes"
AUDIT = CheckId("browser.cookie-attributes/set-cookie-audit")
SETTINGS = CheckId("browser.cookie-attributes/session-cookie-settings")

MOST_PAGES = 15


def set_cookie_audit(stage: Stage) -> Evidence:
    """Log in, browse, fail and log out, and judge every Set-Cookie on the way, those that delete included."""
    seen: dict[str, tuple[str, Answer]] = {}
    client = stage.served.client()
    first = client.page("/")
    _collect(seen, first)
    for user in stage.users[:2]:
        client = stage.served.login(user)
        for header in client.jar.seen:
            seen.setdefault(header.partition("=")[0].strip(), (header, first))
        _browse(stage, client, seen)
    _collect(seen, client.page(f"/{marker()}"))
    if stage.facts.guard is not None:
        _collect(seen, client.get(stage.served.probe_path(ProbeRoute.SETS_COOKIES)))
    _leave(stage, client, seen)
    notes = Notes()
    excepted = {e.name: e.reason for e in (stage.facts.guard.cookie_exceptions if stage.facts.guard else ())}
    for name, (header, answer) in seen.items():
        _judge(notes, name, header, answer, excepted.get(bare(name), ""))
    if not seen:
        return Evidence(check=AUDIT, not_verified="no cookie was seen", unlock="declare users under [tool.ringwork.prove], so that a login is made")
    return Evidence(check=AUDIT, observations=notes.done())


def _browse(stage: Stage, client: Client, seen: dict[str, tuple[str, Answer]]) -> None:
    for route in readable(stage.facts)[:MOST_PAGES]:
        _collect(seen, client.page(stage.fill(route, client=client)))


def _leave(stage: Stage, client: Client, seen: dict[str, tuple[str, Answer]]) -> None:
    for route in stage.facts.routes:
        if route.kind == "http" and any(word in route.path.lower() for word in LEAVES):
            field, value = stage.token(route.path, client)
            method = "POST" if "POST" in route.methods else "GET"
            answer = client.post_form(route.path, {field: value} if field else {}) if method == "POST" else client.page(route.path)
            _collect(seen, answer, again=True)


def _collect(seen: dict[str, tuple[str, Answer]], answer: Answer, *, again: bool = False) -> None:
    for header in answer.header("set-cookie"):
        name = header.partition("=")[0].strip()
        key = f"{name} (on leaving)" if again else name
        seen.setdefault(key, (header, answer))


def _judge(notes: Notes, name: str, header: str, answer: Answer, excepted: str) -> None:
    cookie = parse(header, host="copy", path="/")
    lacking = ["it has no name"] if cookie is None else _lacking(cookie, header)
    if excepted and lacking:
        detail, broken = f"{', '.join(lacking)}; declared: {excepted}", False
    else:
        detail, broken = ", ".join(lacking) or "Secure, HttpOnly, SameSite, Path=/, no Domain, __Host- name", bool(lacking)
    notes.add(attack="read Set-Cookie", where=f"cookie {name}", broken=broken, detail=detail, answers=[answer], read=1)


def _lacking(cookie: Cookie, header: str) -> list[str]:
    found = []
    if not cookie.secure:
        found.append("no Secure")
    if not cookie.http_only:
        found.append("no HttpOnly")
    if cookie.same_site not in {"lax", "strict"}:
        found.append(f"SameSite is {cookie.same_site or 'missing'}")
    if not cookie.host_only:
        found.append("it names a Domain")
    if cookie.path != "/" or "path=" not in header.lower():
        found.append("its path is not /")
    if not cookie.name.startswith("__Host-"):
        found.append("no __Host- prefix")
    return found


def session_cookie_settings(stage: Stage) -> Evidence:
    """Read the framework's own session cookie settings; where the guard rewrites cookies, what leaves is what counts."""
    found = _session_settings(dict(stage.facts.settings))
    if not found:
        return Evidence(check=SETTINGS, not_applicable="the framework keeps no session cookie of its own here")
    notes = Notes()
    rewritten = enforces(stage.facts, CONTROL)
    for where, weak in found:
        detail = ", ".join(weak) if weak else "as strict as they have to be"
        if weak and rewritten:
            detail += "; the guard writes every cookie anew, so what leaves is strict"
        notes.add(attack="read the cookie settings", where=where, broken=bool(weak) and not rewritten, detail=detail, read=3)
    return Evidence(check=SETTINGS, observations=notes.done())


def _session_settings(settings: dict[str, Any]) -> list[tuple[str, list[str]]]:
    found = []
    if "SESSION_COOKIE_SECURE" in settings:
        weak = [] if settings["SESSION_COOKIE_SECURE"] else ["SESSION_COOKIE_SECURE is off"]
        weak += [] if settings.get("SESSION_COOKIE_HTTPONLY", True) else ["SESSION_COOKIE_HTTPONLY is off"]
        same_site = str(settings.get("SESSION_COOKIE_SAMESITE") or "")
        weak += [] if same_site.lower() in {"lax", "strict"} else ["SESSION_COOKIE_SAMESITE is not set"]
        found.append(("SESSION_COOKIE_*", weak))
    middleware = settings.get("SessionMiddleware")
    if isinstance(middleware, dict):
        weak = [] if middleware.get("https_only") else ["https_only is off"]
        weak += [] if str(middleware.get("same_site", "lax")).lower() in {"lax", "strict"} else ["same_site is none"]
        found.append(("SessionMiddleware", weak))
    return found


CHECKS: tuple[Check, ...] = (
    Check(id=AUDIT, kind=Kind.LIVE, run=set_cookie_audit),
    Check(id=SETTINGS, kind=Kind.CONFIG, run=session_cookie_settings),
)
