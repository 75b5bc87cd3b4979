"""What was read and is kept between runs: in which file, who made it, and how its bytes become forms again.

Against code that hides in a kept file: of all classes and functions of Python only the plain forms that its reader names can come out of
one. Against yesterday's reading: what is kept names the code, the models and the parser that made it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import io
import os
import pickle
import sys
from collections.abc import Collection, Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ringwork.survey import kept_files

ROOMS: Final = ("survey", "survey/taint", "survey/taint/models", "survey/looks")
"""The folders whose code and models read."""
ALONE: Final = ("errors.py", "names.py")
"""Files elsewhere that they need."""
PARSERS: Final = ("tree-sitter", "tree-sitter-python")
"""The distributions that read with them."""


class Unfit(ValueError):
    """Bytes that hold nothing that was kept here."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, data: bytes, forms: Mapping[tuple[str, str], Any]) -> None:
        super().__init__(io.BytesIO(data))
        self._forms = forms

    def find_class(self, module: str, name: str) -> Any:
        """Only the forms that the reader names."""
        form = self._forms.get((module, name))
        if form is None:
            raise Unfit(f"{module}.{name} is no form of syntax and no finding")
        return form


def unpack(data: bytes, forms: Mapping[tuple[str, str], Any]) -> Any:
    """What was pickled, if it is made of plain values and of these forms, by module and name. Raises Unfit for everything else."""
    try:
        return _Unpickler(data, forms).load()
    except Unfit:
        raise
    except Exception as error:
        # Against half a file: which exception a broken pickle raises is not promised by anybody.
        raise Unfit(f"the bytes are damaged ({type(error).__name__})") from error


def place(root: Path, only: Collection[str] = (), *, sort: str, folder: Path | None = None) -> Path:
    """The file in which this sort of thing is kept of the project at `root`, of these of its files. folder: else the user's cache."""
    name = sha256(repr((str(root.resolve()), sorted(only))).encode()).hexdigest()[:40]
    return (folder if folder is not None else kept_files.folder()) / f"{sort}-{name}.kept"


@functools.cache
def engine() -> str:
    """The digest of the code and of the models, which is finer than a version and needs nobody to count it up; and of what parses."""
    found = sha256(sys.version.encode())
    for name in PARSERS:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.update(f"{name} {importlib.metadata.version(name)} ".encode())
    top = resources.files("ringwork")
    files = [(room, file) for room in ROOMS for file in sorted(top.joinpath(room).iterdir(), key=lambda one: one.name)]
    for room, file in [*files, *(("", top.joinpath(name)) for name in ALONE)]:
        if file.name.endswith((".py", ".toml")):
            found.update(f"{room}/{file.name} ".encode())
            found.update(sha256(file.read_bytes()).digest())
    return found.hexdigest()


def used(path: Path) -> None:
    """Say that what is kept there was of use, so that it is not among the oldest."""
    with contextlib.suppress(OSError):
        os.utime(path)
