"""Switches of Flask and of single views that weaken what a framework does by itself: cookies, forms, exemptions.

Against a setting that was for a developer's machine and is for everybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, mentions, text_of, written
from ringwork.survey.taint import ir

_FALSE = {
    "SESSION_COOKIE_SECURE": "cookie-flags",
    "SESSION_COOKIE_HTTPONLY": "cookie-flags",
    "REMEMBER_COOKIE_SECURE": "cookie-flags",
    "REMEMBER_COOKIE_HTTPONLY": "cookie-flags",
    "JWT_COOKIE_SECURE": "cookie-flags",
    "JWT_COOKIE_CSRF_PROTECT": "csrf-exempt",
    "WTF_CSRF_ENABLED": "csrf-exempt",
    "WTF_CSRF_CHECK_DEFAULT": "csrf-exempt",
}
_TRUE = {"TESTING": "debug", "TEMPLATES_AUTO_RELOAD": "debug", "PROPAGATE_EXCEPTIONS": "error-detail"}
"""Switches that are for a rehearsal: with TESTING errors are thrown at who called, and extensions leave out checks."""
_FLASK_ALONE = frozenset(
    {"WTF_CSRF_ENABLED", "WTF_CSRF_CHECK_DEFAULT", "REMEMBER_COOKIE_SECURE", "JWT_COOKIE_SECURE", "JWT_COOKIE_CSRF_PROTECT"}
)
"""Names that Django does not have, so that a module which sets them is read by Flask."""
_REHEARSAL = re.compile(r"dev|test|local|debug", re.IGNORECASE)
_LOGINS = frozenset({"login_required", "permission_required", "staff_member_required", "user_passes_test", "jwt_required"})
_CHECKED = frozenset({"require_csrf", "check_origin", "csrf_protect"})
"""Arguments of views and of policies that ask for a form's token."""
_MIXINS = frozenset({"LoginRequiredMixin", "PermissionRequiredMixin", "UserPassesTestMixin"})
_EXEMPTS = frozenset({"csrf_exempt", "exempt", "csrf_protect_exempt"})


_ACCEPTED = frozenset({"accept_content", "result_accept_content", "CELERY_ACCEPT_CONTENT", "CELERY_RESULT_ACCEPT_CONTENT"})
_PICKLED = frozenset({"pickle", "application/x-python-serialize"})


def _messages(seen: Seen) -> Iterator[Flow]:
    """Workers of Celery that load any object: who reaches the broker runs code in them.

    Source: https://docs.celeryq.dev/en/stable/userguide/security.html
    """
    given = [(last(target), one.value, scope) for one, scope in seen.of(ir.Assign) for target in one.targets]
    given += [(name, value, scope) for call, scope in seen.of(ir.Call) for name, value in call.keywords]
    for name, value, scope in given:
        if name in _ACCEPTED and isinstance(value, ir.Sequence) and any(text_of(item) in _PICKLED for item in value.items):
            detail = f"Messages of the queue may be pickles ({name}), which run what they say; take json alone."
            yield seen.flow("loader", value.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="pickles are taken")


def _unescaped(seen: Seen, scope: Scope, at: int, value: ir.Constant) -> Iterator[Flow]:
    """`app.jinja_env.autoescape = False`, for every template of the application."""
    if value.value is False:
        detail = "Templates put values into pages as they are; leave autoescape on and mark what is markup."
        yield seen.flow("autoescape", at, strength=STRONG, sink="autoescape", detail=detail, scope=scope, said="escaping is switched off")


def look(seen: Seen) -> Iterator[Flow]:
    """Such switches of one module."""
    yield from _messages(seen)
    for statement, scope in seen.of(ir.Assign):
        for target in statement.targets:
            name = last(target)
            is_configured = isinstance(target, ir.Item | ir.Attribute) and written(target).rpartition("." + name)[0].endswith("config")
            is_configured = is_configured or (isinstance(target, ir.Item) and written(target).endswith("config"))
            is_of_module = isinstance(target, ir.Name) and not scope.qualname and name in _FLASK_ALONE
            is_of_class = isinstance(target, ir.Name) and scope.owner is not None and scope.function is None and "onfig" in scope.owner.name
            if name == "autoescape" and isinstance(target, ir.Attribute) and isinstance(value := statement.value, ir.Constant):
                yield from _unescaped(seen, scope, statement.at, value)
            if is_configured or is_of_class or is_of_module:
                yield from _set(seen, scope, statement.at, name, statement.value)
    for call, scope in seen.of(ir.Call):
        if last(call.function) in {"update", "from_mapping"} and "config" in written(call.function):
            given = dict(_given(call))
            if _is_true(given.get("TESTING")):
                yield from _rehearsed(seen, scope, call.at, "TESTING", given["TESTING"])
                continue
            for name, value in given.items():
                yield from _set(seen, scope, value.at, name, value)
        for name, value in call.keywords:
            if name in _CHECKED and isinstance(value, ir.Constant) and value.value is False:
                detail = f"{name} is turned off: changes are taken without a form's token, or from any origin."
                # A webhook has no form's token; where a request comes from is never in its way.
                strength = STRONG if name == "check_origin" else WEAK
                yield seen.flow("csrf-exempt", value.at, strength=strength, sink=name, detail=detail, scope=scope, said=f"{name} = False")
        if last(call.function) == "csrf_exempt" and len(call.arguments) == 1 and not isinstance(call.arguments[0], ir.Lambda):
            # In a URLconf the views are often somebody else's; what is exempt there is for a person to look through.
            named = written(call.arguments[0]).removesuffix(".as_view") or "a view"
            detail = f"{named} takes changes without a form's token."
            said = "exempt from CSRF protection"
            yield seen.flow("csrf-exempt", call.at, strength=WEAK, sink="csrf_exempt", detail=detail, scope=scope, said=said)
    for function, scope in seen.of(ir.Function):
        yield from _exempted(seen, scope, function)
    for view, scope in seen.of(ir.Class):
        yield from _exempted(seen, scope, view)


def _is_true(value: ir.Expression | None) -> bool:
    return isinstance(value, ir.Constant) and value.value is True


def _given(call: ir.Call) -> Iterator[tuple[str, ir.Expression]]:
    yield from call.keywords
    for mapping in call.arguments:
        if isinstance(mapping, ir.Mapping):
            yield from ((text_of(key) or "", value) for key, value in mapping.items)


def _set(seen: Seen, scope: Scope, at: int, name: str, value: ir.Expression) -> Iterator[Flow]:
    kind = _FALSE.get(name) if isinstance(value, ir.Constant) and value.value is False else None
    if kind is None:
        yield from _rehearsed(seen, scope, at, name, value)
        return
    if name == "WTF_CSRF_CHECK_DEFAULT" and any(last(call.function) == "protect" for call, _ in seen.of(ir.Call)):
        return  # it checks by itself, where it knows more
    is_rehearsal = bool(_REHEARSAL.search(seen.unit.file.rpartition("/")[2])) or (
        scope.owner is not None and bool(_REHEARSAL.search(scope.owner.name))
    )
    detail = f"{name} is turned off, for every environment that uses this setting."
    yield seen.flow(kind, at, strength=WEAK if is_rehearsal else STRONG, sink=name, detail=detail, scope=scope, said=f"{name} = False")


def _rehearsed(seen: Seen, scope: Scope, at: int, name: str, value: ir.Expression) -> Iterator[Flow]:
    """A mode that is for a developer's machine, written into what is shipped."""
    is_on = name in _TRUE and _is_true(value)
    if is_on or (name in {"ENV", "FLASK_ENV"} and text_of(value) == "development"):
        strength = STRONG if name == "TESTING" and _is_always(seen, at) else WEAK
        detail = f"{name} is set for a rehearsal, whatever the environment says."
        yield seen.flow(_TRUE.get(name, "debug"), at, strength=strength, sink=name, detail=detail, scope=scope, said=f"{name} is set")


def _is_always(seen: Seen, at: int) -> bool:
    """Whether every start of the application comes to a place: it stands at the top of a module that is not for a rehearsal by its name."""
    plain = (statement for statement in seen.unit.module.body if isinstance(statement, ir.Assign | ir.Evaluate))
    is_top = any(at in {statement.at, statement.value.at} for statement in plain)
    return is_top and not _REHEARSAL.search(seen.unit.file.rpartition("/")[2])


def _exempted(seen: Seen, scope: Scope, view: ir.Function | ir.Class) -> Iterator[Flow]:
    """A function, a method, or a class whose dispatch is decorated: @csrf_exempt, @csrf.exempt, @method_decorator(csrf_exempt)."""
    names = [last(part.function if isinstance(part, ir.Call) else part) for part in view.decorators]
    exempt = [
        part
        for part, name in zip(view.decorators, names, strict=True)
        if (name in _EXEMPTS and (name != "exempt" or "csrf" in written(part))) or mentions(part, ("csrf_exempt",))
    ]
    if not exempt:
        return
    asked = {*names, *(written(base) for base in view.bases)} if isinstance(view, ir.Class) else set(names)
    is_by_session = bool((_LOGINS | _MIXINS) & asked)
    at = exempt[0].at
    inner = Scope(f"{scope.qualname}.{view.name}".lstrip("."), *((view, scope.owner) if isinstance(view, ir.Function) else (None, view)))
    detail = f"{view.name} takes changes without a form's token" + (", and knows its users by their session." if is_by_session else ".")
    yield seen.flow(
        "csrf-exempt",
        at,
        strength=STRONG if is_by_session else WEAK,
        sink="csrf_exempt",
        detail=detail,
        scope=inner,
        said="exempt from CSRF protection",
    )
