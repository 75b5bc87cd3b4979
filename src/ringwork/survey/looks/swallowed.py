"""Checks that say yes when they fail: exceptions that are dropped around them, asserts that -O takes away, answers that are always true.

Against a broken database, a forged token or a missing key that opens the door.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, words
from ringwork.survey.taint import ir, routes_checks
from ringwork.survey.taint.walk import names, walk

_CHECKS = re.compile(
    r"^_*(?:verify|check|validate|authenticate|authorize|authorise|require|ensure|enforce|assert)_?\w*"
    r"(?:signature|token|password|permission|access|auth|csrf|credential|login|role|owner|admin|session|jwt|hmac|mac|rights?|acl)s?\w*$"
    r"|^_*(?:authenticate|authorize|authorise|check_password|checkpw|compare_digest|has_perms?|has_permission|is_authenticated|is_admin"
    r"|is_allowed|is_authorized|can_access|can_edit|can_view|can_delete|login_required|permission_required|check_permissions|validate_csrf|verify)$",
    re.IGNORECASE,
)
_ABOUT = frozenset({
    "auth", "authenticate", "authentication", "authorize", "authorization", "permission", "permissions", "access", "allowed", "verify",
    "signature", "csrf", "jwt", "acl", "credentials", "authenticated", "authorized",
})  # fmt: skip
_BROAD = frozenset({"Exception", "BaseException"})
_GUARDS = frozenset({
    "is_admin", "is_staff", "is_superuser", "is_authenticated", "is_authorized", "has_perm", "has_perms", "has_permission",
    "check_password", "compare_digest", "checkpw", "is_owner", "is_allowed", "can_edit", "can_view", "can_delete", "can_access",
    "check_password_hash",
})  # fmt: skip


_LOGGED_IN = frozenset({"is_authenticated"})
_ASKING_BASE = re.compile(r"(?:Login|Permission|Auth\w*)Required|UserPassesTest|PermissionMixin")


def look(seen: Seen) -> Iterator[Flow]:
    """What one module lets through when it fails."""
    for function, scope in seen.of(ir.Function):
        inner = Scope(f"{scope.qualname}.{function.name}".lstrip("."), function, scope.owner)
        yield from _tried(seen, inner, function.body)
        yield from _always(seen, inner, function)
    for statement, scope in seen.of(ir.Assert):
        yield from _asserted(seen, scope, statement)


def _tried(seen: Seen, scope: Scope, body: ir.Block) -> Iterator[Flow]:
    for place, statement in enumerate(body):
        if isinstance(statement, ir.Try):
            yield from _handled(seen, scope, statement, body[place + 1 :])
        for inner in _blocks(statement):
            yield from _tried(seen, scope, inner)


def _blocks(statement: ir.Statement) -> Iterator[ir.Block]:
    """The blocks inside a statement that belong to the same function."""
    if isinstance(statement, ir.If):
        yield from (statement.then, statement.other)
    elif isinstance(statement, ir.While | ir.For):
        yield from (statement.body, statement.other)
    elif isinstance(statement, ir.With):
        yield statement.body
    elif isinstance(statement, ir.Try):
        yield from (statement.body, *(handler.body for handler in statement.handlers), statement.other, statement.final)
    elif isinstance(statement, ir.Match):
        yield from (case.body for case in statement.cases)


def _handled(seen: Seen, scope: Scope, statement: ir.Try, after: ir.Block) -> Iterator[Flow]:
    for handler in statement.handlers:
        if handler.kinds and not any(last(kind) in _BROAD for kind in _each(handler.kinds)):
            continue
        name = _checked(statement.body)
        if _answers_yes(handler.body) and (name or _is_about(scope)):
            detail = f"Whatever goes wrong in {name or scope.qualname} is answered with True."
            yield seen.flow(
                "swallowed",
                handler.at,
                strength=STRONG,
                sink="except",
                detail=detail,
                scope=scope,
                said="every exception answered with True",
            )
        elif not _acts(handler.body) and (name := _demanded(statement.body)) and not _ends_with_no(after):
            detail = f"{name} refuses by an exception, and every exception of it is dropped; what follows runs as if it had passed."
            yield seen.flow("swallowed", handler.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="every exception dropped")
        elif not _acts(handler.body) and name and _is_about(scope) and not _ends_with_no(after):
            detail = f"Every exception around {name} is dropped."
            yield seen.flow("swallowed", handler.at, strength=WEAK, sink=name, detail=detail, scope=scope, said="every exception dropped")


def _each(kinds: tuple[ir.Expression, ...]) -> Iterator[ir.Expression]:
    for kind in kinds:
        yield from kind.items if isinstance(kind, ir.Sequence) else (kind,)


def _checked(body: ir.Block) -> str:
    """The first check that is called in a block, "" for none."""
    return next((last(part.function) for part in walk(body) if isinstance(part, ir.Call) and _CHECKS.match(last(part.function))), "")


def _demanded(body: ir.Block) -> str:
    """A check whose answer nobody looks at, so that it has to refuse by an exception."""
    for statement in body:
        value = statement.value if isinstance(statement, ir.Evaluate) else None
        if isinstance(value, ir.Await):
            value = value.value
        if isinstance(value, ir.Call) and _CHECKS.match(last(value.function)):
            return last(value.function)
    return ""


def _is_about(scope: Scope) -> bool:
    return bool(words(scope.qualname.rpartition(".")[2]) & _ABOUT)


def _answers_yes(body: ir.Block) -> bool:
    return any(isinstance(part, ir.Return) and isinstance(part.value, ir.Constant) and part.value.value is True for part in body)


def _acts(body: ir.Block) -> bool:
    """Whether a handler ends the function, raises, or changes what follows; telling a log does not."""
    return any(
        isinstance(part, ir.Return | ir.Raise | ir.Jump | ir.Assign | ir.Augment | ir.If | ir.With) or _refuses(part) for part in body
    )


def _refuses(statement: ir.Statement) -> bool:
    value = statement.value if isinstance(statement, ir.Evaluate) else None
    return isinstance(value, ir.Call) and last(value.function) in {"abort", "exit", "_exit", "fail", "add_error"}


def _ends_with_no(after: ir.Block) -> bool:
    """Whether what follows refuses: it raises, or returns nothing or False."""
    for statement in after:
        if isinstance(statement, ir.Raise) or _refuses(statement):
            return True
        if isinstance(statement, ir.Return):
            return statement.value is None or (isinstance(statement.value, ir.Constant) and not statement.value.value)
    return False


def _always(seen: Seen, scope: Scope, function: ir.Function) -> Iterator[Flow]:
    """A function that is asked for permission, and knows one answer."""
    if not re.match(
        r"^(?:is_allowed|is_authorized|has_permission|has_object_permission|can_\w+|authorize|check_permissions?|verify_\w*(?:signature|token|password))$",
        function.name,
    ):
        return
    body = [part for part in function.body if not (isinstance(part, ir.Evaluate) and isinstance(part.value, ir.Constant))]
    if len(body) == 1 and isinstance(body[0], ir.Return) and _answers_yes((body[0],)):
        is_check = function.name.startswith("verify")
        detail = f"{function.name} answers True, whatever it is asked."
        yield seen.flow(
            "swallowed",
            function.at,
            strength=STRONG if is_check else WEAK,
            sink=function.name,
            detail=detail,
            scope=scope,
            said="always True",
        )


def _asserted(seen: Seen, scope: Scope, statement: ir.Assert) -> Iterator[Flow]:
    test = statement.test
    if isinstance(test, ir.Compare) and test.operators[0] in {"is", "is not"}:
        return
    if isinstance(test, ir.Call) and last(test.function) in {"isinstance", "issubclass", "callable", "hasattr"}:
        return
    found = _GUARDS & set(names((test,)))
    if found == _LOGGED_IN and _is_asked_before(seen, scope):
        return
    if found and scope.function is not None:
        detail = f"Whether somebody may go on is asked by assert ({min(found)}), which Python leaves out under -O."
        yield seen.flow("assert-guard", statement.at, strength=STRONG, sink="assert", detail=detail, scope=scope, said="assert as a guard")


def _is_asked_before(seen: Seen, scope: Scope) -> bool:
    """Whether something asks who is there before the function runs: then the assert tells a type checker so, and refuses nobody."""
    around = [
        *(scope.function.decorators if scope.function is not None else ()),
        *(scope.owner.decorators if scope.owner is not None else ()),
    ]
    if any(routes_checks.is_named(name) for name in names(tuple(around))):
        return True
    if scope.owner is not None and any(_ASKING_BASE.search(last(base)) for base in scope.owner.bases):
        return True
    handlers = seen.handler(scope)
    return bool(handlers) and all(handler.authenticated_by for handler in handlers)
