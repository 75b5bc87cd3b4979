"""The lines that an existing application needs to run in enforce, each with its reason. Facts in, lines out; nothing is started.

Against a route that is opened by a guess: open is proposed only for what is open by its nature (a login, a health check, a
signed webhook); whatever nobody checks is proposed as requires(), and its reason says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.prove import adoption_code, adoption_rules, call_site, openness
from ringwork.prove.adoption_rules import RuleLine
from ringwork.survey.facts import AppFacts, CheckFacts, RouteFacts
from ringwork.survey.templates import Spot, SpotKind
from ringwork.survey.wire import entry

_EXPRESSION = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
SETTINGS = "ringwork.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line to add or to change. at: the line it goes after, 0 for the end of the file. replaces: the text it takes the place of."""

    file: str
    text: str
    reason: str
    at: int = 0
    replaces: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What only the user knows. origin: as browsers show it. proxies: addresses from which a proxy of his own speaks."""

    origin: str = ""
    proxies: tuple[str, ...] = ()


def lines(facts: AppFacts, spots: Sequence[Spot], tests: Sequence[Line], known: Known, *, module: str, variable: str) -> list[Line]:
    """Everything to add, in the order in which it is best done. module: the application's own file. tests: what its suite needs.

    Of an application that is guarded already, what is still missing.
    """
    return [
        *(_code(facts, module, variable) if facts.guard is None else ()),
        *_settings(facts, known),
        *(
            _template(spot, facts)
            for spot in spots
            if spot.kind is SpotKind.SCRIPT or (spot.kind is SpotKind.FORM and _posts_with_cookies(facts) and _is_here(spot.action, known))
        ),
        *(tests if _posts_with_cookies(facts) else ()),
    ]


def _code(facts: AppFacts, module: str, variable: str) -> Iterator[Line]:
    """The two lines of code: round the application, or at the end of a Django project's settings."""
    if facts.framework != "django":
        site = call_site.find(Path(facts.root), module, variable)
        at, margin, file = site.after, site.margin, site.file or module
        why = f"the application itself, not {site.around[-1]} around it; " if site.around else ""
        # Against a suite that calls the factory, and so asks an application that nothing guards.
        every = f"inside {site.factory}(), so that what your tests make of it is guarded too; " if site.factory else ""
        yield Line(file=file, text=f"{margin}from ringwork import protect", reason="the run time; it needs no other package", at=at)
        yield Line(
            file=file,
            text=f"{margin}protect({site.handed})",
            reason=f"{why}{every}after the routes are defined; later ones are covered too",
            at=at,
        )
        return
    settings = str(facts.settings.get("DJANGO_SETTINGS_MODULE", "")).replace(".", "/") + ".py"
    if DJANGO_CSRF not in facts.middleware and _posts_with_cookies(facts):
        line = 'MIDDLEWARE.append("django.middleware.csrf.CsrfViewMiddleware")'
        yield Line(file=settings, text=line, reason="its {% csrf_token %} is the proof that forms carry")
    yield Line(file=settings, text="import ringwork", reason="the run time; it needs no other package")
    yield Line(file=settings, text="ringwork.protect()", reason="guards every handler that Django makes; the last line of the file")


DJANGO_CSRF = "CsrfViewMiddleware"


_ELSEWHERE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
"""How an action begins that names its site."""


def _is_here(action: str, known: Known) -> bool:
    """Whether a form is sent to this site. Against a token that is told to another one."""
    return _ELSEWHERE.match(action) is None or bool(known.origin and f"{action.strip()}/".startswith(f"{known.origin}/"))


def _settings(facts: AppFacts, known: Known) -> Iterator[Line]:
    top = [*_place(facts, known), *_identity(facts)]
    given = [*top, *_rules(facts), *(_tables(facts, known) if facts.guard is None else ())]
    if facts.guard is not None and facts.guard.in_code:
        given = adoption_code.in_code(given)
    for text, reason in given:
        yield Line(file=_place_of_settings(facts), text=text, reason=reason)


def _place(facts: AppFacts, known: Known) -> Iterator[tuple[str, str]]:
    if known.origin and not (facts.guard is not None and facts.guard.origin):
        yield f"origin = {_quoted(known.origin)}", "what browsers show; hosts, redirects and cookies are held to it"
    front_ends = _front_ends(facts)
    if front_ends and facts.guard is None:
        yield f"trusted_origins = {_list(front_ends)}", "your front end's pages send state-changing requests with the user's cookies"


def _identity(facts: AppFacts) -> Iterator[tuple[str, str]]:
    """How ringwork learns who is asking, and which checks of the application count as its rules."""
    if facts.guard is not None and facts.guard.identify:
        yield from _own_auth(facts, None)
        return
    dependency = next((check for check in facts.checks if check.kind == "dependency"), None)
    if "LOGIN_MANAGER" in facts.settings:
        yield "identify = {flask_login = true}", "Flask-Login knows who is asking"
    elif session := next((name for name in ("aiohttp-session", "flask-session") if isinstance(facts.settings.get(name), str)), None):
        yield f"identify = {{{session.replace('-', '_')} = {_quoted(facts.settings[session])}}}", "the session keeps there who signed in"
    elif "AUTH_USER_MODEL" in facts.settings:
        yield "identify = {django_user = true}", "Django's own login knows who is asking"
    elif dependency is not None:
        more = f", id = {_quoted(dependency.subject)}" if dependency.subject else ""
        more += ', via = "bearer"' if dependency.bearer else ""
        yield f"identify = {{dependency = {_quoted(dependency.name)}{more}}}", "the application's own dependency knows who is asking"
    yield from _own_auth(facts, dependency)


def _own_auth(facts: AppFacts, dependency: CheckFacts | None) -> Iterator[tuple[str, str]]:
    """The checks to name. The dependency that tells who is asking is one of its own already; so is what a guard counts."""
    bare = {name for route in facts.routes if not route.rule for name in route.guarded_by}
    own = [check.name for check in facts.checks if not check.known and check is not dependency]
    own = [name for name in own if facts.guard is None or name.rpartition(":")[2] in bare]
    if own:
        yield f"own_auth = {_list(own)}", "refuses by itself where it stands, so these routes need no second rule; read it once more"


def _rules(facts: AppFacts) -> Iterator[tuple[str, str]]:
    groups: dict[str, list[str]] = {}
    for route in facts.routes:
        why = "" if route.rule or openness.is_checked(route, facts) else openness.reason(route, facts)
        if why:
            groups.setdefault(why, []).append(route.name)
    for number, (why, names) in enumerate(groups.items(), start=1):
        named = f"route = {_quoted(names[0])}" if len(names) == 1 else f"routes = {_list(names)}"
        opens, ends = "rules = [" if number == 1 else "  ", "]" if number == len(groups) else ","
        yield f"{opens}{{{named}, public = {_quoted(why)}}}{ends}", "open by its nature; take it out if it should not be"


def around(facts: AppFacts, module: str, variable: str) -> list[str]:
    """What is not behind the guard, in a sentence each: what stands around the application, and what a factory makes elsewhere."""
    site = None if facts.framework == "django" else call_site.find(Path(facts.root), module, variable)
    if site is None:
        return []
    instead = "; take CORSMiddleware out and name the origins in browser.cors" if "CORSMiddleware" in site.around else ""
    stays = f"{', '.join(site.around)} stays around the guard: what it answers itself is neither checked nor logged{instead}"
    moved = (
        f"{site.unread}() makes the application, and tests that call it get one without a guard: "
        f"better call protect() in it, on the line before its return"
    )
    return [*([stays] if site.around else ()), *([moved] if site.unread else ())]


def undecided(facts: AppFacts) -> list[RouteFacts]:
    """The routes before whose handlers nothing checks who asks, and that are not open by their nature: refused until they have a rule."""
    return [
        route
        for route in facts.routes
        if not route.rule
        and not openness.is_checked(route, facts)
        and not openness.reason(route, facts)
        and not openness.is_empty_static(route, facts)
    ]


def rules(facts: AppFacts) -> list[RuleLine]:
    """The line for each of them, where it belongs."""
    return adoption_rules.lines(undecided(facts), facts, settings=_place_of_settings(facts))


def _place_of_settings(facts: AppFacts) -> str:
    return adoption_code.PLACE if facts.guard is not None and facts.guard.in_code else SETTINGS


def remarks(facts: AppFacts, spots: Sequence[Spot], known: Known) -> list[str]:
    """What only a person can decide, a sentence each."""
    return [
        *(
            f"{spot.file}:{spot.line} has a script in an attribute, which no nonce can allow; move it into a file"
            for spot in spots
            if spot.kind is SpotKind.HANDLER
        ),
        *(_of_styles(spots, "csp_nonce" if facts.framework == "django" else "csp_nonce()") if facts.guard is None else ()),
        *(_of_layers(facts, known) if facts.guard is None else ()),
        *_of_roles(facts),
        *_of_login(facts),
        *(_of_nobody(facts) if undecided(facts) else ()),
    ]


_NAMED_STYLES = 3


def _of_styles(spots: Sequence[Spot], nonce: str) -> Iterator[str]:
    """Against a page that works and looks broken. No lines: mails are templates too, want their styles, and have no nonce.

    nonce: how a template of this framework asks for one.
    """
    for kind, what, instead in (
        (SpotKind.STYLED, "style=", "which no nonce can allow; make it a class of a style sheet"),
        (SpotKind.STYLE, "<style>", f'which a browser leaves out; write <style nonce="{{{{ {nonce} }}}}">, or move it into a file'),
    ):
        places = list(dict.fromkeys(f"{spot.file}:{spot.line}" for spot in spots if spot.kind is kind))
        if places:
            more = f" and {len(places) - _NAMED_STYLES} more" if len(places) > _NAMED_STYLES else ""
            has = "have" if len(places) > 1 else "has"
            yield f"{', '.join(places[:_NAMED_STYLES])}{more} {has} {what} in the page, {instead} (a mail's may stay)"


def _of_roles(facts: AppFacts) -> Iterator[str]:
    """Against rules that nobody can meet: whoever is signed in is refused, and nothing seems to be missing."""
    asked = sorted({role for route in facts.routes if route.rule == "requires" for role in route.roles})
    if asked and facts.guard is not None and not facts.guard.gives_roles:
        yield f'nobody can have the role {" or ".join(asked)}: identify needs roles= (in a settings file the field\'s name, roles = "role")'


def _of_nobody(facts: AppFacts) -> Iterator[str]:
    """Against a first rule that refuses everybody: who is signed in is known to the handlers alone."""
    if not any(line.startswith("identify = ") for line, _ in _identity(facts)) and not (facts.guard is not None and facts.guard.identify):
        yield (
            "nothing outside the handlers tells who is signed in, so requires() would refuse everybody: write "
            'identify(request) -> Principal | None, and name it (identify = "module:function")'
        )


def _of_login(facts: AppFacts) -> Iterator[str]:
    """Against a visitor who follows a link to a page and meets a 401 where the login should be."""
    way = entry.find_login(facts)
    asks = any(route.rule == "requires" and "GET" in route.methods for route in facts.routes)
    given = facts.guard.settings.get("authentication_required", {}) if facts.guard is not None else {}
    if way is not None and way.page and asks and given.get("login_path") == "":
        yield (
            f"whoever opens a page without a login is answered 401; to send them to {way.page} instead, add "
            f"identity.authentication-required = {{login_path = {_quoted(way.page)}}}"
        )


def _of_layers(facts: AppFacts, known: Known) -> Iterator[str]:
    """What the application's own middleware says, and what of it only a person can translate; a guard tells it at each start."""
    if _shares_all(facts):
        yield "your CORS middleware shares with every site; name the origins in browser.cors"
    if _goes_by_a_pattern(facts):
        yield "your CORS middleware goes by a pattern; name the origins in browser.cors"
    if _behind_proxy(facts) and not known.proxies:
        yield "X-Forwarded-* is read; ask again with --proxy and the address that your proxy speaks from"
    elif _behind_proxy(facts):
        yield "take ProxyFix out before production: ringwork resolves who asks, and two who rewrite the address contradict each other"


def _shares_all(facts: AppFacts) -> bool:
    return "*" in _said(facts).get("origins", ())


def _goes_by_a_pattern(facts: AppFacts) -> bool:
    said = _said(facts)
    return bool(said) and not said.get("origins")


def _behind_proxy(facts: AppFacts) -> bool:
    return any("Proxy" in name for name in facts.middleware)


def _tables(facts: AppFacts, known: Known) -> Iterator[tuple[str, str]]:
    shared = _sharing(facts)
    if shared:
        given = ", ".join(f"{name} = {_toml(value)}" for name, value in shared.items())
        yield f"browser.cors = {{{given}}}", "as your CORS middleware says; ringwork answers instead of it"
    if known.proxies:
        yield f"network.trusted-proxies = {{proxies = {_list(known.proxies)}}}", "whom X-Forwarded-* is believed from; from nobody else"
        health = [route.path for route in facts.routes if openness.HEALTH.match(route.path)]
        if health and known.origin.startswith("https://"):
            yield f"transport.tls-required = {{plain_paths = {_list(health)}}}", "the balancer asks for it inside, by plain http"
    if any(
        route.path.rstrip("/") == "/docs" and set(route.methods) <= openness.READ for route in facts.routes
    ) and openness.describes_itself(facts):
        row = '{route = "GET /docs", preset = "swagger", reason = "Swagger UI"}'
        yield f"browser.content-security-policy = {{routes = [{row}]}}", "its page loads a script of a content network, file by file"


def _front_ends(facts: AppFacts) -> list[str]:
    return [origin for origin in _sharing(facts).get("origins", ()) if origin != "*"]


def _sharing(facts: AppFacts) -> dict[str, Any]:
    """What the application's own CORS middleware allows, in the words of browser.cors; {} for none, and for everybody."""
    said = _said(facts)
    if not said or "*" in said.get("origins", ()):
        return {}
    if not said.get("origins"):
        return {}  # a pattern: which sites are meant is not said by it
    said["headers"] = [str(name).lower() for name in said.get("headers", ())]
    return {name: value for name, value in said.items() if value not in ([], (), None, False, ["*"])}


def _said(facts: AppFacts) -> dict[str, Any]:
    own = facts.settings.get("CORSMiddleware")
    listed = next((found for name in ("flask-cors", "aiohttp-cors", "django-cors-headers") if (found := facts.settings.get(name))), None)
    if isinstance(own, Mapping):
        words = {"origins": "allow_origins", "methods": "allow_methods", "headers": "allow_headers", "credentials": "allow_credentials"}
        return {ours: own[theirs] for ours, theirs in words.items() if theirs in own}
    if isinstance(listed, list) and listed and all(one == {**listed[0], "resource": one["resource"]} for one in listed):
        words = {"origins": "origins", "methods": "methods", "headers": "allow_headers", "credentials": "supports_credentials"}
        return {ours: listed[0][theirs] for ours, theirs in words.items()}
    return {}


def _posts_with_cookies(facts: AppFacts) -> bool:
    """Whether browsers send forms here with a login that they attach by themselves."""
    return not any(check.bearer for check in facts.checks) and any(route.body in {"form", "multipart"} for route in facts.routes)


def _template(spot: Spot, facts: AppFacts) -> Line:
    is_django = facts.framework == "django"
    if spot.kind is SpotKind.SCRIPT:
        changed = spot.text.replace("<script", f'<script nonce="{{{{ csp_nonce{"" if is_django else "()"} }}}}"', 1)
        return Line(file=spot.file, at=spot.line, text=changed, replaces=spot.text, reason="only scripts with this answer's nonce run")
    changed = spot.text + ("{% csrf_token %}" if is_django else _field(spot.action.strip()))
    return Line(file=spot.file, at=spot.line, text=changed, replaces=spot.text, reason="proof that the form came from your own page")


def _field(action: str) -> str:
    """The field of a form, its action in Jinja's own words: what stands in braces there is an expression already."""
    if "{%" in action:
        return f"{{% set form_path %}}{action}{{% endset %}}{{{{ csrf_field(form_path) }}}}"
    pieces = [piece for piece in _EXPRESSION.split(action) if piece] or [""]
    said = [piece[2:-2].strip() if piece.startswith("{{") else _quoted(piece) for piece in pieces]
    if len(said) > 1:
        said = [one if one.startswith('"') or one.replace(".", "_").isidentifier() else f"({one})" for one in said]
    return f"{{{{ csrf_field({' ~ '.join(said)}) }}}}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(texts: Sequence[str]) -> str:
    return "[" + ", ".join(_quoted(text) for text in texts) + "]"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _list([str(one) for one in value]) if isinstance(value, list | tuple) else _quoted(str(value))
