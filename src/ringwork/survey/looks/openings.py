"""Ways round the login and the rules: views that ask for nobody, rules inside handlers, routes for finding faults, loads of anybody's row.

Against the one route that nobody remembered. Most of it is listed for a person to compare with what is meant to be public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import (
    STRONG,
    WEAK,
    Scope,
    Seen,
    calls,
    is_rehearsal,
    last,
    mentions,
    model_of,
    text_of,
    words,
    written,
)
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_EXEMPTS = frozenset({
    "login_exempt", "login_not_required", "public", "allow_anonymous", "no_auth", "skip_auth", "auth_exempt", "anonymous_allowed",
})  # fmt: skip
_ROLES = frozenset({
    "role", "roles", "is_admin", "is_staff", "is_superuser", "is_owner", "user_type", "account_type", "groups", "is_moderator",
})  # fmt: skip
_ROLE_WORDS = frozenset({"role", "roles", "admin", "staff", "superuser", "moderator", "groups", "permissions", "scopes"})
_REFUSES = re.compile(r"^(?:abort|redirect|forbid|refuse|reject|deny)|forbidden$|response$", re.IGNORECASE)
_TURNS = frozenset({"int", "str", "float", "UUID"})
_SEGMENTS = ("match_info", "view_args", "path_params")
_BROUGHT = frozenset({"args", "form", "json", "values", "GET", "POST", "data", "query_params", *_SEGMENTS})  # what a request says
_USERS = frozenset({"user", "current", "g", "session", "principal", "identity", "claims", "account", "member", "token", "me"})
_DEBUG_PATH = re.compile(
    r"(?:^|/)_*(?:debug|debugger|test|tests|testing|phpinfo|dump|console|trace|playground|sandbox|dev|pprof|profiler|__debug__)(?:/|$|-)"
)
_CONSOLE = re.compile(r"debug|console|phpinfo|pprof|profiler")
_SWITCH = re.compile(r"debug|testing|is_dev|development", re.IGNORECASE)
_LOADS = frozenset({"get_object_or_404", "get_or_404", "aget_object_or_404", "get", "one", "first_or_404", "find_one", "filter_by"})
_OWNERS = frozenset({
    "user", "owner", "tenant", "current", "author", "account", "organization", "organisation", "team", "member", "permission",
    "permissions", "authorize", "authorise", "can", "admin", "principal", "allowed", "access", "role", "roles", "perm", "perms",
    "workspace", "visible",
})  # fmt: skip
_TELLS = frozenset(
    {"print", "dict", "jsonify", "json_response", "debug", "info", "warning", "error", "exception", "log", "dumps", "format"}
)
"""Calls that tell something, and decide nothing."""
_NO_ROWS = frozenset({"request", "os", "cache", "redis", "session", "config", "settings"})
_LISTS = frozenset({"filter", "filter_by", "where", "find", "all", "select"})
_BELONGS = frozenset(
    {"owner", "user", "author", "tenant", "account", "member", "patient", "customer", "organization", "organisation", "team"}
)
_OFFICE = re.compile(r"(^|/)(admin|administration|internal|private|backoffice|staff)(/|$)", re.IGNORECASE)
"""Parts of a path that say for whom it is."""
_RULES = re.compile(r"role|permission|requires?$|has_|scopes?$|authoriz|authoris", re.IGNORECASE)
_ASKS = re.compile(r"user|auth|login|token|permission|principal|admin|identity", re.IGNORECASE)
_CHECKS = re.compile(r"permission|admin|staff|authoriz|authoris|owner|role|scope|access|public|require", re.IGNORECASE)

_SIGNED_IN = re.compile(
    r"(?:login|token|jwt|auth|authentication|user|session|api_?key|bearer)_?required|require_?(?:login|auth|token|user)"
)
"""Checks that ask only whether somebody is signed in, and not whose the row is."""


def look(seen: Seen) -> Iterator[Flow]:
    """What one module leaves open."""
    owned = _owned(seen)
    for statement, scope in seen.of(ir.Assign):
        yield from _of_class(seen, scope, statement)
        yield from _switched_off(seen, scope, statement)
    for function, scope in seen.of(ir.Function):
        inner = Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)
        yield from _decorated(seen, inner, function)
        if seen.handler(inner):
            yield from _handler(seen, inner, function)
            yield from _loaded(seen, inner, function, owned)
    for branch, scope in seen.of(ir.If):
        yield from _switched(seen, scope, branch)


def _of_class(seen: Seen, scope: Scope, statement: ir.Assign) -> Iterator[Flow]:
    name = last(statement.targets[0])
    if scope.owner is None or scope.function is not None or name not in {"permission_classes", "authentication_classes"}:
        return
    value = statement.value
    if isinstance(value, ir.Sequence) and (not value.items or any(last(item) == "AllowAny" for item in value.items)):
        detail = f"{scope.owner.name} lets everybody in ({name})."
        yield seen.flow("auth-optional", statement.at, strength=WEAK, sink=name, detail=detail, scope=scope, said="everybody is let in")


def _decorated(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    for decorator in function.decorators:
        name = last(decorator.function if isinstance(decorator, ir.Call) else decorator)
        is_any = name == "permission_classes" and mentions((decorator,), ("AllowAny",))
        if name in _EXEMPTS or is_any:
            office = next((handler.path for handler in seen.handler(scope) if _OFFICE.search(handler.path)), "")
            among = f", and {office} is for a few" if office else ""
            detail = f"{function.name} is taken out of the login ({name}){among}."
            strength = STRONG if office else WEAK
            yield seen.flow(
                "auth-optional", decorator.at, strength=strength, sink=name, detail=detail, scope=scope, said="taken out of the login"
            )


def _switched_off(seen: Seen, scope: Scope, statement: ir.Assign) -> Iterator[Flow]:
    """A switch of tests that lets everybody in: Flask-Login's LOGIN_DISABLED, FastAPI's dependency_overrides."""
    target = statement.targets[0]
    if is_rehearsal(seen.unit.file) or scope.function is not None:
        return
    is_login = last(target) == "LOGIN_DISABLED" and isinstance(statement.value, ir.Constant) and statement.value.value is True
    is_exchanged = isinstance(target, ir.Item) and last(target.of) == "dependency_overrides" and bool(_ASKS.search(written(target.key)))
    if is_login or is_exchanged:
        name = "LOGIN_DISABLED" if is_login else "dependency_overrides"
        what = "Every login_required lets everybody in" if is_login else f"{written(target.key)} is exchanged for every request"  # type: ignore[union-attr] # an Item has a key
        detail = f"{what} ({name}), which is made for tests."
        yield seen.flow("auth-optional", statement.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="the login is off")


def _handler(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    for handler in seen.handler(scope):
        if _DEBUG_PATH.search(handler.path.lower()):
            is_open = not handler.authenticated_by and not _is_switched(function) and bool(_CONSOLE.search(handler.path.lower()))
            strength = STRONG if is_open else WEAK
            detail = f"{handler.name} looks as if it had been made to find a fault, and is there in production."
            yield seen.flow(
                "test-route",
                function.at,
                strength=strength,
                sink=handler.path,
                detail=detail,
                scope=scope,
                said="a route for finding faults",
            )
            break
    for part in walk(function.body):
        if isinstance(part, ir.Compare) and _is_rule(part):
            detail = "A rule of who may do what stands inside the handler, where no table shows it."
            beside = _ruled(seen) if any(_OFFICE.search(handler.path) for handler in seen.handler(scope)) else ""
            yield seen.flow(
                "inline-rule",
                part.at,
                strength=STRONG if beside else WEAK,
                sink=last(part.left) or "role",
                detail=f"{detail[:-1]}; {beside} has its own on the route." if beside else detail,
                scope=scope,
                said="a rule inside a handler",
            )
            break


def _ruled(seen: Seen) -> str:
    """A route of the module whose rule stands on it, "" for none: where there is such a place, the others belong there too."""
    for function, scope in seen.of(ir.Function):
        for one in seen.handler(Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)):
            if any(_RULES.search(name) for name in one.authenticated_by):
                return one.name
    return ""


def _is_switched(function: ir.Function) -> bool:
    """Whether the function asks a setting before it answers."""
    tests = [part.test for part in function.body if isinstance(part, ir.If)]
    return any(_SWITCH.search(name) or name in {"config", "settings", "environ", "getenv"} for test in tests for name in names((test,)))


def _is_rule(compare: ir.Compare) -> bool:
    sides = (compare.left, *compare.rights)
    is_role = any(last(side) in _ROLES and set(written(side).lower().replace("_", ".").split(".")) & _USERS for side in sides)
    return is_role and any(isinstance(side, ir.Constant | ir.Sequence) or last(side).isupper() or "Role" in written(side) for side in sides)


def _switched(seen: Seen, scope: Scope, branch: ir.If) -> Iterator[Flow]:
    """Routes that are there only where a switch says so."""
    if not any(_SWITCH.search(last(part)) for part in walk((branch.test,)) if isinstance(part, ir.Name | ir.Attribute | ir.Item)):
        return
    for call in calls(branch.then):
        if last(call.function) in {"add_url_rule", "add_api_route", "add_route", "include_router", "register_blueprint"}:
            given = next((text for argument in call.arguments if (text := text_of(argument))), "")
            detail = (
                f"Routes{f' at {given}' if given else ''} are there where a switch is on; whether production turns it on is not known here."
            )
            yield seen.flow(
                "test-route", call.at, strength=WEAK, sink=last(call.function), detail=detail, scope=scope, said="a route behind a switch"
            )


def _owned(seen: Seen) -> frozenset[str]:
    """The models of which some handler of the module loads only what belongs to somebody."""
    found = set[str]()
    for function, scope in seen.of(ir.Function):
        if seen.handler(Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)):
            found.update(
                model_of(call)
                for call in calls(function.body)
                if last(call.function) in _LOADS | _LISTS and any(words(name) & _BELONGS for name, _ in _keywords(call))
            )
    return frozenset(found - {""})


def _keywords(call: ir.Call) -> Iterator[tuple[str, ir.Expression]]:
    """Names and values of a call's conditions, and of those that it stands on: `Note.query.filter_by(owner=me).get(1)`."""
    for inner in calls((call,)):
        yield from inner.keywords
        for part in walk(inner.arguments):
            if isinstance(part, ir.Compare) and part.rights:
                yield last(part.left), part.rights[0]


def _of_path(statement: ir.Assign) -> str:
    """The name that gets a parameter of the path from the request itself, "" for any other."""
    target = statement.targets[0]
    return target.id if isinstance(target, ir.Name) and mentions((statement.value,), _SEGMENTS) else ""


def _asks_whose(function: ir.Function) -> bool:
    """Whether a handler asks by owner or rule: in a condition, a comparison, a call of that name, or by handing the user on.

    Against an answer that tells the owner ({"owner": note.owner_id}) and is taken for a question; and the model that is loaded
    (Account.query.get(1)) asks nobody by its name.
    """
    loaded = {model_of(call) for call in calls(function.body) if last(call.function) in _LOADS}
    return any(words(name) & _OWNERS for name in _asking(function) if name not in loaded)


def _takes_owned(function: ir.Function, given: set[str]) -> bool:
    """Whether a handler takes only what belongs to who asks, as `_owned` knows it: `filter_by(id=number, customer_id=g.customer.id)`.

    given: what the path brings; an owner whom the request names is nobody who asks.
    """
    named = given | {
        target.id
        for part in walk(function.body)
        if isinstance(part, ir.Assign) and _is_given(part.value, given)
        for target in part.targets
        if isinstance(target, ir.Name)
    }
    if any(_is_whose(part) for part in walk(function.body) if isinstance(part, ir.Compare)):
        return True
    return any(
        words(name) & _BELONGS and not _is_given(value, named)
        for call in calls(function.body)
        if last(call.function) in _LOADS | _LISTS
        for name, value in _keywords(call)
    )


def _is_given(value: ir.Expression, given: set[str]) -> bool:
    """Whether a value is what the request says, perhaps turned into a number: `int(customer_id)`, `request.args["customer"]`."""
    if isinstance(value, ir.Call) and last(value.function) in _TURNS and value.arguments:
        return _is_given(value.arguments[0], given)
    if isinstance(value, ir.Call) and last(value.function) in {"get", "getlist"} and isinstance(value.function, ir.Attribute):
        value = value.function.of
    if isinstance(value, ir.Item):
        value = value.of
    if isinstance(value, ir.Name):
        return value.id in given
    return isinstance(value, ir.Attribute) and last(value) in _BROUGHT and last(value.of) in {"request", "req"}


def _is_whose(compare: ir.Compare) -> bool:
    """Whether a row's owner is compared with who asks: `note.customer_id != g.customer.id`, `note.patient_id == patient.id`."""
    sides = (compare.left, *compare.rights)
    if any(isinstance(side, ir.Constant) for side in sides):
        return False
    return all(words(written(side)) & _BELONGS for side in sides) or (
        any(_is_somebody(side) for side in sides) and any(words(last(side)) & _BELONGS for side in sides)
    )


def _asking(function: ir.Function) -> Iterator[str]:
    """The names that stand where something is decided, or where somebody is handed to what may decide."""
    for part in walk(function.body):
        if isinstance(part, ir.If | ir.Choice | ir.Assert | ir.While):
            yield from names((part.test,))
        elif isinstance(part, ir.Compare):
            yield from names((part,))
        elif isinstance(part, ir.Call) and last(part.function) not in _TELLS and not last(part.function)[:1].isupper():
            yield from names((part.function,))
            yield from (name for name, _ in part.keywords if name)
            handed = [*part.arguments, *(value for _, value in part.keywords)]
            yield from (written(one) for one in handed if isinstance(one, ir.Name | ir.Attribute) and _is_somebody(one))


def _is_somebody(expression: ir.Expression) -> bool:
    """Whether it is who asks (current_user, request.user, me.id), and not a field of what was loaded."""
    return bool({"user", "current", "principal", "identity", "me", "member"} & words(written(expression).split(".")[0])) or (
        written(expression).startswith(("request.", "self.request.", "g.", "session."))
    )


def _asks_role(seen: Seen, word: str) -> bool:
    """Whether what is asked before a handler, of the project's own, decides by a role: `chief` of `Depends(chief)`, whatever its name."""
    for dotted in (seen.unit.imports.get(word, ""), f"{seen.unit.name}.{word}"):
        found = (seen.project.function(dotted) or seen.project.class_(dotted)) if dotted else None
        if found is not None:
            body = found.node.body
            tests = [part.test for part in walk(body) if isinstance(part, ir.If | ir.Assert)]
            is_asked = any(words(name) & _ROLE_WORDS for test in tests for name in names((test,)))
            return is_asked and any(isinstance(part, ir.Raise | ir.Assert) or _REFUSES.search(_called(part)) for part in walk(body))
    return False


def _called(part: object) -> str:
    return last(part.function) if isinstance(part, ir.Call) else ""


def _loaded(seen: Seen, scope: Scope, function: ir.Function, owned: frozenset[str]) -> Iterator[Flow]:
    """A row that a request names is loaded, and nothing in the handler asks whose it is. owned: models that others load by their owner."""
    handlers = seen.handler(scope)
    names = {name for handler in handlers for name, brought in handler.brought.items() if brought.source == "path"}
    names |= {name for part in walk(function.body) if isinstance(part, ir.Assign) and (name := _of_path(part))}
    before = [word for handler in handlers for word in handler.authenticated_by]
    before += [last(part.function if isinstance(part, ir.Call) else part) for part in function.decorators]
    if (
        not names
        or _asks_whose(function)
        or _takes_owned(function, names)
        or any(_CHECKS.search(word) and not _SIGNED_IN.fullmatch(word) for word in before)
    ):
        return
    if any(_asks_role(seen, word) for word in before):
        return  # what only some roles may ask for is nobody's own
    for call in calls(function.body):
        given = [*call.arguments, *(value for _, value in call.keywords)]
        root = written(call.function).split(".")[0]
        if last(call.function) not in _LOADS or root in _NO_ROWS or isinstance(seen.unit.assigned.get(root), ir.Mapping):
            continue
        used = next((value.id for value in given if isinstance(value, ir.Name) and value.id in names), "")
        if used:
            model = model_of(call)
            beside = f"; other handlers ask it of {model}" if model in owned else ""
            detail = f"The row that {used} names is loaded, and nothing here asks whose it is{beside}."
            strength = STRONG if beside else WEAK
            yield seen.flow(
                "unscoped-load",
                call.at,
                strength=strength,
                sink=last(call.function),
                detail=detail,
                scope=scope,
                said="loaded whoever asks",
            )
            return
