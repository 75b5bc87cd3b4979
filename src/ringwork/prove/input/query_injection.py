"""Whether a request writes part of a query that is no SQL: read in source.

Against `*` as a name, `{"$ne": null}` as a password.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.query-injection/built-filters"),)
