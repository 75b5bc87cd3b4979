"""The lines that an existing application needs to run in enforce, each with its reason. Facts in, lines out; nothing is started.

Against a route that is opened by a guess: open is proposed only for what is open by its nature (a login, a health check, a
signed webhook); whatever nobody checks is proposed as requires(), and its reason says so.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.prove import adoption_code, call_site
from ringwork.survey.facts import AppFacts, CheckFacts, RouteFacts
from ringwork.survey.templates import Spot, SpotKind

DOCS = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
_HEALTH = re.compile(r"^/(health|healthz|live|livez|ready|readyz|ping|status|up)/?$")
_KNOWN = frozenset({"/favicon.ico", "/robots.txt", "/humans.txt", "/sitemap.xml", "/manifest.json"})
_HOOK = re.compile(r"(^|[/_-])(web)?hooks?($|[/_-])|(^|[/_-])callbacks?($|[/_-])")
_SIGNED = re.compile(
    r"compare_digest|construct_event|(verify|validate|check|require)_?(\w*_)?(signature|webhook|hmac)\w*|"
    r"(signature|hmac)\w*_(is_)?(valid|verified|ok)|(is_)?valid_(\w*_)?(signature|hmac)",
    re.IGNORECASE,
)
"""Names of functions that check a signature; only a call counts, no word in a comment or a parameter."""

_READ = frozenset({"GET", "HEAD", "OPTIONS"})
_SENT = _READ | {"POST"}
_DOORS = re.compile(r"(log|sign)[-_]?(in|out)|log[-_]?off", re.IGNORECASE)
"""Last words that mean nothing but the way in or out, under whatever prefix."""
_COUNTERS = frozenset(
    {
        *("register", "registration", "signup", "sign-up", "sign_up"),
        *("forgot", "forgot-password", "forgot_password", "reset-password", "reset_password", "password-reset", "password_reset"),
        *("authenticate",),
    }
)
"""Last words that mean it where nothing of the application's own stands before them: "/devices/register" is something else."""
_HANDED_OUT = frozenset({"token", "session", "sessions"})
"""Last words where a login is handed out to a POST; whoever asks by GET gets a list of them."""
_BEFORE_DOORS = frozenset({"api", "auth", "account", "accounts", "user", "users", "identity", "oauth", "oauth2"})
_VERSION = re.compile(r"v[0-9]{1,3}")
_ASSETS = frozenset({"static", "assets", "public", "css", "js", "img", "images", "icons", "fonts", "styles", "scripts", "dist", "build"})
"""Folders that hold what pages are made of; what lies in others ("uploads", "media", "files") may be somebody's."""
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
            if spot.kind in _wanting(facts) and (spot.kind is SpotKind.SCRIPT or _posts_with_cookies(facts))
        ),
        *(tests if _posts_with_cookies(facts) else ()),
    ]


def _code(facts: AppFacts, module: str, variable: str) -> Iterator[Line]:
    """The two lines of code: round the application, or at the end of a Django project's settings."""
    if facts.framework != "django":
        site = call_site.find(Path(facts.root) / module, variable)
        at, margin = site.after, site.margin
        why = f"the application itself, not {site.around[-1]} around it; " if site.around else ""
        yield Line(file=module, text=f"{margin}from ringwork import protect", reason="the run time; it needs no other package", at=at)
        yield Line(
            file=module,
            text=f"{margin}protect({site.handed})",
            reason=f"{why}after the routes are defined; later ones are covered too",
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


def _wanting(facts: AppFacts) -> frozenset[SpotKind]:
    """What of the templates has to change: forms of a Django project that asks for its own token carry one already."""
    has_tokens = facts.framework == "django" and DJANGO_CSRF in facts.middleware
    return frozenset({SpotKind.SCRIPT} if has_tokens else {SpotKind.FORM, SpotKind.SCRIPT})


def _settings(facts: AppFacts, known: Known) -> Iterator[Line]:
    top = [*_place(facts, known), *_identity(facts)]
    given = [*top, *_rules(facts), *(_tables(facts, known) if facts.guard is None else ())]
    if facts.guard is not None and facts.guard.in_code:
        given = adoption_code.in_code(given)
    for text, reason in given:
        yield Line(file=adoption_code.PLACE if facts.guard is not None and facts.guard.in_code else SETTINGS, text=text, reason=reason)


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
        why = "" if route.rule or _is_checked(route, facts) else _openness(route, facts)
        if why:
            groups.setdefault(why, []).append(route.name)
    for number, (why, names) in enumerate(groups.items(), start=1):
        named = f"route = {_quoted(names[0])}" if len(names) == 1 else f"routes = {_list(names)}"
        opens, ends = "rules = [" if number == 1 else "  ", "]" if number == len(groups) else ","
        yield f"{opens}{{{named}, public = {_quoted(why)}}}{ends}", "open by its nature; take it out if it should not be"


def around(facts: AppFacts, module: str, variable: str) -> list[str]:
    """What stands around the application, and is not behind the guard, in a sentence."""
    site = None if facts.framework == "django" else call_site.find(Path(facts.root) / module, variable)
    if site is None or not site.around:
        return []
    instead = "; take CORSMiddleware out and name the origins in browser.cors" if "CORSMiddleware" in site.around else ""
    return [f"{', '.join(site.around)} stays around the guard: what it answers itself is neither checked nor logged{instead}"]


def remarks(facts: AppFacts, spots: Sequence[Spot], known: Known) -> list[str]:
    """What only a person can decide, a sentence each."""
    undecided = [route for route in facts.routes if not route.rule and not _is_checked(route, facts) and not _openness(route, facts)]
    return [
        *(
            f"{route.name} ({route.file}:{route.line}) is refused until you give it a rule: nothing before its handler checks who asks"
            for route in undecided
            if not _is_empty_static(route, facts)
        ),
        *(
            f"{spot.file}:{spot.line} has a script in an attribute, which no nonce can allow; move it into a file"
            for spot in spots
            if spot.kind is SpotKind.HANDLER
        ),
        *(_of_layers(facts, known) if facts.guard is None else ()),
        *_of_roles(facts),
    ]


def _of_roles(facts: AppFacts) -> Iterator[str]:
    """Against rules that nobody can meet: whoever is signed in is refused, and nothing seems to be missing."""
    asked = sorted({role for route in facts.routes if route.rule == "requires" for role in route.roles})
    if asked and facts.guard is not None and not facts.guard.gives_roles:
        yield f'nobody can have the role {" or ".join(asked)}: identify needs roles= (in a settings file the field\'s name, roles = "role")'


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


def _is_empty_static(route: RouteFacts, facts: AppFacts) -> bool:
    """Flask's own route for a folder that is not there."""
    return route.kind == "static" and route.path.startswith("/static/") and facts.settings.get("has_static") is False


def _shares_all(facts: AppFacts) -> bool:
    return "*" in _said(facts).get("origins", ())


def _goes_by_a_pattern(facts: AppFacts) -> bool:
    said = _said(facts)
    return bool(said) and not said.get("origins")


def _behind_proxy(facts: AppFacts) -> bool:
    return any("Proxy" in name for name in facts.middleware)


def _is_checked(route: RouteFacts, facts: AppFacts) -> bool:
    """Whether the application itself says who may come: by a check, or by the reason why it is open."""
    if route.reason:
        return True
    known = {check.name.rpartition(":")[2] for check in facts.checks}
    return bool(known & set(route.guarded_by))


def _openness(route: RouteFacts, facts: AppFacts) -> str:
    """Why a route is open by its nature, "" when nothing says so. Methods count: a path that is harmless to read may delete."""
    path = route.path.rstrip("/") or "/"
    if route.kind == "static":
        return "files that are the same for everybody" if _holds_assets(path) and not _is_empty_static(route, facts) else ""
    methods = set(route.methods)
    if route.kind != "http" or not methods:
        return ""
    if methods <= _READ:
        if path in DOCS and _describes_itself(facts):
            return "the API's description is no secret"
        if path in _KNOWN or path == "/" or path.startswith("/.well-known/"):
            return "the front door, the same for everybody"
        if _HEALTH.match(path) and not route.parameters:  # against a ping of what the client names
            return "says only whether it runs"
    if methods <= _SENT and _is_door(path, methods):
        return "the way in and out; checks who comes by itself"
    if methods <= {"POST", "OPTIONS"} and _HOOK.search(path) and _checks_signature(_source(route, facts)):
        return "a machine calls it, and the handler checks its signature"
    return ""


def _holds_assets(path: str) -> bool:
    words = [word for word in path.lower().split("/") if word and not word.startswith("{")]
    return not words or words[-1] in _ASSETS


def _describes_itself(facts: AppFacts) -> bool:
    """Against a page of documents that is called as an API's description is."""
    return any(route.path == "/openapi.json" for route in facts.routes)


def _is_door(path: str, methods: set[str]) -> bool:
    """Whether a path is where people come in or go out, and nothing else. Against "/admin/reset" and "/users/{id}/token"."""
    *before, last = path.lower().split("/")[1:]
    if any("{" in word for word in (*before, last)):
        return False
    if _DOORS.fullmatch(last):
        return True
    if not all(word in _BEFORE_DOORS or _VERSION.fullmatch(word) for word in before):
        return False
    return last in _COUNTERS or (last in _HANDED_OUT and "GET" not in methods)


def _checks_signature(source: str) -> bool:
    """Whether the code calls something that checks a signature."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:
        return False
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [call.attr if isinstance(call, ast.Attribute) else call.id if isinstance(call, ast.Name) else "" for call in calls]
    return any(_SIGNED.fullmatch(name) for name in names)


def _source(route: RouteFacts, facts: AppFacts) -> str:
    """The handler's source, as far as the next definition at the margin."""
    path = Path(facts.root) / route.file if route.file else None
    if path is None or not path.is_file() or not route.line:
        return ""
    text = path.read_text(encoding="utf-8", errors="replace").splitlines()[route.line - 1 :]
    body = [line for i, line in enumerate(text) if i < 60]
    defined = [i for i, line in enumerate(body) if re.match(r"(async )?def ", line)]
    ends = [i for i, line in enumerate(body) if defined and i > defined[0] and line and not line[0].isspace() and not line.startswith(")")]
    return "\n".join(body[: ends[0]] if ends else body)


def _tables(facts: AppFacts, known: Known) -> Iterator[tuple[str, str]]:
    shared = _sharing(facts)
    if shared:
        given = ", ".join(f"{name} = {_toml(value)}" for name, value in shared.items())
        yield f"browser.cors = {{{given}}}", "as your CORS middleware says; ringwork answers instead of it"
    if known.proxies:
        yield f"network.trusted-proxies = {{proxies = {_list(known.proxies)}}}", "whom X-Forwarded-* is believed from; from nobody else"
        health = [route.path for route in facts.routes if _HEALTH.match(route.path)]
        if health and known.origin.startswith("https://"):
            yield f"transport.tls-required = {{plain_paths = {_list(health)}}}", "the balancer asks for it inside, by plain http"
    if any(route.path.rstrip("/") == "/docs" and set(route.methods) <= _READ for route in facts.routes) and _describes_itself(facts):
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
