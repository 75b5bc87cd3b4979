"""Where the tables of the benchmarks stand in docs/performance.md, and how busy the machine was meanwhile."""

from __future__ import annotations

import os
from pathlib import Path


def write(part: str, text: str) -> None:
    """Put a table between the marks of its part."""
    page = Path(__file__).parent.parent / "docs" / "performance.md"
    head, _, rest = page.read_text(encoding="utf-8").partition(f"<!-- {part}:begin -->")
    tail = rest.partition(f"<!-- {part}:end -->")[2]
    page.write_text(f"{head}<!-- {part}:begin -->\n{text}<!-- {part}:end -->{tail}", encoding="utf-8")


def load() -> str:
    """A sentence about other work on the machine, "" for a quiet one: wall time is worth little on a busy one."""
    waiting, cores = os.getloadavg()[1], os.cpu_count() or 1
    return "" if waiting <= cores + 0.5 else f"The machine was busy with other work: {waiting:.1f} processes wanted its {cores} cores. "
