"""Whether the source has an open finding that belongs to no other control: read in source.

Against the weakness that falls between all chairs: what belongs to a control of its own is told there, and only there.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.rest("source.static-analysis/own-rules"),)
