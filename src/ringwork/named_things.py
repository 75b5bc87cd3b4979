"""What a policy or its settings file names by text, "package.module:function", and where it is found."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from ringwork.errors import PolicyInvalid


def load(setting: str, name: str) -> Any:
    """What "package.module:function" names. Raises PolicyInvalid when there is no such thing."""
    module, _, attribute = name.partition(":") if ":" in name else name.rpartition(".")
    try:
        found = _module(module)
        for part in attribute.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise PolicyInvalid([f'{setting} = {name!r} cannot be loaded ({error}); write "package.module:function"']) from error
    return found


def _module(name: str) -> Any:
    """The module of this name.

    Against a check that is not recognised, so that everybody is refused: a file that is started itself (`python app.py`) is called
    `__main__`, and would be run a second time under its own name, with other functions.
    """
    main = sys.modules.get("__main__")
    file, spec = getattr(main, "__file__", None), getattr(main, "__spec__", None)
    if name in sys.modules or file is None:
        return importlib.import_module(name)
    if spec is not None:  # python -m
        return main if spec.name == name else importlib.import_module(name)
    asked = importlib.util.find_spec(name) if Path(file).stem == name.rpartition(".")[2] else None
    is_main = asked is not None and asked.origin is not None and Path(asked.origin).resolve() == Path(file).resolve()
    return main if is_main else importlib.import_module(name)
