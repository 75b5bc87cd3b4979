"""Whether secrets are logged, or a client writes lines of the log: read in source.

Against the log that everybody in support may read, with every password in it.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("observation.log-sanitization/sensitive-arguments"),)
