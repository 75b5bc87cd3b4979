"""Whether a request chooses a file of the server: read in source.

Against `../../etc/passwd` as the name of a document.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.path-traversal/tainted-path"),)
