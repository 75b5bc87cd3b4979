"""Whether markup that people write is cleaned, and cleaned last: read in source.

Against Markdown that becomes a script after the cleaning.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("output.html-sanitization/render-without-sanitize"),)
