"""Whether tokens are read in a way that verifies them: read in source.

Against a token that says who one is, signed by nobody.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("identity.jwt-validation/decode-arguments"),)
