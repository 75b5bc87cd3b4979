"""Whether text of a request is put into a page as it came: read in source.

Against a script in the name of an order.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("output.xss/escape-bypass"),)
