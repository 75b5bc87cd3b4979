"""Calls into native code: ctypes and cffi, with sizes and pointers that are computed.

Against a memory error that data can cause. Which of them a request reaches is for the engine to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import WEAK, Seen, last
from ringwork.survey.taint import ir

_LOADS = frozenset({"CDLL", "WinDLL", "OleDLL", "PyDLL", "LoadLibrary", "dlopen", "verify"})
_MEMORY = frozenset({
    "string_at", "wstring_at", "memmove", "memset", "create_string_buffer", "create_unicode_buffer", "from_address", "from_buffer",
    "cast", "buffer", "from_handle",
})  # fmt: skip


def look(seen: Seen) -> Iterator[Flow]:
    """Foreign calls of one module that imports ctypes or cffi."""
    if not seen.imports("ctypes", "cffi"):
        return
    for call, scope in seen.of(ir.Call):
        name = last(call.function)
        is_constant = all(isinstance(part, ir.Constant) for part in (*call.arguments, *(value for _, value in call.keywords)))
        if (name in _LOADS or name in _MEMORY) and not is_constant:
            what = (
                "A library is loaded by a name that is computed"
                if name in _LOADS
                else "Memory is touched at a place, or in a length, that is computed"
            )
            yield seen.flow("bytes", call.at, strength=WEAK, sink=name, detail=f"{what}.", scope=scope, said="native code")
