"""By what a column is encrypted, told by the classes of its type and, for types of the application's own, by their code.

Reads classes that are there; imports nothing of theirs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RINGWORK, OWN = "ringwork", "its own"
_LIBRARIES: Mapping[str, str] = {
    "ringwork.sealed": RINGWORK,
    "sqlalchemy_utils.types.encrypted": "sqlalchemy-utils",
    "encrypted_model_fields": "django-encrypted-model-fields",
    "encrypted_fields": "django-fernet-encrypted-fields",
    "django_cryptography": "django-cryptography",
    "django_crypto_fields": "django-crypto-fields",
    "fernet_fields": "django-fernet-fields",
    "pgcrypto": "django-pgcrypto",
}
"""Where a class of a type is defined, and whose it is."""

_NAMED = re.compile(r"encrypt|cipher|crypt|fernet|sealed", re.IGNORECASE)
_CODE = re.compile(r"(?:\b\w*(?:encrypt|seal)\w*|\b(?:Fernet|AESGCM\w*|AESSIV|ChaCha20Poly1305|SecretBox))\s*\(", re.IGNORECASE)


def encrypted_by(kind: type, folder: Path) -> str:
    """Whose encryption a type is; "" for a plain one. folder: the project's own files, whose classes may be types of its own."""
    for one in kind.__mro__:
        for module, library in _LIBRARIES.items():
            if any(name == module or name.startswith(f"{module}.") for name in _modules(one)):
                return library
    own = [one for one in kind.__mro__ if is_inside(one, folder)]
    return OWN if any(_NAMED.search(one.__name__) or _CODE.search(_source(one)) for one in own) else ""


def _modules(one: type) -> set[str]:
    """The module of a class, and those of its methods: a class may carry another's name, so that migrations write it simply."""
    functions = [value for value in vars(one).values() if inspect.isfunction(value)]
    return {one.__module__, *(str(function.__module__) for function in functions)}


def by_code(value: Any) -> str:
    """Whether a property of a model encrypts what is given to it."""
    setter = value.fset if isinstance(value, property) else None
    return OWN if setter is not None and _CODE.search(_source(setter)) else ""


def is_inside(value: Any, folder: Path) -> bool:
    """Whether a class is defined in a file of the folder."""
    return file_of(value, folder) != ""


def file_of(value: Any, folder: Path) -> str:
    """The file of a class, relative to the folder; "" for one that is not there."""
    try:
        path = Path(inspect.getfile(value)).resolve()
    except (TypeError, OSError):
        return ""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) and "site-packages" not in path.parts else ""


def place_of(model: type, names: tuple[str, ...], folder: Path) -> tuple[str, int]:
    """File and line where a model, or a class that it is made of, declares the first of these names; those of the model itself else."""
    for one in model.__mro__:
        file = file_of(one, folder)
        lines, first = _lines(one) if file else ([], 0)
        for number, line in enumerate(lines):
            if any(re.match(rf"\s+{re.escape(name)}\s*[:=]", line) for name in names):
                return file, first + number
    return file_of(model, folder), _lines(model)[1]


def _lines(value: Any) -> tuple[list[str], int]:
    try:
        return inspect.getsourcelines(value)
    except (TypeError, OSError):
        return [], 0


def _source(value: Any) -> str:
    return "".join(_lines(value)[0])
