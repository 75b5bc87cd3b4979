"""How well, how quietly and how fast the source is read, beside other analysers: `./run bench source --corpora FOLDER`.

The corpora are other people's, are given by path, and nothing of them stands in this repository. FOLDER has (each may be
missing, and is then named as such):

    benchmark/      a checkout of OWASP BenchmarkPython: testcode/ and expectedresults-*.csv
    applications/   one folder each, with its RealVuln labels in labels/NAME/ground-truth.json
    rule-tests/     files with `# ruleid:` and `# ok:` lines, and the rules beside them
    mature/         applications that people keep clean, one folder each

--benchmark, --applications, --labels, --rule-tests and --mature name one of them elsewhere, as RINGWORK_CORPORA does for FOLDER.
--rules: a folder of semgrep's rules; without it semgrep is left out. --rounds N (5) of the interleaved timing, --seed N (7) of
the variant, --write (puts the tables into docs/performance.md). All tools run with what they have by default.

How long it takes: on two quiet cores, with four mature applications of 250 thousand lines and without semgrep, about seven minutes,
of which five are the rounds of timing; semgrep adds some minutes. --minutes N (15): after so many no further round begins, and the
table says how many there were. Each run is told on standard error as it begins.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import marks
import source_labels as labels
import source_tools as tools
import source_variant

# Labels that nothing in their files bears out: the input reaches no sink in any run (seen by running all cases with a marker).
WRONG = ("00008", "00089", "00114", "00289", "00340", "00350", "00377", "00436", "00535", "00616", "00845", "00947", "01000")
ASIDE = {"test", "tests", "testing", "migrations", "docs", "doc", "node_modules", "alembic"}
PARTS = ("benchmark", "applications", "labels", "rule_tests", "mature")


class Clock:
    """Tells what begins, and when it is too late to begin more. minutes: from now on."""

    def __init__(self, minutes: float) -> None:
        self._start, self._minutes = time.monotonic(), minutes

    def told(self, name: str, tool: tools.Tool) -> tools.Tool:
        """The tool, telling each of its runs: what takes minutes in silence looks as if it hung."""

        def run(root: Path) -> tools.Ran:
            self.tell(f"{name} reads {root.name}")
            return tool(root)

        return run

    def tell(self, what: str) -> None:
        """What begins now, after so many seconds."""
        print(f"{time.monotonic() - self._start:5.0f} s: {what}", file=sys.stderr, flush=True)

    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() - self._start > self._minutes * 60


@dataclass(frozen=True, slots=True)
class Corpora:
    """Where each corpus lies, None where it was not given."""

    benchmark: Path | None
    applications: Path | None
    labels: Path | None
    rule_tests: Path | None
    mature: Path | None


def corpora(asked: argparse.Namespace) -> Corpora:
    """What was given and is there; what is not is said by name."""
    folder, held = asked.corpora or os.environ.get("RINGWORK_CORPORA"), {}
    for part in PARTS:
        given = getattr(asked, part) or os.environ.get(f"RINGWORK_CORPUS_{part.upper()}")
        place = Path(given) if given else Path(folder, part.replace("_", "-")) if folder else None
        held[part] = place if place and place.is_dir() else None
        if held[part] is None:
            print(f"not measured: {part.replace('_', '-')}: {place or 'no folder was given'} is not there", file=sys.stderr)
    return Corpora(**held)


def table_of(benchmark: Path) -> Path:
    """The benchmark's expected results."""
    return next(iter(sorted(benchmark.glob("expectedresults-*.csv"))))


def strong(ran: tools.Ran) -> list[labels.Finding]:
    """What counts first: ringwork's default report, bandit's findings of medium severity and above, all of the others."""
    return [finding for finding in ran.findings if finding.strong]


def tiers(name: str, runs: Sequence[tools.Ran]) -> list[tuple[str, list[list[labels.Finding]]]]:
    """A row for what counts first and, where more was said, one for all of it: no tier is chosen by its score."""
    made = [(name, [strong(ran) for ran in runs])]
    if any(len(strong(ran)) < len(ran.findings) for ran in runs):
        made.append((f"{name}, all that it says", [list(ran.findings) for ran in runs]))
    return made


def benchmark_rows(root: Path, seed: int, named: dict[str, tools.Tool]) -> list[str]:
    """The benchmark as shipped, with corrected labels, and spelt otherwise."""
    rows = []
    shipped = labels.cases(table_of(root))
    with tempfile.TemporaryDirectory() as place:
        other = Path(place) / "variant"
        source_variant.write(root, other, seed)
        again = labels.cases(table_of(other))
        for name, tool in named.items():
            ran, varied = tool(root), tool(other)
            for title, (found, found_again) in tiers(name, (ran, varied)):
                cells = []
                for held, findings in ((shipped, found), (labels.corrected(shipped, WRONG), found), (again, found_again)):
                    real, false = labels.mean(labels.categories(held, findings))
                    cells.append(f"{real - false:+.3f} ({real:.3f} - {false:.3f})")
                rows.append(f"| {title} | {' | '.join(cells)} | {ran.lost} |")
    head = f"BenchmarkPython, {len(shipped)} cases: mean of TPR - FPR over {len({c.category for c in shipped.values()})} categories.\n\n"
    return [
        head + "| | labels as shipped | 13 wrong labels corrected | spelt otherwise | files lost |",
        "| --- | --- | --- | --- | ---: |",
        *rows,
    ]


def application_rows(applications: Path, labelled: Path, named: dict[str, tools.Tool]) -> list[str]:
    """Labelled applications: the injection classes in Python files."""
    rows, count, held = [], 0, sorted(folder.name for folder in labelled.iterdir() if (applications / folder.name).is_dir())
    for name, tool in named.items():
        runs = [tool(applications / application) for application in held]
        for title, found in tiers(name, runs):
            total = labels.Places()
            for application, findings in zip(held, found, strict=True):
                total += labels.placed(labels.places(labelled / application / "ground-truth.json"), findings)
            count = len(total.found) + len(total.missed)
            traps = f"{len(total.trapped)} of {total.traps}"
            rows.append(f"| {title} | {total.recall:.3f} | {total.precision:.3f} | {traps} | {len(total.unlabelled)} |")
    head = f"{len(held)} labelled applications, injection classes, {count} places.\n\n"
    return [head + "| | recall | precision | traps | unlabelled |", "| --- | ---: | ---: | ---: | ---: |", *rows]


def rule_rows(root: Path, named: dict[str, tools.Tool]) -> list[str]:
    """Annotated rule tests, all of them and without the copies that an autofix rewrote."""
    rows, every = [], labels.lines(root)
    own = [line for line in every if not labels.is_rewritten(root, line.file)]
    for name, tool in named.items():
        for title, (findings,) in tiers(name, (tool(root),)):
            cells = []
            for held in (every, own):
                made = {kind: len(found) for kind, found in labels.annotated(held, findings).items()}
                recall = made["found"] / max(1, made["found"] + made["missed"])
                false = made["false"] / max(1, made["false"] + made["quiet"])
                cells += [f"{recall:.3f}", f"{false:.3f}"]
            rows.append(f"| {title} | {' | '.join(cells)} |")
    counts = [(sum(line.bad for line in held), sum(not line.bad for line in held)) for held in (every, own)]
    head = f"Rule tests: {counts[0][0]} bad lines, {counts[0][1]} safe ones. Without the copies that an autofix rewrote, whose labels are "
    head += f"those of what it was before ({counts[1][0]} bad lines, {counts[1][1]} safe ones), on the right.\n\n"
    titles = "| | recall | false alarms | recall without copies | false alarms without copies |"
    return [head + titles, "| --- | ---: | ---: | ---: | ---: |", *rows]


def is_counted(file: str) -> bool:
    """Whether a file is the application's own: tests, migrations and documentation are left out, for every tool alike."""
    return not ASIDE & set(file.split("/")[:-1]) and not file.rpartition("/")[2].startswith(("test_", "conftest"))


def line_count(root: Path) -> int:
    """Lines of the application's own Python files."""
    files = (file for file in root.rglob("*.py") if is_counted(file.relative_to(root).as_posix()))
    return sum(file.read_bytes().count(b"\n") for file in files)


def read_count(root: Path) -> int:
    """Lines of all Python files, which is what each tool reads and is timed on."""
    return sum((root / file).read_bytes().count(b"\n") for file in tools.python_files(root))


def mature_rows(root: Path, named: dict[str, tools.Tool], rounds: int, clock: Clock) -> list[str]:
    """Noise, speed and memory on applications that are kept clean. Tools take turns at each application; its time is a median."""
    applications = sorted(folder for folder in root.iterdir() if folder.is_dir())
    lines = {application: line_count(application) for application in applications}
    thousand, read = sum(lines.values()) / 1000, sum(read_count(application) for application in applications) / 1000
    ran: dict[str, dict[Path, list[tools.Ran]]] = {name: {application: [] for application in applications} for name in named}
    for number in range(rounds):
        for application in applications:
            for name, tool in named.items():
                # A second round of semgrep would load its rules for another minute.
                if not number or (name != "semgrep" and not clock.is_late()):
                    ran[name][application].append(tool(application))
    rows = []
    for name in named:
        first = [runs[0] for runs in ran[name].values()]
        found = sum(is_counted(finding.file) for one in first for finding in strong(one))
        speed = read / sum(statistics.median(one.seconds for one in runs) for runs in ran[name].values())
        peak = max(one.mebibytes for runs in ran[name].values() for one in runs)
        turns = _range([len(runs) for runs in ran[name].values()])
        lost = sum(one.lost for one in first)
        rows.append(f"| {name} | {found} | {found / thousand:.2f} | {speed:.1f} | {turns} | {peak:.0f} | {lost} |")
    head = f"{len(applications)} mature applications, {thousand:.0f} thousand lines without tests, migrations and documentation "
    head += f"(noise), {read:.0f} with them (speed).\n\n"
    titles = "| | findings shown | per thousand lines | thousand lines a CPU second | median of rounds | peak MiB | files lost |"
    return [head + titles, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |", *rows]


def _range(counts: Sequence[int]) -> str:
    return str(min(counts)) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def again_rows(root: Path, clock: Clock) -> list[str]:
    """The largest of the mature applications once more, after one of its files was changed."""
    largest = max((folder for folder in root.iterdir() if folder.is_dir()), key=line_count)
    clock.tell(f"ringwork reads {largest.name}, then once more after a change")
    first, second = tools.again(largest)
    return [f"One changed file of {line_count(largest) / 1000:.0f} thousand lines: {second:.2f} s of CPU after {first:.1f} s for all."]


def main() -> None:
    """Measure, print, and on demand write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora")
    for part in PARTS:
        parser.add_argument(f"--{part.replace('_', '-')}", dest=part)
    parser.add_argument("--rules", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    held = corpora(asked)
    clock = Clock(asked.minutes)
    every: dict[str, tools.Tool] = {"ringwork": tools.ringwork, **tools.peers(tools.HOUSE / ".venv-analysers", asked.rules)}
    named = {name: clock.told(name, tool) for name, tool in every.items()}
    parts = []
    if held.benchmark:
        parts.append(benchmark_rows(held.benchmark, asked.seed, named))
    if held.applications and held.labels:
        parts.append(application_rows(held.applications, held.labels, named))
    if held.rule_tests:
        parts.append(rule_rows(held.rule_tests, named))
    if held.mature:
        parts.extend((mature_rows(held.mature, named, asked.rounds, clock), again_rows(held.mature, clock)))
    if not parts:
        raise SystemExit("nothing was measured: give --corpora FOLDER (the head of benchmarks/source.py says what it holds)")
    text = "\n\n".join("\n".join(part) for part in parts) + "\n\n" + marks.load()
    print(text)
    if asked.write:
        marks.write("source", text.rstrip() + "\n")


if __name__ == "__main__":
    main()
