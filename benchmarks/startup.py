"""What `import ringwork` and `protect()` add to the start of a FastAPI application: `./run bench startup`.

Each case is a fresh interpreter, in turn, round by round: CPU milliseconds and peak memory until the application is built.
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

PEAK = "\nprint(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
BARE = """from fastapi import FastAPI
app = FastAPI()
@app.get("/items/{item}")
async def item(item: int): return {"item": item}
app.build_middleware_stack()"""
GUARDED = """import ringwork
ringwork.protect(app, ringwork.Policy())
app.build_middleware_stack()
"""
CASES = {"FastAPI bare": BARE, "FastAPI guarded, all controls": BARE.replace("app.build_middleware_stack()", GUARDED)}


def start(code: str, environment: dict[str, str]) -> tuple[float, float]:
    """CPU milliseconds and peak MiB of one fresh interpreter."""
    with subprocess.Popen(
        [sys.executable, "-c", code + PEAK], cwd=Path(__file__).parent, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        text = child.stdout.read() if child.stdout else ""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit("a case failed; the comparison would be worthless")
    return (used.ru_utime + used.ru_stime) * 1e3, int(text.split()[-1]) / 1024


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in CASES}
    with tempfile.TemporaryDirectory() as cache:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": cache}
        for number in range(-1, max(5, asked.rounds)):
            for name, code in CASES.items():
                figures = start(code, environment)
                if number >= 0:  # the first round only fills the cache of compiled modules
                    rounds[name].append(figures)
    bare = rounds["FastAPI bare"]
    lines = ["| start of an application | CPU ms | added ms | peak MiB | added MiB |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, turns in rounds.items():
        cpu, peak = (statistics.median(t[i] for t in turns) for i in (0, 1))
        more = [statistics.median(t[i] - b[i] for t, b in zip(turns, bare, strict=True)) for i in (0, 1)]
        lines.append(f"| {name} | {cpu:.0f} | {more[0]:+.0f} | {peak:.1f} | {more[1]:+.1f} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.write:
        request.write("startup", text)


if __name__ == "__main__":
    main()
