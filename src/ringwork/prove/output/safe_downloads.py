"""Whether cells of a spreadsheet cannot be formulas of a stranger's: read in source.

Against an export that runs `=HYPERLINK(...)` at the desk of the accountant.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("output.safe-downloads/csv-writers"),)
