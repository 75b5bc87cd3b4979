"""Whether a request decides which fields of an object are set: read in source.

Against the form that also sends `is_admin=1`.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("access.mass-assignment/direct-binding"),)
