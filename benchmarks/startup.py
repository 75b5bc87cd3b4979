"""What `import ringwork` and `protect()` add to the start of a FastAPI application: `./run bench startup`.

Each case is a fresh interpreter, in turn, round by round: CPU milliseconds of the process and its peak memory, both read when the
application has been built and its lifespan has started, as a server does it. What the interpreter does to end is no start.
Options: --rounds N (9), --write (puts the table into docs/performance.md).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import request

ROUTES = (1, 10, 100, 500)

BARE = """import asyncio, time
from fastapi import FastAPI
app = FastAPI()
def add(place):
    @app.get(f"/items{place}/{{item}}")
    MARK
    async def item(item: int): return {"item": item}
for place in range(ROUTES): add(place)
PROTECT
asks = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
async def receive(): return next(asks)
async def send(message):
    assert message["type"].endswith("complete"), message
    if message["type"] == "lifespan.startup.complete":
        used, peak = time.process_time(), next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
        print(used * 1e3, int(peak) / 1024)
asyncio.run(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send))
"""
GUARDED = (
    BARE.replace("asyncio, time\n", "asyncio, time, ringwork\n", 1)
    .replace("MARK", "@ringwork.requires()")
    .replace("PROTECT", "ringwork.protect(app, ringwork.Policy())")
)
BARE = BARE.replace("    MARK\n", "").replace("PROTECT\n", "")


def start(code: str, environment: dict[str, str]) -> tuple[float, float]:
    """CPU milliseconds and peak MiB of one fresh interpreter until it has started."""
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the lines that ringwork prints at start
        text=True,
        check=False,
    )
    if told.returncode:
        raise SystemExit("a case failed; the comparison would be worthless")
    used, peak = told.stdout.split()
    return float(used), float(peak)


def measure(rounds: int) -> dict[tuple[int, bool], list[tuple[float, float]]]:
    """The figures of each case, by number of routes and whether it is guarded, in the order of the rounds."""
    cases = {
        (routes, guarded): (GUARDED if guarded else BARE).replace("ROUTES", str(routes)) for routes in ROUTES for guarded in (False, True)
    }
    figures: dict[tuple[int, bool], list[tuple[float, float]]] = {case: [] for case in cases}
    with tempfile.TemporaryDirectory() as cache:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": cache}
        for number in range(-1, rounds):
            for case, code in cases.items():
                found = start(code, environment)
                if number >= 0:  # the first round only fills the cache of compiled modules
                    figures[case].append(found)
    return figures


def rows(figures: dict[tuple[int, bool], list[tuple[float, float]]]) -> list[str]:
    """A line for each number of routes: medians, and what is added in the same round."""
    lines = [
        "| routes | bare, CPU ms | guarded, CPU ms | added ms | least added ms | times bare | added MiB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for routes in ROUTES:
        pairs = list(zip(figures[routes, False], figures[routes, True], strict=True))
        bare, guarded = (statistics.median(pair[side][0] for pair in pairs) for side in (0, 1))
        added, more = (statistics.median(after[i] - before[i] for before, after in pairs) for i in (0, 1))
        least = min(after for _, (after, _) in pairs) - min(before for (before, _), _ in pairs)
        ratio = statistics.median(after / before for (before, _), (after, _) in pairs)
        lines.append(f"| {routes} | {bare:.0f} | {guarded:.0f} | {added:+.0f} | {least:+.0f} | {ratio:.2f} | {more:+.1f} |")
    return lines


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    text = "\n".join(rows(measure(max(5, asked.rounds)))) + "\n"
    print(text)
    if asked.write:
        request.write("startup", text)


if __name__ == "__main__":
    main()
