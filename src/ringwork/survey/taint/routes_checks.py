"""Which decorators, dependencies and hooks ask who is there: a guess by name and body, and named as one in reports.

Against a function that only has such a name: what the project itself defines counts where it is seen to turn somebody away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ringwork.survey.taint import ir
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_scope import Scope, around, dotted, of_function, written
from ringwork.survey.taint.units import Defined, DefinedClass

_NAMED = re.compile(
    r"current_?\w*user|get_?user|require|auth|login|log_in|logged_in|signed_in|jwt|token|permission|principal|admin|role|identity|protected"
    r"|secur|superuser|staff",
    re.IGNORECASE,
)
_PASSES = re.compile(r"optional|maybe|or_none|if_any|agent|author(?!i[sz])|try_|not_required|anonymous_required|csrf|logout", re.IGNORECASE)
_NO_CHECKS = frozenset({"require_http_methods", "require_GET", "require_POST", "require_safe", "require_params"})
_REFUSING = re.compile(r"abort|redirect|unauthori[sz]ed\w*|forbid(den)?|refuse|reject|deny|permission_denied|raise_\w+", re.IGNORECASE)
_REFUSED = re.compile(r"unauthori[sz]ed|forbidden|permissiondenied|notauthenticated|authenticationfailed|accessdenied", re.IGNORECASE)
_VERIFIES = re.compile(r"(verify|require|check|ensure|enforce|validate|must)_\w+", re.IGNORECASE)
_OTHER = re.compile(r"csrf|xsrf|rate|limit|throttl|maintenance|banned|setup|origin|cors|csp|error", re.IGNORECASE)
"""Names of code that refuses for another reason than not knowing who is there."""
_LOGIN = re.compile(r"log_?in|sign_?in|auth", re.IGNORECASE)
OURS = {"requires": True, "signed": True, "signed_link": True, "public": False}
"""The marks of ringwork: whether each asks who is there."""
_SIGNING = re.compile(
    r"log_?in|logged|sign(ed)?_?in|authenticat|authori[sz]|auth_required|require_(auth|user|login)|check_(auth|login)", re.IGNORECASE
)
"""Names of hooks that say what they ask."""
_DEEP = 2
_OPEN = frozenset({"login_not_required", "public", "allow_anonymous", "AllowAny"})


def is_named(name: str) -> bool:
    """Whether something of this name probably asks who is there."""
    last = name.rpartition(".")[2]
    return bool(_NAMED.search(last)) and not _PASSES.search(last) and last not in _NO_CHECKS


def of_decorators(scope: Scope, decorators: Iterable[ir.Expression]) -> Iterator[str]:
    """The names of those that ask who is there, outermost first."""
    for decorator in decorators:
        function = decorator.function if isinstance(decorator, ir.Call) else decorator
        name = dotted(scope, function) or written(function)
        short = name.rpartition(".")[2]
        if name.startswith("ringwork."):
            if OURS.get(short):
                yield short
        elif short == "method_decorator" and isinstance(decorator, ir.Call):
            yield from of_decorators(scope, decorator.arguments[:1])
        elif short in {"permission_classes", "authentication_classes"} and isinstance(decorator, ir.Call):
            yield from of_permissions(scope, decorator.arguments[:1])
        elif short == "user_passes_test" or asks(scope, name):
            yield short


def is_open(scope: Scope, decorators: Iterable[ir.Expression]) -> bool:
    """Whether a decorator declares the handler open to everybody."""
    names = (written(one).rpartition(".")[2] for one in decorators)
    return any(name in _OPEN for name in names)


def of_permissions(scope: Scope, listed: Iterable[ir.Expression]) -> Iterator[str]:
    """Permission classes of Django REST framework that let nobody in who is not known."""
    for one in listed:
        if isinstance(one, ir.Sequence):
            yield from of_permissions(scope, one.items)
        elif isinstance(one, ir.Binary):
            sides = [[*of_permissions(scope, (side,))] for side in (one.left, one.right)]
            if one.operator == "&" or all(sides):
                yield from (name for side in sides for name in side)
        else:
            name = (dotted(scope, one) or written(one)).rpartition(".")[2]
            if name and name not in {"AllowAny", "IsAuthenticatedOrReadOnly", "BasePermission"} and not _PASSES.search(name):
                yield name


def asks(scope: Scope, name: str) -> bool:
    """Whether the function or class of this dotted name asks who is there and turns away whom it does not know."""
    if not name:
        return False
    found = scope.project.function(name) or scope.project.class_(name)
    if found is None:
        return is_named(name)
    if isinstance(found, DefinedClass):
        return is_named(name) and any(turns_away(scope.project, method) for method in found.methods.values())
    return asks_by(scope.project, found, name)


def asks_by(project: Project, called: Defined, name: str) -> bool:
    """Whether a callable object of a class with this name asks."""
    if is_named(name):
        return turns_away(project, called)
    return not _OTHER.search(name.rpartition(".")[2]) and refuses_access(called)


def turns_away(project: Project, defined: Defined, *, depth: int = _DEEP) -> bool:
    """Whether the code raises, aborts, redirects or calls what verifies, itself or in the functions of the project that it calls."""
    called: list[ir.Expression] = []
    for node in nodes(defined.node.body):
        if isinstance(node, ir.Raise):
            return True
        if isinstance(node, ir.Constant) and node.value in (401, 403) and not isinstance(node.value, bool):
            return True
        if isinstance(node, ir.Call):
            last = written(node.function).rpartition(".")[2]
            if _REFUSING.fullmatch(last) or _VERIFIES.fullmatch(last) or _REFUSED.search(last) or is_decorating(last):
                return True
            called.append(node.function)
    if not depth or not called:
        return False
    inside = of_function(around(project, defined), defined)
    for function in called:
        found = project.function(dotted(inside, function))
        if found is not None and found is not defined and turns_away(project, found, depth=depth - 1):
            return True
    return False


def refuses_strangers(defined: Defined) -> bool:
    """Whether a hook refuses where something is not there: `if not session.get("user"): return redirect("/login")`."""
    for statement in defined.node.body:
        if isinstance(statement, ir.If) and _asks_for_absence(statement.test):
            inner = defined.node._replace(body=statement.then)
            if refuses_access(Defined(defined.unit, defined.qualname, inner)):
                return True
    return False


def _asks_for_absence(test: ir.Expression) -> bool:
    for node in nodes((test,)):  # type: ignore[arg-type]  # any node will do
        if isinstance(node, ir.Unary) and node.operator == "not":
            return True
        if isinstance(node, ir.Compare) and any(operator in {"is", "not in"} for operator in node.operators):
            return True
    return False


def is_hook(project: Project, hook: Defined) -> bool:
    """Whether what runs before every request asks who is there.

    Against a hook that turns away only some, or only those who are signed in: it has to say so by its name, or to refuse strangers.
    """
    if _OTHER.search(hook.node.name) or _PASSES.search(hook.node.name):
        return False
    return refuses_strangers(hook) or (bool(_SIGNING.search(hook.node.name)) and turns_away(project, hook))


def is_decorating(name: str) -> bool:
    """Whether a call inside a decorator hands on to another that asks (`user_passes_test`, `login_required(view)`)."""
    return name in {"user_passes_test", "login_required", "permission_required", "jwt_required", "roles_required"}


def refuses_access(defined: Defined) -> bool:
    """Whether code without a telling name answers 401 or 403, raises such an exception, or redirects to a login."""
    for node in nodes(defined.node.body):
        if isinstance(node, ir.Call):
            last = written(node.function).rpartition(".")[2]
            values = [*node.arguments, *(value for _, value in node.keywords)]
            codes = {value.value for value in values if isinstance(value, ir.Constant) and not isinstance(value.value, bool)}
            if codes & {401, 403} or _REFUSED.search(last) or is_decorating(last):
                return True
            if last.lower().endswith("redirect") and any(_LOGIN.search(one) for value in values for one in _texts(value)):
                return True
        elif isinstance(node, ir.Return) and isinstance(node.value, ir.Sequence):
            if any(isinstance(item, ir.Constant) and item.value in (401, 403) for item in node.value.items):
                return True
        elif isinstance(node, ir.Raise) and node.value is not None and _REFUSED.search(written(node.value)):
            return True
    return False


def _texts(expression: ir.Expression) -> Iterator[str]:
    if isinstance(expression, ir.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ir.Call):
        for argument in expression.arguments:
            yield from _texts(argument)
    elif isinstance(expression, ir.Text):
        yield from (part.value for part in expression.parts if isinstance(part, ir.Constant) and isinstance(part.value, str))
    elif isinstance(expression, ir.Attribute):
        yield expression.name


def nodes(body: ir.Block) -> Iterator[tuple[object, ...]]:
    """Every statement and expression of a block, those of functions inside it too."""
    waiting: list[object] = [*reversed(body)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            if hasattr(node, "_fields"):
                yield node
            waiting.extend(reversed(node))


def of_dependency(scope: Scope, name: str, *, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a dependency, or one that it depends on by default or annotation, asks who is there."""
    if not name or name in seen or len(seen) > 4:
        return False
    found = scope.project.function(name)
    if found is None:
        owner = scope.project.class_(name)
        if owner is None:
            return is_named(name)
        return is_named(name) and any(turns_away(scope.project, method) for method in owner.methods.values())
    if asks(scope, name):
        return True
    inner = around(scope.project, found)
    for parameter in found.node.parameters:
        for one in _depended(inner, parameter):
            if of_dependency(inner, one, seen=seen | {name}):
                return True
    return False


def _depended(scope: Scope, parameter: ir.Parameter) -> Iterator[str]:
    for expression in (parameter.default, parameter.annotation):
        for node in nodes((expression,)) if expression is not None else ():  # type: ignore[arg-type]  # any node will do
            if isinstance(node, ir.Call) and written(node.function).rpartition(".")[2] in {"Depends", "Security"} and node.arguments:
                yield dotted(scope, node.arguments[0])
