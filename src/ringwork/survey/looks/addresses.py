"""Decisions that take an address, a host name or a flag in a header for somebody's identity.

Against whoever stands in the same network, comes through the same proxy, or writes the header himself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, text_of, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import names, walk

_ADDRESS = re.compile(
    r"(?:^|\.)(?:remote_addr|client\.host|remote|access_route|client_ip|remote_ip|client_addr)$|^(?:REMOTE_ADDR|HTTP_X_FORWARDED_FOR|HTTP_X_REAL_IP)$|^x-(?:forwarded-for|real-ip)$",
    re.IGNORECASE,
)
_FORGED = re.compile(r"x[-_](?:forwarded[-_]for|real[-_]ip)$", re.IGNORECASE)
_FLAG = re.compile(
    r"^(?:http_)?x[-_](?:internal|debug|test|admin|bypass|skip|superuser|is[-_]admin|backdoor|trusted|from[-_]gateway)\b(?:[-_](?:user|auth|request|call|mode|admin))?$",
    re.IGNORECASE,
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BLOCKS = re.compile(r"block|ban|deny|denied|black|spam|abuse", re.IGNORECASE)
_ONWARD = frozenset({"get_response", "call_next", "handler", "f", "func", "view", "view_func", "fn"})
_REFUSALS = frozenset({
    "abort", "HTTPException", "PermissionDenied", "HttpResponseForbidden", "HTTPForbidden", "Forbidden", "HTTPUnauthorized",
})  # fmt: skip


def look(seen: Seen) -> Iterator[Flow]:
    """Branches of one module that let somebody through by where a request comes from, or by what it says of itself."""
    for branch, scope in seen.of(ir.If):
        if scope.function is None:
            continue
        for part in walk(branch.test):
            if isinstance(part, ir.Compare) and len(part.operators) == 1:
                yield from _compared(seen, scope, branch, part.at, part.operators[0], part.left, part.rights[0])
            elif (
                isinstance(part, ir.Call)
                and isinstance(part.function, ir.Attribute)
                and part.function.name == "startswith"
                and part.arguments
            ):
                yield from _compared(seen, scope, branch, part.at, "in", part.function.of, part.arguments[0])
        yield from _flagged(seen, scope, branch)
        yield from _claimed(seen, scope, branch)


def _compared(seen: Seen, scope: Scope, branch: ir.If, at: int, operator: str, left: ir.Expression, right: ir.Expression) -> Iterator[Flow]:
    if operator not in {"==", "!=", "in", "not in"}:
        return
    side = left if _is_address(scope, left) else right if operator in {"==", "!="} and _is_address(scope, right) else None
    if side is None:
        return
    other = right if side is left else left
    if any(_BLOCKS.search(name) for name in names((other,))) or (isinstance(other, ir.Constant) and not other.value):
        return
    lets_in = operator in {"==", "in"}
    refuses = _refuses(branch.then)
    if lets_in == refuses:
        return  # a list of those who are kept out
    constants = {text_of(part) for part in walk((other,)) if isinstance(part, ir.Constant)}
    is_skipped = lets_in and _lets_through(branch.then)
    is_strong = (bool(constants & _LOOPBACK) and (is_skipped or refuses)) or (_is_forged(scope, side) and bool(constants - {None}))
    if not (is_strong or is_skipped or refuses):
        return
    detail = "Who is asking is decided by the address that the request comes from; a proxy, a neighbour or a header can be at that address."
    yield seen.flow(
        "address-identity",
        at,
        strength=STRONG if is_strong else WEAK,
        sink=written(side).lstrip(".") or "address",
        detail=detail,
        scope=scope,
        said="an address taken for an identity",
    )


def _is_address(scope: Scope, expression: ir.Expression) -> bool:
    name = last(expression)
    if (_ADDRESS.search(written(expression).rstrip(".")) and name != "remote") or (_ADDRESS.search(name) and name != "remote"):
        return True
    if written(expression) in {"request.remote", "self.request.remote", "request.client.host"}:
        return True
    return isinstance(expression, ir.Name) and any(
        _ADDRESS.search(last(value)) or written(value).endswith("client.host") for value in _values(scope, expression.id)
    )


def _is_forged(scope: Scope, expression: ir.Expression) -> bool:
    if _FORGED.search(last(expression)):
        return True
    return isinstance(expression, ir.Name) and any(_FORGED.search(last(value)) for value in _values(scope, expression.id))


def _values(scope: Scope, name: str) -> Iterator[ir.Expression]:
    if scope.function is None:
        return
    for part in walk(scope.function.body):
        if isinstance(part, ir.Assign) and any(isinstance(target, ir.Name) and target.id == name for target in part.targets):
            yield part.value


def _refuses(block: ir.Block) -> bool:
    for part in walk(block):
        if isinstance(part, ir.Raise) or (isinstance(part, ir.Call) and last(part.function) in _REFUSALS):
            return True
        if isinstance(part, ir.Return) and (part.value is None or (isinstance(part.value, ir.Constant) and not part.value.value)):
            return True
        if (
            isinstance(part, ir.Return)
            and isinstance(part.value, ir.Sequence)
            and any(isinstance(item, ir.Constant) and item.value in {401, 403} for item in part.value.items)
        ):
            return True
    return False


def _lets_through(block: ir.Block) -> bool:
    """Whether a block says yes, or hands the request on."""
    for part in block:
        value = part.value if isinstance(part, ir.Return) else None
        if isinstance(value, ir.Await):
            value = value.value
        if (isinstance(value, ir.Constant) and value.value is True) or (isinstance(value, ir.Call) and last(value.function) in _ONWARD):
            return True
    return False


def _flagged(seen: Seen, scope: Scope, branch: ir.If) -> Iterator[Flow]:
    """A header that says "I am internal"."""
    for part in walk(branch.test):
        if not isinstance(part, ir.Call | ir.Item) or not re.search(r"headers|META", written(part)):
            continue
        if _FLAG.match(last(part)) and not _refuses(branch.then):
            detail = f"The header {last(part)} decides what a request may do, and whoever sends the request writes it."
            strength = STRONG if re.search(r"admin|bypass|skip|superuser|backdoor|user|auth|internal", last(part), re.IGNORECASE) else WEAK
            yield seen.flow(
                "address-identity",
                part.at,
                strength=strength,
                sink=f"header {last(part)}",
                detail=detail,
                scope=scope,
                said="a header taken for an identity",
            )
            return


def _claimed(seen: Seen, scope: Scope, branch: ir.If) -> Iterator[Flow]:
    """A role that the request says of itself: a cookie, a header or a field that whoever asks has written."""
    for part in walk(branch.test):
        if isinstance(part, ir.Compare) and len(part.operators) == 1:
            claim = next((one for one in (part.left, part.rights[0]) if _is_claim(scope, one)), None)
            other = part.rights[0] if claim is part.left else part.left
            if claim is None or part.operators[0] not in {"==", "!=", "in", "not in"} or not _is_fixed(other):
                continue
            if part.operators[0] in {"in", "not in"} and _is_given_by_office(seen, scope, claim):
                continue
        elif isinstance(part, ir.Call | ir.Item) and part is branch.test and _ROLE.match(last(part)) and _is_claim(scope, part):
            claim = part
        else:
            continue
        said = _source(scope, claim)
        is_strong = bool(re.search(r"cookies|headers|META|COOKIES", said)) or _refuses(branch.then)
        detail = "What somebody may do is decided by a role that the request itself says; keep it with the session or the user."
        strength = STRONG if is_strong else WEAK
        yield seen.flow(
            "address-identity", part.at, strength=strength, sink=said, detail=detail, scope=scope, said="a role that the request says"
        )
        return


_ROLE = re.compile(
    r"^(?:http_)?(?:x[-_])?(?:user[-_]?)?(?:role|roles|is[-_]?admin|is[-_]?staff|is[-_]?superuser|access[-_]?level|privileges?)$",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"{_ROLE.pattern}|^(?:user|username|user[-_]?name|user[-_]?id|uid|login|logged[-_]?in|account|auth|authenticated|admin)$",
    re.IGNORECASE,
)
"""What a cookie of no signature says of whoever sends it, names too."""
_OFFICE = re.compile(r"admin|super_?user|staff", re.IGNORECASE)
"""Words of a rule that lets only those in who may give others a role."""
_COOKIES = re.compile(r"(?:^|\.)request\.(?:cookies|COOKIES)\b")
_CLAIMS = re.compile(
    r"(?:^|\.)request\.(?:cookies|headers|args|form|values|GET|POST|COOKIES|META|query|query_params|params|json|get_json)\b"
)


def _source(scope: Scope, expression: ir.Expression) -> str:
    """The part of the request that is read, as it is written; of a name what it was given."""
    if isinstance(expression, ir.Name):
        given = [value for value in _values(scope, expression.id) if not isinstance(value, ir.Name)] if _NAMED.match(expression.id) else ()
        return next((said for value in given if (said := _source(scope, value))), "") or _parameter(scope, expression.id)
    said = written(expression).removesuffix(".get")
    asks = _NAMED if _COOKIES.search(said) else _ROLE
    return f"{said} {last(expression)}" if _CLAIMS.search(said) and asks.match(last(expression)) else ""


def _is_given_by_office(seen: Seen, scope: Scope, claim: ir.Expression) -> bool:
    """Whether administrators alone get here, and the role of a list is kept for a user: it says what another may do from now on."""
    handlers = seen.handler(scope)
    if not handlers or not all(any(_OFFICE.search(rule) for rule in handler.authenticated_by) for handler in handlers):
        return False
    said = _source(scope, claim)
    return any(
        isinstance(target, ir.Attribute) and _ROLE.match(target.name) and _source(scope, part.value) == said
        for part in walk(scope.function.body if scope.function is not None else ())
        if isinstance(part, ir.Assign)
        for target in part.targets
    )


def _parameter(scope: Scope, name: str) -> str:
    """A parameter that FastAPI fills from a header or a cookie: `x_role: str = Header()`, `role: Annotated[str, Cookie()]`."""
    for parameter in scope.function.parameters if scope.function is not None else ():
        if parameter.name != name:
            continue
        for call in (part for part in walk((parameter.default, parameter.annotation)) if isinstance(part, ir.Call)):
            kind = last(call.function)
            if kind in {"Header", "Cookie"} and (_NAMED if kind == "Cookie" else _ROLE).match(name):
                return f"request.{kind.lower()}s {name}"
    return ""


def _is_claim(scope: Scope, expression: ir.Expression) -> bool:
    return bool(_source(scope, expression))


def _is_fixed(expression: ir.Expression) -> bool:
    items = expression.items if isinstance(expression, ir.Sequence) else (expression,)
    return bool(items) and all(isinstance(item, ir.Constant) and bool(item.value) for item in items)
