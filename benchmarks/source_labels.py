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
import tree_sitter_python
from tree_sitter import Language, Node, Parser

LOOKAHEAD = 3  # lines behind an annotated statement in which a finding still speaks of it, if it stands in no annotated one itself
TOLERANCE = 10  # lines by which labels and findings of the applications may differ: some are not at the commit that was labelled
CASE = re.compile(r"([A-Za-z]+Test\d{5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a tool says. strong: whether its default report shows it. way: lines of the same file that its way names, if it has one."""

    file: str
    line: int
    way: tuple[int, ...] = ()
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
    """One annotated line of a rule test: the code line that it speaks of, first and last line of the statement there, and its text."""

    file: str
    line: int
    first: int
    last: int
    text: str
    bad: bool
    numbers: frozenset[int]
    rules: tuple[str, ...]


BOUND = re.compile(r"\s*(\w+)\s*=[^=]")
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
        whole = file.read_text(encoding="utf-8", errors="replace")
        spans, text = _spans(whole), whole.split("\n")
        for index, line in enumerate(text):
            match = ANNOTATION.search(line)
            names = tuple(n for n in (part.strip().split(".")[-1] for part in match[2].split(",")) if n in rules) if match else ()
            if not match or not names:
                continue
            at = next((i for i in range(index + 1, len(text)) if text[i].strip() and not text[i].strip().startswith("#")), index + 1)
            numbers = frozenset[int]().union(*(kinds.family(number) for name in names for number in rules[name]))
            first, last = _around(spans, at + 1)
            code = "\n".join(text[first - 1 : last])
            made.append(Line(file.relative_to(root).as_posix(), at + 1, first, last, code, match[1] == "ruleid", numbers, names))
    return made


def is_rewritten(root: Path, file: str) -> bool:
    """Whether a file is what an autofix made of its neighbour: it carries the labels of the unfixed one at lines that it has mended."""
    return file.endswith(".fixed.py") and (root / f"{file.removesuffix('.fixed.py')}.py").is_file()


def _spans(text: str) -> list[tuple[int, int]]:
    """First and last line of each statement; of one with a body, those of its head, decorators included."""
    made: list[tuple[int, int]] = []
    nodes = [Parser(Language(tree_sitter_python.language())).parse(text.encode()).root_node]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.named_children)
        if node.parent is not None and node.parent.type in {"module", "block"} and node.type != "comment":
            made.append((node.start_point.row + 1, _head(node).end_point.row + 1))
    return made


def _head(node: Node) -> Node:
    """Where the head of a statement ends: at the colon before its body; a plain statement is all head."""
    inner = node.child_by_field_name("definition") or node
    return next((part for part in inner.children if part.type == ":"), node)


def _around(spans: list[tuple[int, int]], line: int) -> tuple[int, int]:
    """The narrowest statement that a line is part of; the line itself where there is none."""
    return min((span for span in spans if span[0] <= line <= span[1]), key=lambda span: span[1] - span[0], default=(line, line))


def annotated(held: list[Line], findings: Iterable[Finding]) -> dict[str, list[Line]]:
    """found and missed of the bad lines, false and quiet of the safe ones."""
    at: dict[str, list[Line]] = defaultdict(list)
    for line in held:
        at[line.file].append(line)
    spoken = ((finding, _spoken_of(at[finding.file], finding)) for finding in findings)
    hit = {id(line) for finding, spoken_of in spoken for line in spoken_of if line.numbers & set(finding.numbers)}
    made: dict[str, list[Line]] = {name: [] for name in ("found", "missed", "false", "quiet")}
    for line in held:
        is_hit = id(line) in hit
        made[("found" if is_hit else "missed") if line.bad else ("false" if is_hit else "quiet")].append(line)
    return made


def _spoken_of(held: list[Line], finding: Finding) -> list[Line]:
    """The annotated lines in whose statement a finding stands, or that its way names; else the last ones before it, a few lines away.

    A rule's annotation stands at the first of the statements that it matches, or at each, a finding often at the last.
    """
    begun = [line for line in held if any(line.first <= step <= line.last for step in finding.way)]
    inside = [line for line in held if line.first <= finding.line <= line.last]
    if inside:
        return [*begun, *inside, *(line for line in held if any(_leads_to(line, one) for one in inside))]
    last = max((line.last for line in held if line.last < finding.line), default=-LOOKAHEAD)
    return [*begun, *(line for line in held if line.last == last and finding.line <= last + LOOKAHEAD)]


def _leads_to(line: Line, later: Line) -> bool:
    """Whether a line gives a name to what a later one, annotated alike, does something with."""
    bound = BOUND.match(line.text)
    is_near = line.last < later.first <= line.last + LOOKAHEAD and line.bad == later.bad
    return is_near and bound is not None and re.search(rf"\b{bound[1]}\b", later.text) is not None
