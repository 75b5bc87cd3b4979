"""What functions of libraries do with the values they are given: the models of `models/`, looked up by dotted name.

Against a model that nobody notices to be empty: a file that says what the schema does not know is refused with file and key, and
`bindings` holds every line to the installed library. The typed parts are in `parts`; docs/source-models.md tells the schema.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from importlib import resources
from pathlib import Path

from ringwork.survey.taint import model_reading
from ringwork.survey.taint.parts import Function, Library

BUILTINS = "builtins."
_READERS = ("model_reading.py", "kinds.py")
"""What decides whether a file is valid, so that a change of it makes what was kept stale."""


class Models:
    """All models, looked up by dotted name. Names of builtins are bare ("open", "str"); lookups take "builtins.open" too."""

    def __init__(self, *, libraries: tuple[Library, ...], aliases: Mapping[str, str], values: Mapping[str, str],
                 bases: Mapping[str, tuple[str, ...]], raw: Mapping[str, Mapping[str, object]]) -> None:  # fmt: skip
        """raw: "function", "attribute" and "method", each from dotted name to what the file says, read at the first lookup."""
        self.libraries = libraries
        self._aliases, self._values, self._bases, self._raw = aliases, values, bases, raw
        self._read: dict[tuple[str, str], Function] = {}
        self._canonical: dict[str, str] = {}
        self._lineages: dict[str, tuple[str, ...]] = {}
        self._members: dict[tuple[str, str, str], Function | None] = {}

    def canonical(self, dotted: str) -> str:
        """The name under which the models have it: aliases of the whole and of what it begins with are followed."""
        found = self._canonical.get(dotted)
        if found is None:
            found = self._canonical[dotted] = self._follow(dotted.removeprefix(BUILTINS))
        return found

    def _follow(self, dotted: str) -> str:
        for _ in range(8):  # Against aliases that name each other in a circle.
            head, tail = dotted, ""
            while head and head not in self._aliases:
                head, _dot, last = head.rpartition(".")
                tail = f".{last}{tail}"
            if not head:
                return dotted
            dotted = self._aliases[head] + tail
        return dotted

    def function(self, dotted: str) -> Function | None:
        """A function, a class as its constructor, or a method ("package.Type.method", of a module's object too); None where unknown.

        A constructor that no base describes either takes nothing over and gives an object of its class.
        """
        name = self.canonical(dotted)
        if name in self._raw["function"]:
            return self._of("function", name)
        if name in self._bases:
            return self._constructor(name)
        owner, _, last = name.rpartition(".")
        made = self._raw["function"].get(f"{owner}.__getattr__")
        if made is not None:  # a module that answers for any name: what it gives is called
            return self.method(self._of("function", f"{owner}.__getattr__").type, "__call__")
        owner = self._values.get(owner, owner)
        return self.method(owner, last) if owner else None

    def method(self, type_: str, name: str) -> Function | None:
        """A method of a type or of one of its bases."""
        return self._inherited("method", type_, name)

    def attribute(self, type_: str, name: str) -> Function | None:
        """What reading an attribute gives; what is assigned to it meets its sinks at position 0. None where unknown, and for methods."""
        return self._inherited("attribute", type_, name)

    def value(self, dotted: str) -> str:
        """The type of a module's attribute that is an object; "" unknown."""
        return self._values.get(self.canonical(dotted), "")

    def is_type(self, dotted: str) -> bool:
        """Whether a class of this name is described."""
        return self.canonical(dotted) in self._bases

    def bases(self, type_: str) -> tuple[str, ...]:
        """All described bases, nearest first; the type itself is not among them."""
        return self._ancestors(self.canonical(type_))[1:]

    def described(self, kind: str, name: str) -> Function:
        """What the line of this kind and name itself says, bases aside."""
        return self._of(kind, name)

    def types_said(self, kind: str, name: str) -> tuple[str, ...]:
        """Types that one line names, besides itself: kind as in `Library.lines`."""
        if kind in self._raw:
            found = self._of(kind, name)
            return tuple(said for said in (found.type, found.items) if said and said != "self")
        return {"alias": (self._aliases.get(name, ""),), "value": (self._values.get(name, ""),)}.get(kind, self._bases.get(name, ()))

    def _ancestors(self, type_: str) -> tuple[str, ...]:
        """A type and its bases, nearest first."""
        found = self._lineages.get(type_)
        if found is None:
            waiting, seen = [type_], dict[str, None]()
            while waiting:
                name = waiting.pop(0)
                if name not in seen:
                    seen[name] = None
                    waiting += [self.canonical(base) for base in self._bases.get(name, ())]
            found = self._lineages[type_] = tuple(seen)
        return found

    def _inherited(self, kind: str, type_: str, name: str) -> Function | None:
        """Asked of each attribute that is read, over and over for few types; so each answer is given once."""
        key = kind, type_, name
        if key not in self._members:
            self._members[key] = self._searched(kind, type_, name)
        return self._members[key]

    def _searched(self, kind: str, type_: str, name: str) -> Function | None:
        for owner in self._ancestors(self.canonical(type_)):
            if f"{owner}.{name}" in self._raw[kind]:
                return self._of(kind, f"{owner}.{name}")
        return None

    def _constructor(self, type_: str) -> Function:
        from_base = next((name for name in self._ancestors(type_) if name in self._raw["function"]), "")
        found = self._of("function", from_base) if from_base else Function()
        return replace(found, type=type_)

    def _of(self, kind: str, name: str) -> Function:
        found = self._read.get((kind, name))
        if found is None:
            found = model_reading.function(self._raw[kind][name])
            if kind == "function" and not found.type and name in self._bases:
                found = replace(found, type=name)
            self._read[kind, name] = found
        return found


@functools.cache
def load() -> Models:
    """The models of this package, read once. Raises ModelsInvalid with every fault.

    What was read before is kept under the user's cache, named by the digest of all files, because TOML takes long to read.
    """
    files = [file for file in resources.files("ringwork.survey.taint").joinpath("models").iterdir() if file.name.endswith(".toml")]
    return build(kept({file.name: file.read_text(encoding="utf-8") for file in files}))


def read(texts: Mapping[str, str]) -> Models:
    """Models out of file name to TOML text. Raises ModelsInvalid with every fault."""
    return build(model_reading.tables(texts))


def build(tables: model_reading.Tables) -> Models:
    """Models out of tables that were read."""
    return Models(
        libraries=tuple(model_reading.library(head) for head in tables["libraries"].values()),
        aliases={name: str(target) for name, target in tables["alias"].items()},
        values={name: str(target) for name, target in tables["value"].items()},
        bases={name: tuple(str(base) for base in bases) for name, bases in tables["type"].items()},
        raw={kind: tables[kind] for kind in ("function", "method", "attribute")},
    )


def kept(texts: Mapping[str, str]) -> model_reading.Tables:
    """The tables of these texts, by file name: as they were kept, else read and kept. A folder that cannot be written only costs time."""
    code = "".join(resources.files("ringwork.survey.taint").joinpath(name).read_text(encoding="utf-8") for name in _READERS)
    digest = sha256(json.dumps([code, sorted(texts.items())]).encode()).hexdigest()
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ringwork"
    path = folder / f"models-{digest[:32]}.json"
    try:
        found: model_reading.Tables = json.loads(path.read_bytes())
        if set(found) != set(model_reading.SECTIONS):
            raise ValueError  # noqa: TRY301 - damaged in one of several ways
    except (OSError, ValueError):
        found = model_reading.tables(texts)
        _keep(path, found)
    return found


def _keep(path: Path, tables: model_reading.Tables) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(tables))  # `dump` would write piece by piece, in Python
        Path(name).replace(path)  # Whole or not at all: another process may be reading.
        for older in path.parent.glob("models-*.json"):
            if older != path:
                older.unlink(missing_ok=True)
    except OSError:
        return
