"""Whether text of a request becomes part of an SQL statement: read in source.

Against a quotation mark that ends the text, and a statement of the client's own behind it.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.sql-injection/built-statements"),)
