"""Which routes are open by their nature: a login, a health check, a signed webhook, the files of which pages are made.

Against a route that is opened by a guess: methods count, the folder counts, and a webhook is one whose handler checks a signature.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

from ringwork.survey.facts import AppFacts, RouteFacts

_DOCS = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"})
HEALTH = re.compile(r"^/(health|healthz|live|livez|ready|readyz|ping|status|up)/?$")
_KNOWN = frozenset({"/favicon.ico", "/robots.txt", "/humans.txt", "/sitemap.xml", "/manifest.json"})
_HOOK = re.compile(r"(^|[/_-])(web)?hooks?($|[/_-])|(^|[/_-])callbacks?($|[/_-])")
_SIGNED = re.compile(
    r"compare_digest|construct_event|(verify|validate|check|require)_?(\w*_)?(signature|webhook|hmac)\w*|"
    r"(signature|hmac)\w*_(is_)?(valid|verified|ok)|(is_)?valid_(\w*_)?(signature|hmac)",
    re.IGNORECASE,
)
"""Names of functions that check a signature; only a call counts, no word in a comment or a parameter."""

READ = frozenset({"GET", "HEAD", "OPTIONS"})
_SENT = READ | {"POST"}
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
_BEFORE_DOORS = frozenset({"api", "auth", "account", "accounts", "user", "users", "member", "members", "identity", "oauth", "oauth2"})
_VERSION = re.compile(r"v[0-9]{1,3}")
_ASSETS = frozenset({"static", "assets", "public", "css", "js", "img", "images", "icons", "fonts", "styles", "scripts", "dist", "build"})
"""Folders that hold what pages are made of; what lies in others ("uploads", "media", "files") may be somebody's."""


def is_checked(route: RouteFacts, facts: AppFacts) -> bool:
    """Whether the application itself says who may come: by a check, or by the reason why it is open."""
    if route.reason:
        return True
    known = {check.name.rpartition(":")[2] for check in facts.checks}
    return bool(known & set(route.guarded_by))


def reason(route: RouteFacts, facts: AppFacts) -> str:
    """Why a route is open by its nature, "" when nothing says so. Methods count: a path that is harmless to read may delete."""
    path = route.path.rstrip("/") or "/"
    if route.kind == "static":
        return "files that are the same for everybody" if _holds_assets(path) and not is_empty_static(route, facts) else ""
    methods = set(route.methods)
    if route.kind != "http" or not methods:
        return ""
    if methods <= READ:
        if path in _DOCS and describes_itself(facts):
            return "the API's description is no secret"
        if path in _KNOWN or path == "/" or path.startswith("/.well-known/"):
            return "the front door, the same for everybody"
        if HEALTH.match(path) and not route.parameters:  # against a ping of what the client names
            return "says only whether it runs"
    # A form's view of Django answers PUT as it does POST.
    sent = _SENT | {"PUT"} if facts.framework == "django" and "POST" in methods else _SENT
    if methods <= sent and _is_door(path, methods):
        return "the way in and out; checks who comes by itself"
    if methods <= {"POST", "OPTIONS"} and _HOOK.search(path) and _checks_signature(_source(route, facts)):
        return "a machine calls it, and the handler checks its signature"
    return ""


def _holds_assets(path: str) -> bool:
    words = [word for word in path.lower().split("/") if word and not word.startswith("{")]
    return not words or words[-1] in _ASSETS


def has_docs(facts: AppFacts) -> bool:
    """Whether a page shows the API's description, and loads scripts of a content network for it."""
    return any(route.path.rstrip("/") == "/docs" and set(route.methods) <= READ for route in facts.routes) and describes_itself(facts)


def describes_itself(facts: AppFacts) -> bool:
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


def is_empty_static(route: RouteFacts, facts: AppFacts) -> bool:
    """Flask's own route for a folder that is not there."""
    return route.kind == "static" and route.path.startswith("/static/") and facts.settings.get("has_static") is False
