"""Whether what a language model answers is treated as a stranger's text: read in source.

Against an answer that is a command, because a web page told the model to say it.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("output.llm-output/output-to-sink"),)
