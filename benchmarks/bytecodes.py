"""What one request executes, counted: `./run bench bytecodes`.

Steps of the interpreter and calls of functions, of everything and of ringwork's own code: the same on a busy machine and on a quiet one.
Where CPU time grows more than they do, it is cold code that is waited for. Options: --functions N lists the dearest N functions of each.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import sys
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import request
from interleaved import Batch

import ringwork

ROUNDS = 20
OWN = str(Path(ringwork.__file__).parent)


class Count:
    """Steps and calls of each function."""

    def __init__(self) -> None:
        self.steps: Counter[CodeType] = Counter()
        self.calls: Counter[CodeType] = Counter()

    def trace(self, frame: FrameType, event: str, told: Any) -> Any:
        """What the interpreter calls at each step."""
        if event == "call":
            self.calls[frame.f_code] += 1
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            self.steps[frame.f_code] += 1
        return self.trace

    def row(self, name: str) -> str:
        """A line of the table."""
        own = [code for code in self.calls if code.co_filename.startswith(OWN)]
        figures = (
            self.steps.total(),
            sum(self.steps[code] for code in own),
            self.calls.total(),
            sum(self.calls[code] for code in own),
        )
        return f"| {name} | " + " | ".join(f"{figure / ROUNDS:.0f}" for figure in figures) + " |"

    def functions(self, most: int) -> list[str]:
        """The dearest functions, in steps a request."""
        return [
            f"  {steps / ROUNDS:7.1f}  {code.co_qualname} ({Path(code.co_filename).name})" for code, steps in self.steps.most_common(most)
        ]


async def counted(batch: Batch) -> Count:
    """The counts of one variant, after a warm-up."""
    count = Count()
    for calls, trace in ((50, None), (ROUNDS, count.trace)):
        sys.settrace(trace)
        outcome = batch(calls)
        if inspect.isawaitable(outcome):
            await outcome
        sys.settrace(None)
    return count


async def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--functions", type=int, default=0)
    asked = parser.parse_args()
    print("| request | steps | of ringwork | calls | of ringwork |\n| --- | ---: | ---: | ---: | ---: |")
    for name, batch in request.variants().items():
        if "bare" in name or "guarded" in name:
            count = await counted(batch)
            print("\n".join([count.row(name), *count.functions(asked.functions)]), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
