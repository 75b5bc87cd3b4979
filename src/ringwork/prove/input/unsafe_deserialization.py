"""Whether bytes of a request are made into objects that act: read in source.

Against a pickle whose loading is a command.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.unsafe-deserialization/loaders"),)
