"""Labelled sources, given by path, and how findings are scored on them. None of their code stands in this repository.

A finding is a file (relative to the root of what was read, with slashes), a line and the CWE numbers that it may be taken for.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import source_kinds as kinds

TOLERANCE = 10  # lines by which labels and findings of the applications may differ: some are not at the commit that was labelled
LOOKAHEAD = 3  # lines after an annotated one in which a finding of a rule test still counts
CASE = re.compile(r"([A-Za-z]+Test\d{5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a tool says. strong: whether its default report shows it."""

    file: str
    line: int
    numbers: tuple[int, ...]
    strong: bool = True
    said: str = ""


# -- the benchmark: one file a case, one label a file ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the benchmark."""

    category: str
    vulnerable: bool
    number: int


@dataclass(slots=True)
class Category:
    """What was found of one category: the names of the cases."""

    found: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    quiet: list[str] = field(default_factory=list)

    @property
    def rates(self) -> tuple[float, float]:
        """Share of the real ones that was found, and of the safe ones that was found."""
        real, safe = len(self.found) + len(self.missed), len(self.false) + len(self.quiet)
        return (len(self.found) / real if real else 0.0), (len(self.false) / safe if safe else 0.0)


def cases(table: Path) -> dict[str, Case]:
    """The labels of the benchmark's table of expected results."""
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines) if row and not row[0].startswith("#")]
    return {row[0].strip(): Case(row[1].strip(), row[2].strip() == "true", int(row[3])) for row in rows}


def corrected(held: dict[str, Case], wrong: Iterable[str]) -> dict[str, Case]:
    """The same with the labels of `wrong` (the ends of names) the other way round."""
    ends = tuple(wrong)
    return {name: Case(case.category, case.vulnerable != name.endswith(ends), case.number) for name, case in held.items()}


def categories(held: dict[str, Case], findings: Iterable[Finding]) -> dict[str, Category]:
    """What the findings come to, for each category."""
    seen: dict[str, set[int]] = defaultdict(set)
    for finding in findings:
        if match := CASE.search(finding.file.rpartition("/")[2]):
            seen[match[1]].update(finding.numbers)
    made: dict[str, Category] = defaultdict(Category)
    for name, case in held.items():
        category, hit = made[case.category], bool(seen[name] & kinds.FAMILIES[case.category])
        listing = (category.found if hit else category.missed) if case.vulnerable else (category.false if hit else category.quiet)
        listing.append(name)
    return dict(sorted(made.items()))


def mean(made: dict[str, Category]) -> tuple[float, float]:
    """Means over the categories: share of the real ones found, share of the safe ones found."""
    rates = [category.rates for category in made.values()]
    return sum(rate[0] for rate in rates) / len(rates), sum(rate[1] for rate in rates) / len(rates)


# -- labelled applications: places with their weakness, and traps ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """One label of an application. traps are places that look bad and are not."""

    name: str
    file: str
    first: int
    last: int
    numbers: frozenset[int]
    vulnerable: bool
    primary: int


@dataclass(slots=True)
class Places:
    """What the findings of one application come to."""

    found: list[Place] = field(default_factory=list)
    missed: list[Place] = field(default_factory=list)
    trapped: list[Place] = field(default_factory=list)
    traps: int = 0
    unlabelled: list[Finding] = field(default_factory=list)

    def __iadd__(self, other: Places) -> Places:
        for name in ("found", "missed", "trapped", "unlabelled"):
            getattr(self, name).extend(getattr(other, name))
        self.traps += other.traps
        return self

    @property
    def recall(self) -> float:
        """Share of the real ones that was found."""
        return len(self.found) / max(1, len(self.found) + len(self.missed))

    @property
    def precision(self) -> float:
        """Share of the findings that are real."""
        return len(self.found) / max(1, len(self.found) + len(self.trapped) + len(self.unlabelled))


def _number(text: object) -> int:
    match = re.search(r"\d+", str(text))
    return int(match[0]) if match else -1


def places(labels: Path) -> list[Place]:
    """The labels of the injection classes in Python files."""
    made = []
    for row in json.loads(labels.read_text(encoding="utf-8"))["findings"]:
        primary, first = _number(row["primary_cwe"]), row["location"].get("start_line") or 0
        if primary in kinds.INJECTIONS and row["file"].endswith(".py"):
            numbers = frozenset(_number(text) for text in row["acceptable_cwes"])
            last = row["location"].get("end_line") or first
            made.append(Place(row["id"], row["file"], first, last, numbers, row["is_vulnerable"], primary))
    return made


def placed(held: list[Place], findings: Iterable[Finding]) -> Places:
    """One finding claims one place, a real one before a trap, the nearest first; what claims none is unlabelled."""
    made = Places(traps=sum(not place.vulnerable for place in held))
    free = list(held)
    for finding in sorted(findings, key=lambda each: (each.file, each.line, each.numbers)):
        near = [
            place
            for place in free
            if place.file == finding.file
            and place.first - TOLERANCE <= finding.line <= place.last + TOLERANCE
            and place.numbers & set(finding.numbers)
        ]
        if near:
            claimed = min(near, key=lambda place: (not place.vulnerable, abs(finding.line - place.first), place.name))
            free.remove(claimed)
            (made.found if claimed.vulnerable else made.trapped).append(claimed)
        elif set(finding.numbers) & kinds.INJECTIONS:
            made.unlabelled.append(finding)
    made.missed = [place for place in free if place.vulnerable]
    return made


# -- tests of rules: annotated lines ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One annotated line of a rule test: the code line that it speaks of."""

    file: str
    line: int
    bad: bool
    numbers: frozenset[int]
    rules: tuple[str, ...]


ANNOTATION = re.compile(r"#\s*(ruleid|ok):\s*([\w.,\s-]+)")


def _rules(root: Path) -> dict[str, frozenset[int]]:
    """CWE numbers of each security rule, read from the text of the rules (no YAML library is needed for two keys)."""
    made: dict[str, frozenset[int]] = {}
    for file in sorted(root.rglob("*.y*ml")):
        for text in re.split(r"(?m)^\s*- id:", file.read_text(encoding="utf-8", errors="replace"))[1:]:
            numbers = frozenset(int(number) for number in re.findall(r"CWE-(\d+)", text))
            if numbers and re.search(r"(?m)^\s*category:\s*security\b", text):
                made[text.split("\n", 1)[0].strip().strip("\"'")] = numbers
    return made


def lines(root: Path) -> list[Line]:
    """All annotated lines under a folder whose rule is one of security."""
    rules, made = _rules(root), []
    for file in sorted(root.rglob("*.py")):
        text = file.read_text(encoding="utf-8", errors="replace").split("\n")
        for index, line in enumerate(text):
            match = ANNOTATION.search(line)
            names = tuple(n for n in (part.strip().split(".")[-1] for part in match[2].split(",")) if n in rules) if match else ()
            if not match or not names:
                continue
            at = next((i for i in range(index + 1, len(text)) if text[i].strip() and not text[i].strip().startswith("#")), index + 1)
            numbers = frozenset[int]().union(*(kinds.family(number) for name in names for number in rules[name]))
            made.append(Line(file.relative_to(root).as_posix(), at + 1, match[1] == "ruleid", numbers, names))
    return made


def annotated(held: list[Line], findings: Iterable[Finding]) -> dict[str, list[Line]]:
    """found and missed of the bad lines, false and quiet of the safe ones."""
    at: dict[str, list[tuple[int, set[int]]]] = defaultdict(list)
    for finding in findings:
        at[finding.file].append((finding.line, set(finding.numbers)))
    made: dict[str, list[Line]] = {name: [] for name in ("found", "missed", "false", "quiet")}
    for line in held:
        hit = any(line.line <= where <= line.line + LOOKAHEAD and numbers & line.numbers for where, numbers in at[line.file])
        made[("found" if hit else "missed") if line.bad else ("false" if hit else "quiet")].append(line)
    return made
