"""Whether tokens are issued for ever, or for so long that nobody remembers them: read in source.

Against a token that was copied once and opens the door for years.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("identity.token-lifecycle/issue-calls"),)
