"""Whether rules of who may do what stand inside handlers, where no table shows them: read in source.

Against the rule that was changed in nine of ten places.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("access.attribute-based-access/inline-rules"),)
