"""Whether secrets stand in the source, or a file with secrets is kept with it: read in source.

Against everybody who ever had the repository.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("source.hardcoded-secrets/working-tree"),)
