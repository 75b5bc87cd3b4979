"""Whether a request reaches native code, as a size, a pointer or the name of a library: read in source.

Against a memory error that data can cause.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("source.memory-safety/foreign-calls"),)
