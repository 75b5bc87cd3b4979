"""Whether calls to other services have an end: read in source.

Against a partner that answers nothing and so takes all workers with it.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.upstream-apis/call-options"),)
