"""Forms, serializers and models that take any field a request names.

Against the extra field that makes a customer an administrator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, Scope, Seen, last, mentions, text_of, words
from ringwork.survey.taint import ir, uses
from ringwork.survey.taint.walk import walk

_OF_ACCOUNTS = frozenset({"is_staff", "is_superuser", "password"})
_EDITS = re.compile(r"^(?:Create|Update)View$")
"""Django's views that make a form of a model by themselves."""
_DJANGO_USER = "django.contrib.auth.models.User"
_OF_USERS = frozenset({"User", "get_user_model"})
"""What stands for Django's own accounts where the model is no class of the project."""
_SCHEMAS = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "BaseModel", "SQLModel"})


def look(seen: Seen) -> Iterator[Flow]:
    """What in one module takes all fields."""
    for statement, scope in seen.of(ir.Assign):
        name = last(statement.targets[0])
        if scope.owner is None or scope.function is not None:
            continue
        if scope.owner.name == "Meta" and name in {"fields", "exclude"}:
            yield from _form(seen, scope, statement, name)
        elif name == "fields" and text_of(statement.value) == "__all__" and any(_EDITS.search(last(one)) for one in scope.owner.bases):
            yield from _told(seen, scope, statement, scope.owner.name, _privileged(seen, scope, scope.owner), f"{scope.owner.name}.fields")
        elif name in {"extra", "model_config"} and _allows(statement.value, name):
            yield from _schema(seen, scope, statement.at)


def _form(seen: Seen, scope: Scope, statement: ir.Assign, name: str) -> Iterator[Flow]:
    """A Django form or a serializer of a whole model."""
    outer = seen.unit.classes.get(scope.qualname.rpartition(".")[0])
    if outer is None:
        return
    value = statement.value
    is_all = (name == "fields" and text_of(value) == "__all__") or (
        name == "exclude" and isinstance(value, ir.Sequence) and not value.items
    )
    bases = {*seen.project.written(outer), *seen.project.bases(outer.dotted)}
    kinds = [base for base in bases if base.rpartition(".")[2].endswith(("ModelForm", "ModelSerializer", "ModelSchema", "SerializerBase"))]
    if not is_all or not kinds or "admin" in seen.unit.name:
        return
    privileged = _privileged(seen, scope, outer.node)
    yield from _told(seen, scope, statement, outer.qualname, privileged, f"{outer.qualname}.Meta.{name}")


def _told(seen: Seen, scope: Scope, statement: ir.Assign, name: str, privileged: list[str], sink: str) -> Iterator[Flow]:
    detail = f"{name} takes every field of its model" + (
        f", {', '.join(privileged[:3])} among them." if privileged else ", those added later too."
    )
    strength = STRONG if privileged else WEAK
    yield seen.flow("bind", statement.at, strength=strength, sink=sink, detail=detail, scope=scope, said="all fields of the model")


def _privileged(seen: Seen, scope: Scope, outer: ir.Class) -> list[str]:
    """The fields of the model that decide what somebody may do, without those that are only read."""
    meta = scope.owner
    model = (
        next((part.value for part in meta.body if isinstance(part, ir.Assign) and last(part.targets[0]) == "model"), None)
        if meta is not None
        else None
    )
    named = seen.project.resolve(seen.unit, model) if model is not None else ""
    found = seen.project.class_(named) if named else None
    if model is None or (found is None and named != _DJANGO_USER and last(model) not in _OF_USERS):
        return []
    read_only = (
        {part.value for part in walk(meta.body) if isinstance(part, ir.Constant) and isinstance(part.value, str)}
        if meta is not None
        else set()
    )
    overridden = {target.id for part in outer.body if isinstance(part, ir.Assign) for target in part.targets if isinstance(target, ir.Name)}
    names = {*found.attributes, *found.annotations} if found is not None else {*_OF_ACCOUNTS}
    if found is not None and any(base.endswith(("AbstractUser", "AbstractBaseUser")) for base in seen.project.bases(found.dotted)):
        names |= _OF_ACCOUNTS
    return sorted((names & uses.PRIVILEGES) - read_only - overridden)


def _allows(value: ir.Expression, name: str) -> bool:
    """Whether what nobody declared is taken too."""
    if name == "extra":
        return text_of(value) == "allow" or last(value) == "allow"
    if isinstance(value, ir.Call):
        return any(key == "extra" and text_of(given) == "allow" for key, given in value.keywords)
    return isinstance(value, ir.Mapping) and any(
        text_of(key) == "extra" and text_of(given) == "allow" for key, given in value.items if key is not None
    )


def _schema(seen: Seen, scope: Scope, at: int) -> Iterator[Flow]:
    qualname = scope.qualname.rpartition(".")[0] if scope.owner is not None and scope.owner.name == "Config" else scope.qualname
    outer = seen.unit.classes.get(qualname)
    if (
        outer is None
        or not ({*seen.project.written(outer), *seen.project.bases(outer.dotted)} & _SCHEMAS)
        or words(qualname) & {"settings", "config"}
    ):
        return
    is_body = outer.dotted in seen.routes.types
    detail = f"{qualname} takes fields that nobody declared" + (", and is the body of a request." if is_body else ".")
    strength = STRONG if is_body and mentions(outer.node.body, uses.PRIVILEGES) else WEAK
    yield seen.flow("bind", at, strength=strength, sink=f"{qualname}.extra", detail=detail, scope=scope, said="extra fields are taken")
