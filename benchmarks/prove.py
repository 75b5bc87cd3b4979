"""How long a proof takes, beside another prober in the same run: `./run bench prove`.

The whole proof of the FastAPI clinic as a user starts it; 500 probes of one shape by the prover's client on the served clinic, over TLS
on loopback; and schemathesis with its default phases on that same server, bounded to a few examples for each operation.
And what a newcomer waits for: `--quick` of an ordinary application of each framework, and the first finding of it, each on a copy.
Options: --proofs N (3), --rounds N (5), --examples N (5), --write (puts the table into docs/performance.md).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import marks

TOP = Path(__file__).parent.parent
OURS, THEIRS = TOP / ".venv" / "bin", TOP / ".venv-bench" / "bin"
TARGET = "examples.clinic.fastapi_app:app"
SHAPES = {"a page that is served": ("GET", "/visiting/", "200"), "a page that is refused": ("GET", "/appointments", "401")}
NEWCOMERS = {"FastAPI": "notes:app", "Flask": "notes:app", "Django": "office.settings", "aiohttp": "notes:app"}
"""By framework, the target in its application below tests/apps/existing: pages with a login and forms, and no ringwork."""
PAPERS = """
import sys; from pathlib import Path; from ringwork.survey.wire import forge
authority = forge.make_authority(); folder = Path(sys.argv[1])
certificate, key = authority.leaf(names=["localhost"])
for name, data in (("authority", authority.certificate_pem), ("certificate", certificate), ("key", key)):
    place = folder / f"{name}.pem"; place.touch(mode=0o600); place.write_bytes(data)
"""
SCHEMA = "import json; from examples.clinic.fastapi_app import app; print(json.dumps(app.openapi()))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The clinic while it runs. folder: certificates, schema and database."""

    port: int
    folder: Path

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"https://localhost:{self.port}"


def environment(**more: str) -> dict[str, str]:
    """This shell's, with the repository importable by ringwork's own interpreter."""
    return {**os.environ, "PYTHONPATH": f"{TOP / 'src'}:{TOP}", **more}


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """`ringwork serve` with a throw-away certificate and database; its events go nowhere."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name, socket.socket() as free:
        folder = Path(name)
        subprocess.run([OURS / "python", "-c", PAPERS, name], env=environment(), check=True)
        said = subprocess.run([OURS / "python", "-c", SCHEMA], cwd=TOP, env=environment(), check=True, capture_output=True, text=True)
        (folder / "openapi.json").write_text(said.stdout.strip().splitlines()[-1], encoding="utf-8")
        free.bind(("127.0.0.1", 0))
        served = Served(port=free.getsockname()[1], folder=folder)
        free.close()
        told = environment(CLINIC_ORIGIN=served.origin, CLINIC_DATABASE=str(folder / "clinic.sqlite3"))
        papers = ["--certificate", folder / "certificate.pem", "--key", folder / "key.pem", "--port", str(served.port)]
        start = "from ringwork.cli.main import main; raise SystemExit(main())"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([OURS / "python", "-c", start, "serve", TARGET, *papers], cwd=TOP, env=told, **quiet) as server:
            try:
                _wait(served.port)
                yield served
            finally:
                server.terminate()


def _wait(port: int) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.05)
    raise SystemExit("the clinic did not start")


def probes(served: Served, shape: tuple[str, str, str]) -> float:
    """Seconds of 500 probes."""
    words = [OURS / "python", Path(__file__).parent / "probes.py", str(served.port), served.folder / "authority.pem", *shape]
    done = subprocess.run(words, env=environment(), check=True, capture_output=True, text=True)
    return float(done.stdout)


def schemathesis(served: Served, examples: int) -> tuple[float, int]:
    """Seconds of a whole run, and how many cases it made."""
    begun = time.perf_counter()
    words = ["--url", served.origin, "--tls-verify", served.folder / "authority.pem", "--max-examples", str(examples)]
    more = ["--seed", "1", "--checks", "not_a_server_error", "--no-color"]
    command = [THEIRS / "schemathesis", "run", served.folder / "openapi.json", *words, *more]
    done = subprocess.run(command, cwd=served.folder, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    cases = re.search(r"(\d+) generated", done.stdout)
    if cases is None:
        raise SystemExit(
            f"schemathesis told no number of cases; the comparison would be worthless:\n{done.stdout[-2000:]}{done.stderr[-500:]}"
        )
    return seconds, int(cases[1])


def proof() -> tuple[float, int]:
    """Seconds of a whole proof as a user waits for it, and how many checks it proved. A finding ends the run."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        begun = time.perf_counter()
        words = [OURS / "ringwork", "prove", TARGET, "--output-dir", folder, "--quiet"]
        done = subprocess.run(words, cwd=TOP, env=environment(), check=False, capture_output=True, text=True)
        seconds = time.perf_counter() - begun
        if done.returncode:
            raise SystemExit(f"the proof ended with {done.returncode}; the comparison would be worthless:\n{done.stdout[-2000:]}")
        report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    return seconds, sum(1 for one in report["results"] if one["verdict"] == "proven")


def newcomer(framework: str) -> tuple[float, float, int]:
    """Seconds until the first finding is printed and until the end of a quick run, and how many findings it has."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        # A copy, so that neither reports nor what reading keeps are found again beside the source by the next run.
        place, kept = Path(name) / "application", Path(name) / "report"
        shutil.copytree(TOP / "tests" / "apps" / "existing" / f"{framework.lower()}_forms", place)
        words = [OURS / "ringwork", "prove", NEWCOMERS[framework], "--quick", "--output-dir", kept]
        begun, first = time.perf_counter(), 0.0
        with subprocess.Popen(words, cwd=place, env=environment(), stdout=subprocess.PIPE, text=True) as run:
            for said in run.stdout or ():
                if said.startswith("! ") and not first:
                    first = time.perf_counter() - begun
        seconds = time.perf_counter() - begun
        if run.returncode != 1 or not first:
            raise SystemExit(f"the quick run of {framework} ended with {run.returncode} and {'a' if first else 'no'} finding")
        report = json.loads((kept / "report.json").read_text(encoding="utf-8"))
    return first, seconds, len(report["findings"])


def newcomers(rounds: int) -> list[str]:
    """Two rows for each framework."""
    lines = []
    for framework in NEWCOMERS:
        runs = [newcomer(framework) for _ in range(rounds)]
        lines.append(line(f"--quick, {framework}: the first finding", [first for first, _, _ in runs], "an application without ringwork"))
        lines.append(line(f"--quick, {framework}: the whole run", [seconds for _, seconds, _ in runs], f"{runs[0][2]} findings"))
    return lines


def line(name: str, seconds: list[float], note: str) -> str:
    """A row of the table."""
    return f"| {name} | {statistics.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} | {len(seconds)} | {note} |"


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proofs", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    mine: dict[str, list[float]] = {name: [] for name in SHAPES}
    theirs: list[tuple[float, int]] = []
    with serving() as served:
        for shape in SHAPES.values():
            probes(served, shape)  # warm-up
        for _ in range(max(5, asked.rounds)):
            for name, shape in SHAPES.items():
                mine[name].append(probes(served, shape))
            theirs.append(schemathesis(served, asked.examples))
    proofs = [proof() for _ in range(max(3, asked.proofs))]
    each = [seconds / cases * 500 for seconds, cases in theirs]
    lines = ["| what | seconds | min to max | rounds | |", "| --- | ---: | ---: | ---: | --- |"]
    lines.append(line("the whole proof of the clinic", [seconds for seconds, _ in proofs], f"{proofs[0][1]} checks proven"))
    lines += newcomers(max(3, asked.proofs))
    lines += [line(f"500 probes of one shape, {name}", seconds, " ".join(SHAPES[name])) for name, seconds in mine.items()]
    lines.append(line("schemathesis, default phases", [seconds for seconds, _ in theirs], f"{theirs[0][1]} cases, one check"))
    lines.append(line("the same for 500 cases", each, "scaled"))
    ratio = statistics.median(b / a for a, b in zip(mine["a page that is served"], each, strict=True))
    text = "\n".join(lines) + f"\n\n{marks.load()}500 probes take 1/{ratio:.0f} of the time in which schemathesis makes 500 cases.\n"
    print(text)
    if asked.write:
        marks.write("prove", text)


if __name__ == "__main__":
    main()
