"""Whether fields of personal data say how they are classified: read in source.

Against the field that nobody thought of when exports and logs were masked.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("data.personal-data-protection/unmarked-fields"),)
