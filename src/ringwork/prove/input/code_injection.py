"""Whether text of a request is run as code, or chooses what is run: read in source.

Against a pocket calculator that also deletes files.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.code-injection/dynamic-code"),)
