"""Whether the models fit the libraries that are installed here: each name looked up in its library, each version in its range.

Against models that rot in silence: a line that names what the library does not have would never meet a call, and nobody would know.
What is not installed cannot be looked up; its source is what is analysed, so its models serve all the same.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from ringwork.survey.flows import Unbound
from ringwork.survey.taint.model import Models
from ringwork.survey.taint.parts import Function, Library, Position


def outside(models: Models) -> tuple[Unbound, ...]:
    """Libraries whose installed version is none of those that their models are written for. Nothing is imported."""
    return tuple(found for library in models.libraries for found in _outside(library))


def binding(models: Models) -> tuple[Unbound, ...]:
    """Every line that fits nothing in the installed libraries, which are imported for it. Sorted by model and name."""
    found = list(outside(models))
    if _ON_DJANGO & {library.library for library in models.libraries}:
        _configure_django()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what libraries say of themselves while they are imported
        for library in models.libraries:
            if is_installed(library):
                found += _of_library(models, library)
    return tuple(sorted(found, key=lambda one: (one.model, one.name, one.why)))


def _of_library(models: Models, library: Library) -> Iterator[Unbound]:
    for kind, name in library.lines:
        why = "" if name in library.unchecked else _why_not(models, kind, name)
        if why:
            yield Unbound(model=library.name, name=name, why=why)
    described = {name for _, name in library.lines}
    for name in sorted(library.unchecked.keys() - described):
        yield Unbound(model=library.name, name=name, why="stands under unchecked, and nothing is described under this name")


def is_installed(library: Library) -> bool:
    """Whether there is something to look its lines up in."""
    if not library.distribution:
        return True
    try:
        importlib.metadata.version(library.distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _outside(library: Library) -> Iterator[Unbound]:
    if not library.distribution or not library.versions:
        return
    try:
        version = importlib.metadata.version(library.distribution)
        fits = SpecifierSet(library.versions).contains(version, prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return
    except InvalidSpecifier:
        yield Unbound(model=library.name, name=library.library, why=f'versions is {library.versions!r}; write it as in pip, ">=2,<4"')
        return
    if not fits:
        why = f"{version} is installed, and the model is written for {library.versions}"
        yield Unbound(model=library.name, name=library.library, why=why)


def _why_not(models: Models, kind: str, name: str) -> str:
    """Why a line does not bind; "" when it does."""
    owner, _, last = name.rpartition(".")
    if kind in {"method", "attribute"}:
        class_ = look_up(owner)
        if class_ is not None and not any(_has(class_, name) for name in (last, _AWAITED.get(last, last))):
            return f"{owner} has no {kind} of this name"
    elif look_up(name) is None:
        return "the library has nothing of this name"
    for said in models.types_said(kind, name):
        if look_up(said) is None and _is_there(said):
            return f"says {said}, which is in no library"
    return _wrong_input(models, kind, name) if kind in {"function", "method"} else ""


def _wrong_input(models: Models, kind: str, name: str) -> str:
    """Which input the signature does not have, or has elsewhere; "" where all fit, and where there is no signature to ask."""
    described = models.described(kind, name)
    try:
        found = inspect.signature(look_up(name))  # type: ignore[arg-type] # what cannot be called raises
    except (TypeError, ValueError):
        return ""
    parameters = list(found.parameters.values())
    if kind == "method" and parameters and parameters[0].name in _RECEIVERS:
        del parameters[0]
    known = {parameter.name for parameter in parameters}
    places = [parameter.name for parameter in parameters if parameter.kind <= parameter.POSITIONAL_OR_KEYWORD]
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    takes_more = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    for group in _inputs(described):
        for place, one in enumerate(group):
            if isinstance(one, int) and one >= len(places) and not takes_more:
                return f"names position {one}, and there are {len(places)}"
            if isinstance(one, str) and one not in known and not takes_any and not _is_word(one):
                return f"names {one!r}, and the parameters are {', '.join(known)}"
            before = group[place - 1] if place else None
            if isinstance(before, int) and isinstance(one, str) and not _is_word(one) and places[before : before + 1] not in ([], [one]):
                return f"names {one!r} at position {before}, where {places[before]!r} stands"
    return ""


def _inputs(described: Function) -> Iterator[tuple[Position, ...]]:
    """The inputs that a line names; neighbours in one group are the position and the name of one input."""
    yield from ((one,) for one in described.passes)
    yield from (described.named_by, described.through)
    for sink in described.sinks:
        yield sink.at
        yield from (condition.of for condition in (*sink.when, *sink.unless))
    for find in described.finds:
        yield from (condition.of for condition in (*find.when, *find.unless))
    yield from (guard.of for guard in described.guards)
    for call in described.calls:
        yield from (call.function, call.arguments)
    if described.stores:
        yield from (described.stores.key, described.stores.value)
    if described.loads:
        yield from (described.loads.key, described.loads.default)


def _is_word(name: str) -> bool:
    """Whether it is no parameter's name but one of the words for several, or for the receiver."""
    return name in {"self", "*", "**"} or name.endswith(":")


def look_up(dotted: str) -> object | None:
    """The object of this dotted name: the longest module that can be imported, then its attributes. None where there is none."""
    parts = dotted.split(".")
    if hasattr(builtins, parts[0]):
        return _inside(builtins, parts)
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except Exception:  # noqa: BLE001, S112 - a module that cannot be imported here, whatever it says, has nothing to be bound to
            continue
        return _inside(module, parts[length:])
    return None


def _configure_django() -> None:
    """Parts of Django and of what stands on it ask for settings while they are imported; the defaults are as good as any."""
    settings: Any = look_up("django.conf.settings")
    if settings is not None and not settings.configured:
        settings.configure()


def _is_there(dotted: str) -> bool:
    root = dotted.partition(".")[0]
    return importlib.util.find_spec(root) is not None or "." not in dotted


def _inside(found: object, parts: list[str]) -> object | None:
    for part in parts:
        if not _has(found, part):
            return None
        found = getattr(found, part, _SOMETHING)
    return found


_RECEIVERS = {"self", "cls", "_self"}

_ON_DJANGO = {"django", "rest_framework"}

_SOMETHING = object()
"""Stands for what instances alone have."""

_AWAITED = {"__iter__": "__aiter__", "__enter__": "__aenter__"}
"""Models write one name for both kinds of loops and managers."""


def _has(found: object, name: str) -> bool:
    """Whether it has the name: for a class also what is annotated, or set on `self` in its own code or that of its bases."""
    if inspect.getattr_static(found, name, None) is not None or hasattr(found, name):
        return True
    if not inspect.isclass(found):
        return False
    return any(name in getattr(class_, "__annotations__", {}) or name in _set_on_self(class_) for class_ in found.__mro__)


@functools.cache
def _set_on_self(class_: type) -> frozenset[str]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(class_)))
    except (OSError, TypeError, SyntaxError):
        return frozenset()
    stored = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return frozenset(node.attr for node in stored if isinstance(node.value, ast.Name) and node.value.id == "self")
