"""What an annotation says of a value: its class, whether arbitrary text fits it, and what marks stand in it (`Annotated`).

Against false alarms about values that are numbers: an int, a UUID, an Enum or a Literal carries no attack.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringwork.survey.taint import ir, reading
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_scope import Known, Scope, dotted, follow, of_module, written

_NO_TEXT = frozenset(
    [
        "builtins.int",
        "builtins.float",
        "builtins.bool",
        "builtins.complex",
        "decimal.Decimal",
        "uuid.UUID",
        "uuid.UUID1",
        "uuid.UUID3",
        "uuid.UUID4",
        "uuid.UUID5",
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "datetime.timedelta",
        "ipaddress.IPv4Address",
        "ipaddress.IPv6Address",
        "ipaddress.IPv4Network",
        "ipaddress.IPv6Network",
        "pydantic.UUID1",
        "pydantic.UUID3",
        "pydantic.UUID4",
        "pydantic.UUID5",
        "pydantic.PositiveInt",
        "pydantic.NegativeInt",
        "pydantic.NonNegativeInt",
        "pydantic.NonPositiveInt",
        "pydantic.StrictInt",
        "pydantic.StrictFloat",
        "pydantic.StrictBool",
        "pydantic.PositiveFloat",
        "pydantic.NegativeFloat",
        "pydantic.NonNegativeFloat",
        "pydantic.NonPositiveFloat",
        "pydantic.FiniteFloat",
        "pydantic.PastDate",
        "pydantic.FutureDate",
        "pydantic.AwareDatetime",
        "pydantic.NaiveDatetime",
        "pydantic.ByteSize",
        "pydantic.IPvAnyAddress",
        "bson.ObjectId",
    ]
)
_NUMBERS = frozenset({"conint", "confloat", "condecimal", "condate"})
_LISTS = frozenset(
    {"list", "List", "set", "Set", "tuple", "Tuple", "frozenset", "FrozenSet", "Sequence", "Iterable", "conlist", "Collection"}
)
_DICTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "Any", "object"})
_ENUMS = ("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag")
_MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "sqlmodel.main.SQLModel", "pydantic_settings.BaseSettings")
_DEEP = 8


@dataclass(slots=True)
class Shape:
    """type: dotted, "" unknown or several. items: of its elements. marks: the calls beside it in Annotated. is_model: of several fields.

    is_many: a list or mapping. is_known: something was said at all.
    """

    type: str = ""
    items: str = ""
    is_text: bool = True
    is_model: bool = False
    is_many: bool = False
    is_known: bool = False
    marks: tuple[Known, ...] = ()


def shape(scope: Scope, annotation: ir.Expression | None, *, depth: int = _DEEP) -> Shape:
    """What an annotation says; nothing, where there is none or it cannot be followed."""
    if annotation is None or not depth:
        return Shape()
    if isinstance(annotation, ir.Constant):
        if annotation.value is None:
            return Shape(is_text=False, is_known=True, type="None")
        return shape(scope, quoted(annotation.value), depth=depth - 1) if isinstance(annotation.value, str) else Shape()
    if isinstance(annotation, ir.Binary) and annotation.operator == "|":
        return _union([shape(scope, side, depth=depth - 1) for side in (annotation.left, annotation.right)])
    if isinstance(annotation, ir.Item):
        return _generic(scope, annotation, depth)
    if isinstance(annotation, ir.Call):
        last = written(annotation.function).rpartition(".")[2]
        return Shape(is_text=last not in _NUMBERS, is_known=True, type="builtins.int" if last in _NUMBERS else "builtins.str")
    return _named(scope, annotation, depth)


def quoted(text: str) -> ir.Expression | None:
    """The expression that an annotation in quotes means."""
    body = reading.parse(text.encode(), file="annotation").body
    return body[0].value if len(body) == 1 and isinstance(body[0], ir.Evaluate) else None


def _named(scope: Scope, annotation: ir.Expression, depth: int) -> Shape:
    name = dotted(scope, annotation)
    project = scope.project
    if name and project.class_(name) is not None:
        bases = (name, *project.bases(name))
        if any(base in _ENUMS or base.endswith((".TextChoices", ".IntegerChoices")) for base in bases):
            return Shape(type=name, is_text=False, is_known=True)
        number = any(base in _NO_TEXT for base in bases)
        return Shape(type=name, is_text=not number, is_model=is_model(project, name), is_known=True)
    known = follow(Known(scope, annotation))
    if known.expression is not annotation and isinstance(known.expression, ir.Item | ir.Binary | ir.Constant | ir.Call):
        return shape(known.scope, known.expression, depth=depth - 1)
    renamed = alias(project, name) if name else None
    if renamed is not None:
        return shape(renamed.scope, renamed.expression, depth=depth - 1)
    last = (name or written(annotation)).rpartition(".")[2]
    return Shape(
        type=name,
        is_text=name not in _NO_TEXT,
        is_many=last in _DICTS or last in _LISTS,
        is_known=bool(name),
        is_model=last in {"dict", "Dict"},
    )


def alias(project: Project, name: str) -> Known | None:
    """What `type Name = ...` of a module means."""
    head, _, last = name.rpartition(".")
    unit = project.unit(head) if head else None
    for statement in unit.module.body if unit is not None else ():
        if isinstance(statement, ir.Alias) and statement.name == last and unit is not None:
            return Known(of_module(project, unit), statement.value)
    return None


def is_model(project: Project, name: str) -> bool:
    """Whether a class of the project is made of fields: pydantic's, a dataclass, a TypedDict."""
    owner = project.class_(name)
    if owner is None:
        return False
    bases = project.bases(name)
    if any(base in _MODELS or base.endswith((".BaseModel", ".TypedDict", ".SQLModel", "msgspec.Struct")) for base in bases):
        return True
    return any(written(decorator).rpartition(".")[2] == "dataclass" for decorator in owner.node.decorators)


def _generic(scope: Scope, annotation: ir.Item, depth: int) -> Shape:
    key = annotation.key
    inner = key.items if isinstance(key, ir.Sequence) and key.kind == "tuple" else (key,)
    last = (dotted(scope, annotation.of) or written(annotation.of)).rpartition(".")[2]
    if last == "Annotated":
        found = shape(scope, inner[0], depth=depth - 1)
        found.marks = (*found.marks, *(Known(scope, one) for one in inner[1:]))
        return found
    if last == "Literal":
        return Shape(type="typing.Literal", is_text=False, is_known=True)
    if last in {"Optional", "Union"}:
        return _union([shape(scope, one, depth=depth - 1) for one in inner])
    parts = [shape(scope, one, depth=depth - 1) for one in inner]
    if last in _LISTS:
        return Shape(
            type="builtins.list", items=parts[0].type, is_text=parts[0].is_text, is_model=parts[0].is_model, is_many=True, is_known=True
        )
    if last in _DICTS:
        return Shape(type="builtins.dict", items=parts[-1].type, is_text=any(part.is_text for part in parts), is_many=True, is_known=True)
    if last in {"Final", "ClassVar", "Required", "NotRequired", "type", "Type"}:
        return parts[0]
    return _named(scope, annotation.of, depth)


def _union(parts: list[Shape]) -> Shape:
    said = [part for part in parts if part.type != "None"]
    types = {part.type for part in said}
    return Shape(
        type=said[0].type if len(types) == 1 else "",
        items=said[0].items if len(types) == 1 else "",
        is_text=any(part.is_text for part in said),
        is_model=any(part.is_model for part in said),
        is_many=any(part.is_many for part in said),
        is_known=all(part.is_known for part in said),
        marks=tuple(mark for part in said for mark in part.marks),
    )
