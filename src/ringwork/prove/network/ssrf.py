"""Whether a request decides where the server connects: read in source.

Against `http://169.254.169.254/` as the address of one's picture.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("network.ssrf/unguarded-sink"),)
