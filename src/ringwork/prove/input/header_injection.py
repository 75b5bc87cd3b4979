"""Whether text of a request becomes a header, of an answer or of a mail: read in source.

Against a line end, and headers of the attacker's own behind it.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.header-injection/header-from-data"),)
