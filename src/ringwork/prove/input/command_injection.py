"""Whether text of a request reaches a shell, or chooses a program and its options: read in source.

Against a semicolon in a file name.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.command-injection/shell-and-argv"),)
