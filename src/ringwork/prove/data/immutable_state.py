"""Whether one request's data can be met in another's: read in source.

Against the basket of a stranger, because two requests shared a list.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("data.immutable-state/mutable-shared-state"),)
