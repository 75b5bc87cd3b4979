"""Whether the credentials of a caller are handed on to other services: read in source.

Against the partner that can do in our name whatever the user can.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("identity.delegated-tokens/token-forwarding"),)
