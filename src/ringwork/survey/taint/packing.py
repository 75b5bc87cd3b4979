"""Syntax and findings as bytes, to be kept in a file and taken out again.

Against code that hides in a kept file: of all classes and functions of Python only the plain forms named here can come out of one, so
that the worst that a forged file can do is to be refused or to tell lies, which whoever may write it can do in many other ways.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, Final

from ringwork.survey import flows
from ringwork.survey.taint import frames, handlers, ir, routes_kept, shelf, units, values

_PROTOCOL: Final = 5
_FORMS: Final[dict[tuple[str, str], type]] = {
    **{(ir.__name__, name): form for name, form in vars(ir).items() if isinstance(form, type) and issubclass(form, tuple)},
    **{
        (form.__module__, form.__qualname__): form
        for form in (
            frames.Found, units.Outline, values.Atom, values.Trail, handlers.Handler, handlers.Brought,
            handlers.Routes, routes_kept.KeptRoutes,
            flows.Flow, flows.Step, flows.Entry, flows.Strength, flows.Unread, flows.SourceFacts,
            set, frozenset, complex,
        )
    },
}  # fmt: skip


def _made() -> None:
    """Stands in a file for `tuple.__new__`, which makes a form of its parts without a call in Python: that was half of the time."""


class _Pickler(pickle.Pickler):
    dispatch_table = {form: lambda node: (_made, (type(node), tuple(node))) for form in _FORMS.values() if issubclass(form, tuple)}  # noqa: RUF012 # as pickle asks for it


_TAKEN: Final = {**_FORMS, (__name__, _made.__name__): tuple.__new__}
"""What may stand in a file, by its name there."""


def pack(value: Any) -> bytes:
    """A value made of plain ones and of the forms above. Raises RecursionError for what is nested too deeply to be kept."""
    made = io.BytesIO()
    _Pickler(made, _PROTOCOL).dump(value)
    return made.getvalue()


def unpack(data: bytes) -> Any:
    """What was packed. Raises shelf.Unfit for everything else."""
    return shelf.unpack(data, _TAKEN)
