"""Whether text of a request is compiled as a template, or is the pattern of a format: read in source.

Against `{{ config }}` as one's name.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.template-injection/template-from-data"),)
