"""What decides what somebody may do, and is taken from that very person's request: a role at registration, a flag among one's own settings.

Against `is_admin` in a sign-up's body. A schema that names the field takes it on purpose, so that nothing is bound by accident: what is
wrong is who may send it. Sources: CWE-915, CWE-269; OWASP API Security 2023, API3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, calls, last, mentions, naming, taken, text_of
from ringwork.survey.taint import ir
from ringwork.survey.taint.handlers import Handler
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.walk import names, walk

_POWERS = re.compile(
    r"(?:is_?)?(?:admin|administrator|staff|super_?user|root|moderator)|is_?(?:manager|supervisor|operator|employee|organi[sz]er|seller|vendor)"
    r"|(?:user_?)?(?:roles?|permissions|access_?level|privileges|user_?type|account_?type)"
    r"|(?:\w+_)?(?:verified|approved|trusted)(?:_(?:seller|user|vendor|member|host|partner))?|balance|credit_?limit|credits"
)
_HIGH = re.compile(r"admin|staff|super|manage|internal|role|perm|scope|owner|moderat|privileg|service|system", re.IGNORECASE)
"""Words of a check, of an address or of a function that is not for everybody."""
_ELECTED = re.compile(r"is_?(?:employee|organi[sz]er|seller|vendor)|(?:user|account)_?type")
"""What many a site lets its newcomers be by their own word, and only some of them check."""
_SIGNS_UP = re.compile(r"regist|sign_?up|join", re.IGNORECASE)
_OWN = re.compile(r"regist|sign_?up|/me\b|profile|account|settings|\bme$|join", re.IGNORECASE)
_DUMPS = frozenset({"model_dump", "dict"})
_MAKES = frozenset(
    {"create", "create_user", "insert", "add", "insert_one", "objects", "from_orm", "model_validate", "update", "save", "values"}
)
_READ = frozenset({"get", "pop", "getlist"})
_ADMIN = re.compile(r"admin|staff|super|root|owner|moderator", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """One handler's function. schemas: by parameter, the fields of its model that decide something. given: names that hold such a field.

    held: names that hold a request's body, form or query.
    """

    seen: Seen
    function: ir.Function
    scope: Scope
    schemas: dict[str, frozenset[str]]
    given: dict[str, str]
    held: frozenset[str]


def look(seen: Seen) -> Iterator[Flow]:
    """Where the handlers of one module keep such a field as it was sent."""
    named = naming(seen, _POWERS.fullmatch) if any(True for _ in seen.of(ir.Function)) and seen.routes.by_function else frozenset[int]()
    for function, outer in seen.of(ir.Function):
        scope = Scope(f"{outer.qualname}.{function.name}" if outer.qualname else function.name, function, outer.owner)
        handlers = seen.handler(scope)
        if not handlers:
            continue
        schemas = _schemas(seen, handlers)
        # Most handlers name no such thing at all, and need no second look.
        if not schemas and id(function) not in named:
            continue
        if _is_high(function, handlers):
            continue
        asked = _asked(seen, function, scope, schemas)
        is_own = not any(handler.authenticated_by for handler in handlers) or any(_OWN.search(handler.path) for handler in handlers)
        for at, field in sorted(set(_kept(asked))):
            detail = f"{field} is kept as who asks sends it, and decides what somebody may do or has; set it yourself."
            is_sure = is_own and (asked.schemas or asked.given or _is_entrance(function, handlers))
            is_elected = _ELECTED.fullmatch(field) and any(_SIGNS_UP.search(f"{one.path} {function.name}") for one in handlers)
            strength = STRONG if is_sure and not is_elected else WEAK
            yield seen.flow(
                "bind", at, strength=strength, sink=field, detail=detail, scope=scope, said=f"{field} is taken from the request"
            )


def _is_high(function: ir.Function, handlers: Sequence[Handler]) -> bool:
    """Whether it is for people with a role, or asks itself about one."""
    if any(_HIGH.search(text) for handler in handlers for text in (*handler.authenticated_by, handler.path, function.name)):
        return True
    tests = (part.test for part in walk(function.body) if isinstance(part, ir.If))
    return any(_POWERS.fullmatch(name) or _HIGH.search(name) for test in tests for name in (*names(test), *_texts(test)))


def _texts(node: object) -> Iterator[str]:
    return (part.value for part in walk(node) if isinstance(part, ir.Constant) and isinstance(part.value, str))


def _is_entrance(function: ir.Function, handlers: Sequence[Handler]) -> bool:
    return bool(_OWN.search(function.name)) or any(_OWN.search(handler.path) for handler in handlers)


def _schemas(seen: Seen, handlers: Sequence[Handler]) -> dict[str, frozenset[str]]:
    """The parameters whose models have such fields, with these."""
    schemas = dict[str, frozenset[str]]()
    for handler in handlers:
        for name, brought in handler.brought.items():
            owner = seen.project.class_(brought.type) if brought.type and brought.source in {"body", "form", "query"} else None
            fields = _fields(seen, owner) if owner is not None else frozenset()
            if fields:
                schemas[name] = fields
    return schemas


def _asked(seen: Seen, function: ir.Function, scope: Scope, schemas: dict[str, frozenset[str]]) -> _Asked:
    assigned = [part for part in walk(function.body) if isinstance(part, ir.Assign)]
    held = {target.id for part in assigned if mentions(part.value, {"request"}) for target in part.targets if isinstance(target, ir.Name)}
    asked = _Asked(seen, function, scope, schemas, {}, frozenset(held))
    for part in walk(function.body):
        if isinstance(part, ir.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ir.Name):
            field = _read(asked, part.value)
            if field:
                asked.given[part.targets[0].id] = field
    return asked


def _fields(seen: Seen, owner: DefinedClass) -> frozenset[str]:
    """The fields of a schema that decide something; none that takes only words which are no power."""
    found = dict[str, ir.Expression]()
    for base in (*reversed(seen.project.bases(owner.dotted)), owner.dotted):
        inner = seen.project.class_(base)
        found.update({name: one for name, one in inner.annotations.items() if _POWERS.fullmatch(name)} if inner is not None else {})
    return frozenset(name for name, annotation in found.items() if _is_free(seen, owner, annotation))


def _is_free(seen: Seen, owner: DefinedClass, annotation: ir.Expression) -> bool:
    """Whether more fits it than a few words without any power: Literal["buyer", "seller"] gives nobody any."""
    said = [part.value for part in walk(annotation) if isinstance(part, ir.Constant) and isinstance(part.value, str)]
    if "Literal" in set(names(annotation)):
        return any(_ADMIN.search(one) for one in said)
    named = seen.project.class_(seen.project.resolve(owner.unit, annotation))
    if named is not None and any("Enum" in base or "Choices" in base for base in seen.project.bases(named.dotted)):
        return any(_ADMIN.search(name) for name in named.attributes)
    return True


def _read(asked: _Asked, value: ir.Expression) -> str:
    """The field that a value was read by from a request: data["role"], data.get("role"), body.role; "" for none."""
    for part in walk(value):
        key, of = taken(part, _READ)
        if key and _POWERS.fullmatch(key) and of is not None and _is_request(asked, of):
            return key
        if isinstance(part, ir.Attribute) and isinstance(part.of, ir.Name) and part.name in asked.schemas.get(part.of.id, ()):
            return part.name
        if isinstance(part, ir.Name) and part.id in asked.given:
            return asked.given[part.id]
    return ""


def _is_request(asked: _Asked, of: ir.Expression) -> bool:
    """Whether something is a request's body, form or query, or a variable that holds one."""
    if mentions(of, {"request"}):
        return True
    return isinstance(of, ir.Name) and of.id in asked.held


def _kept(asked: _Asked) -> Iterator[tuple[int, str]]:
    """Where a field is put into something that is kept: a new thing, or one that is there."""
    dumped = _dumped(asked)
    for part in walk(asked.function.body):
        if isinstance(part, ir.Call) and _is_making(part):
            for name, value in part.keywords:
                field = _read(asked, value) if name and _POWERS.fullmatch(name) else ""
                if field == name != "":
                    yield part.at, field
            yield from ((part.at, field) for field in _spread(asked, part, dumped))
        elif isinstance(part, ir.Assign):
            for target in part.targets:
                if isinstance(target, ir.Attribute) and _POWERS.fullmatch(target.name) and _read(asked, part.value) == target.name:
                    yield part.at, target.name
        elif isinstance(part, ir.For) and any(last(call.function) == "setattr" for call in calls(part.body)):
            at = next(call.at for call in calls(part.body) if last(call.function) == "setattr")
            yield from ((at, field) for field in _whole(asked, part.source, dumped))


def _is_making(call: ir.Call) -> bool:
    name = last(call.function)
    return name in _MAKES or name[:1].isupper()


def _spread(asked: _Asked, call: ir.Call, dumped: dict[str, frozenset[str]]) -> Iterator[str]:
    """User(**body.model_dump()), User.model_validate(body), update(body.dict())."""
    is_thing = last(call.function)[:1].isupper() or last(call.function) in _MAKES
    for whole in (*(value for name, value in call.keywords if not name), *call.arguments):
        value = whole.value if isinstance(whole, ir.Starred) else whole
        if is_thing and isinstance(value, ir.Name) and last(call.function) in {"model_validate", "from_orm"}:
            yield from asked.schemas.get(value.id, ())
        elif is_thing:
            yield from _whole(asked, value, dumped)


def _whole(asked: _Asked, value: ir.Expression, dumped: dict[str, frozenset[str]]) -> frozenset[str]:
    """The fields that are in the whole of a schema: body.model_dump(), or a variable that holds it."""
    if isinstance(value, ir.Name):
        return dumped.get(value.id, frozenset())
    if not isinstance(value, ir.Call) or not isinstance(value.function, ir.Attribute):
        return frozenset()
    if value.function.name == "items":
        return _whole(asked, value.function.of, dumped)
    if value.function.name not in _DUMPS or not isinstance(value.function.of, ir.Name):
        return frozenset()
    if any(name == "include" for name, _ in value.keywords):
        return frozenset()
    left_out = {part.value for name, given in value.keywords if name == "exclude" for part in walk(given) if isinstance(part, ir.Constant)}
    return asked.schemas.get(value.function.of.id, frozenset()) - left_out


def _dumped(asked: _Asked) -> dict[str, frozenset[str]]:
    """The variables that hold the whole of a schema."""
    found = dict[str, frozenset[str]]()
    for part in walk(asked.function.body):
        if isinstance(part, ir.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ir.Name):
            fields = _whole(asked, part.value, found)
            if not fields:
                continue
            taken_out = {key for other in walk(asked.function.body) if (key := _popped(other, part.targets[0].id))}
            if fields - taken_out:
                found[part.targets[0].id] = fields - taken_out
    return found


def _popped(part: object, name: str) -> str:
    """The field that is taken out of a variable, or set there by the application itself."""
    if isinstance(part, ir.Assign) and isinstance(part.targets[0], ir.Item):
        target = part.targets[0]
        return (text_of(target.key) or "") if isinstance(target.of, ir.Name) and target.of.id == name else ""
    key, of = taken(part, _READ)
    is_pop = isinstance(part, ir.Call) and isinstance(part.function, ir.Attribute) and part.function.name == "pop"
    return key if is_pop and isinstance(of, ir.Name) and of.id == name else ""
