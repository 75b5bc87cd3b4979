"""Numbers that FastAPI takes as floats and a handler then compares: "nan" is one, and is neither above nor below anything.

Against `if order.amount > balance: raise`, which nan walks through, so that the balance is nan from then on. A bound that is declared
(`Field(gt=0)`) refuses it, as does `allow_inf_nan=False`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Seen, mentions, written
from ringwork.survey.taint import bounds, ir
from ringwork.survey.taint.units import DefinedClass
from ringwork.survey.taint.walk import walk

_BOUNDS = frozenset({"gt", "ge", "lt", "le", "allow_inf_nan"})
_FLOATS = frozenset({"float", "Optional", "Annotated", "Union", "Query", "Form", "Body", "Field", "None"})
_CHECKED = frozenset({"validator", "field_validator", "model_validator", "root_validator"})


def look(seen: Seen) -> Iterator[Flow]:
    """The first comparison of each such number of one module's handlers."""
    for function, scope in seen.of(ir.Function):
        qualname = f"{scope.qualname}.{function.name}" if scope.qualname else function.name
        for handler in seen.routes.at(f"{seen.unit.name}.{qualname}"):
            if handler.framework != "fastapi":
                continue
            for parameter in function.parameters:
                brought = handler.brought.get(parameter.name)
                if brought is None or not brought.source:
                    continue
                owner = seen.project.class_(brought.type) if brought.type else None
                held = _fields(seen, owner) if owner is not None else ()
                if owner is None and not _is_free(parameter.annotation, parameter.default):
                    continue
                yield from _told(seen, qualname, function, parameter.name, held if owner is not None else None)
            break


def _told(seen: Seen, qualname: str, function: ir.Function, name: str, held: tuple[str, ...] | None) -> Iterator[Flow]:
    """held: the fields of a model that are such numbers; None where the parameter itself is one."""

    def is_number(side: ir.Expression) -> bool:
        if held is None:
            return isinstance(side, ir.Name) and side.id == name
        return isinstance(side, ir.Attribute) and side.name in held and isinstance(side.of, ir.Name) and side.of.id == name

    test = bounds.refusal(function.body, is_number) if held is None or held else None
    if test is None:
        return
    which = (
        name if held is None else next(written(part) for part in walk(test.test) if isinstance(part, ir.Attribute) and part.name in held)
    )
    detail = f"{which} may be nan, which this comparison does not refuse; declare a bound, or allow_inf_nan=False."
    inner = next((scope for _, scope in seen.of(ir.If) if scope.function is function), None)
    yield seen.flow("nan", test.at, strength=STRONG, sink=which, detail=detail, scope=inner, said=f"{which} may be nan")


def _fields(seen: Seen, owner: DefinedClass) -> tuple[str, ...]:
    """The fields of a model that take any float."""
    found = dict[str, bool]()
    for base in (*reversed(seen.project.bases(owner.dotted)), owner.dotted):
        inner = seen.project.class_(base)
        if inner is None or mentions(inner.node, {*_CHECKED, "allow_inf_nan"}):
            continue
        found.update({name: _is_free(annotation, inner.attributes.get(name)) for name, annotation in inner.annotations.items()})
    return tuple(name for name, is_free in found.items() if is_free)


def _is_free(annotation: ir.Expression | None, default: ir.Expression | None) -> bool:
    """Whether an annotation is a float, without a bound there or in its default."""
    if annotation is None:
        return False
    words = {part.id if isinstance(part, ir.Name) else part.name for part in walk(annotation) if isinstance(part, ir.Name | ir.Attribute)}
    is_float = "float" in words and words <= _FLOATS
    given = (part for whole in (annotation, default) if whole is not None for part in walk(whole) if isinstance(part, ir.Call))
    return is_float and not any(name in _BOUNDS for call in given for name, _ in call.keywords)
