"""Class views that serve single rows of anybody, where another view of the module takes its own user's alone.

Against the one view of several that nobody narrowed: `model = Note` of a DetailView, `queryset = Note.objects.all()` of a view set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, Seen, calls, last, model_of, words, written
from ringwork.survey.taint import ir
from ringwork.survey.taint.walk import walk

_LISTS = frozenset({"filter", "filter_by", "where", "find", "all", "select"})
_BELONGS = frozenset(
    {"owner", "user", "author", "tenant", "account", "member", "patient", "customer", "organization", "organisation", "team"}
)
_SINGLE = re.compile(r"(?:Retrieve|Update|Destroy).*View$|^(?:ReadOnly)?ModelViewSet$|^(?:Detail|Update|Delete)View$")
_SCOPING = frozenset({"get_queryset", "get_object", "check_object_permissions", "filter_queryset", "test_func", "has_permission"})
_PLAIN_RULES = frozenset({"IsAuthenticated", "AllowAny", "IsAuthenticatedOrReadOnly"})
_RULES = re.compile(r"Permission|UserPassesTest|Staff|Superuser|Admin|Owner|Role|Access")
"""Mixins that ask for more than that somebody is signed in."""


def look(seen: Seen) -> Iterator[Flow]:
    """Such views of one module, where it says what they serve."""
    scoped = _scoped(seen)
    for statement, scope in seen.of(ir.Assign) if scoped else ():
        owner = scope.owner
        if owner is None or scope.function is not None:
            continue
        name = last(statement.targets[0])
        model = _served(statement.value) if name == "queryset" else last(statement.value) if name == "model" else ""
        if model in scoped and _is_single(owner) and not _is_narrowed(owner):
            detail = f"{owner.name} serves any {model} that its address names; another view here takes those of its user alone."
            yield seen.flow("unscoped-load", statement.at, strength=STRONG, sink=name, detail=detail, scope=scope, said="all rows")


def _scoped(seen: Seen) -> frozenset[str]:
    """The models of which some view takes only what belongs to somebody."""
    found = set[str]()
    for function, scope in seen.of(ir.Function):
        if function.name == "get_queryset":
            for call in calls(function.body):
                if last(call.function) in _LISTS and any(words(name) & _BELONGS for name in _conditions(call)):
                    found.add(model_of(call) or _of_class(scope.owner))
    return frozenset(found - {""})


def _conditions(call: ir.Call) -> Iterator[str]:
    """The names by which rows are chosen: `Note.objects.filter(owner=me)`, `select(Note).where(Note.owner == me)`."""
    for inner in calls((call,)):
        yield from (name for name, _ in inner.keywords)
        yield from (last(part.left) for part in walk(inner.arguments) if isinstance(part, ir.Compare))


def _of_class(owner: ir.Class | None) -> str:
    """What a class says that it serves."""
    for part in owner.body if owner is not None else ():
        if isinstance(part, ir.Assign) and last(part.targets[0]) == "model":
            return last(part.value)
        if isinstance(part, ir.Assign) and last(part.targets[0]) == "queryset" and isinstance(part.value, ir.Call):
            return model_of(part.value)
    return ""


def _served(value: ir.Expression) -> str:
    return model_of(value) if isinstance(value, ir.Call) and last(value.function) == "all" else ""


def _is_single(owner: ir.Class) -> bool:
    return any(_SINGLE.search(last(base)) for base in owner.bases)


def _is_narrowed(owner: ir.Class) -> bool:
    """Whether a view narrows its rows itself, or has a rule beside that somebody is signed in."""
    if any(_RULES.search(last(base)) for base in owner.bases):
        return True
    if any(isinstance(part, ir.Function) and part.name in _SCOPING for part in owner.body):
        return True
    if any(_RULES.search(written(part).title()) for part in owner.decorators):
        return True
    for part in owner.body:
        if isinstance(part, ir.Assign) and last(part.targets[0]) in {"permission_classes", "filter_backends"}:
            each = part.value.items if isinstance(part.value, ir.Sequence) else (part.value,)
            return any(last(one) not in _PLAIN_RULES for one in each)
    return False
