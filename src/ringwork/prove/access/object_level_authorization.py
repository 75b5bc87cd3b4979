"""Whether handlers load what a request names for whoever asks: read in source.

Against the next number in the address, which is somebody else's.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("access.object-level-authorization/unscoped-load"),)
