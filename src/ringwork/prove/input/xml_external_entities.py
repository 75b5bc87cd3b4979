"""Whether XML of a request is parsed with its entities: read in source.

Against an entity that reads a file of the server, or grows without end.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.xml-external-entities/parser-construction"),)
