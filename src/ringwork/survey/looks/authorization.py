"""Handlers without the check that their neighbours have.

Against the one route that was forgotten: whoever added it saw the others, and so does whoever looks for it from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import WEAK, Scope, Seen, written
from ringwork.survey.taint import ir, routes_checks
from ringwork.survey.taint.handlers import Handler

_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_IDENTITY = re.compile(r"(^|_)(id|pk|uuid|number|key)$", re.IGNORECASE)
_OFFICE = re.compile(r"(^|/)(admin|administration|internal|private|backoffice|staff)(/|$)", re.IGNORECASE)
"""Parts of a path that say for whom it is."""
_OPEN = re.compile(
    r"log_?in|log_?out|sign_?(in|up|out)|register|registration|passw|forgot|reset|confirm|verif|activat|token|oauth|sso|saml|callback|hook"
    r"|webhook|health|ping|status|csp|csrf|captcha|unsubscribe|invit|search|contact|public|setup|join|share|feedback|newsletter",
    re.IGNORECASE,
)
"""Words of routes that have to answer people who are not known."""
_ASKED = re.compile(
    r"current_?\w*user|logged_in|is_authenticated|is_admin|is_staff|is_owner|has_perm\w*|can_\w+|principal|compare_digest|identity|session"
    r"|authori[sz]\w*|authenticat\w*|unauthori[sz]ed|forbidden|permission\w*|access_token|api_key|signature|owner\w*|abort_if\w*",
    re.IGNORECASE,
)
"""Names in a handler's own code that tell that it asks by itself who is there."""


def look(seen: Seen) -> Iterator[Flow]:
    """Handlers of one module that change something, or load one thing, for anybody, where others of it ask who is there."""
    listed = [(node, scope, handler) for node, scope in seen.of(ir.Function) for handler in _handlers(seen, node, scope)]
    beside = [handler for _, _, handler in listed]
    told, has_session = set[str](), seen.imports("flask", "quart", "aiohttp_session")
    for node, scope, handler in listed:
        if handler.function in told or not _is_bare(node, handler, has_session=has_session):
            continue
        why = _why(handler, beside, seen)
        if why:
            told.add(handler.function)
            inner = Scope(_joined(scope, node.name), node, scope.owner)
            yield seen.flow(
                "missing-authorization",
                node.at,
                strength=WEAK,
                sink=handler.name,
                detail=why,
                scope=inner,
                said="nobody is asked who it is",
            )


def _handlers(seen: Seen, node: ir.Function, scope: Scope) -> Sequence[Handler]:
    return seen.routes.at(f"{seen.unit.name}.{_joined(scope, node.name)}")


def _joined(scope: Scope, name: str) -> str:
    if not scope.qualname:
        return name
    return f"{scope.qualname}.<locals>.{name}" if scope.function is not None else f"{scope.qualname}.{name}"


def _is_bare(node: ir.Function, handler: Handler, *, has_session: bool) -> bool:
    """Whether nothing around a handler or in it asks who is there, and its address does not say that it is for everybody."""
    if handler.authenticated_by or handler.is_public or not handler.path or handler.kind != "http":
        return False
    if _OPEN.search(handler.path) or _OPEN.search(node.name):
        return False
    return not any(_ASKED.search(name) for name in _names(node, has_session=has_session))


def _names(node: ir.Function, *, has_session: bool) -> Iterator[str]:
    """The names in a handler's code, and its short texts. has_session: a name `session` is the visitor's, and not the database's."""
    for part in routes_checks.nodes(node.body):
        if isinstance(part, ir.Attribute):
            yield part.name if has_session or part.name != "session" or written(part).startswith(("request", "self.request")) else ""
        elif isinstance(part, ir.Name):
            yield part.id if has_session or part.id != "session" else ""
        elif isinstance(part, ir.Constant) and part.value in {401, 403} and not isinstance(part.value, bool):
            yield "forbidden"
        elif isinstance(part, ir.Constant) and isinstance(part.value, str) and part.value.isidentifier():
            yield part.value


def _why(handler: Handler, beside: Sequence[Handler], seen: Seen) -> str:
    """What it does for anybody that others ask about first; "" for nothing."""
    guarded = [one for one in beside if one.authenticated_by]
    changing = [one for one in guarded if _changes(one)]
    if _changes(handler) and changing:
        return f"It changes something for anybody; {changing[0].name} asks {changing[0].authenticated_by[0]} first."
    if _OFFICE.search(handler.path) and seen.routes.has_authentication:
        return "It is among what only a few may do, by its address, and it asks nobody who he is; other routes do."
    shown = [one for one in beside if _loads(one) and not _changes(one)]
    asking = [one for one in shown if one.authenticated_by]
    if handler in shown and len(asking) > len(shown) - len(asking):
        return f"It shows one thing to anybody; {asking[0].name} asks {asking[0].authenticated_by[0]} first."
    return ""


def _changes(handler: Handler) -> bool:
    return bool(({handler.verb} if handler.verb else set(handler.methods)) & _CHANGING)


def _loads(handler: Handler) -> bool:
    return any(_IDENTITY.search(name) for name in handler.segments)
