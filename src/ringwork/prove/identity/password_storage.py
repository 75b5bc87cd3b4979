"""Whether passwords are kept behind a hash that is made to be fast: read in source.

Against a stolen table, and ten thousand million guesses a second.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("identity.password-storage/fast-hash-on-password"),)
