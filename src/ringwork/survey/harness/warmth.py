"""What every variant would load for itself right after its fork is loaded once, before the first fork.

A proof forks the copy more than a hundred times. Nothing here is new to the application: each module belongs to a library that it has
imported already and that loads this part at first use, and each template is one of its own.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys
from collections.abc import Iterable

LAZY = ("anyio._backends._asyncio", "argon2.low_level", "sqlalchemy.dialects.sqlite")
"""Modules that their libraries load at first use."""

_TEMPLATES = 500


def warm(probes: Iterable[str] = ()) -> None:
    """Load and compile, also the paths of probe routes; what fails here fails, or not, when the application needs it."""
    for name in LAZY:
        if name.partition(".")[0] in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    routing = sys.modules.get("starlette.routing")
    if routing is not None:
        for path in probes:  # the expressions of their routes stay with those of all others, in re
            routing.compile_path(path)
    jinja2 = sys.modules.get("jinja2")
    if jinja2 is not None:
        # By its type: a lazy object (Django's settings) runs the application's code when it is asked what it is.
        for found in [item for item in gc.get_objects() if issubclass(type(item), jinja2.Environment)]:
            _compile(found)


def _compile(environment: object) -> None:
    """Keep an environment's templates compiled. Nothing is rendered, and a template that changes later is compiled again, as always."""
    with contextlib.suppress(Exception):
        for name in environment.list_templates()[:_TEMPLATES]:  # type: ignore[attr-defined]  # jinja2 is imported only where the target has it
            with contextlib.suppress(Exception):
                environment.get_template(name)  # type: ignore[attr-defined]  # the same
