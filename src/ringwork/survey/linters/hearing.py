"""What other tools say of a project, beside what our own reading found: who ran, what they saw, and which warnings are switched off.

Against tools that run and whose word nobody compares: what two of them see at one place is one fault, and ours decides how sure it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ringwork.survey.flows import Flow, Heard, Silenced, SourceFacts, Strength
from ringwork.survey.linters import ages, bandit, codes, merging, ruff, run, suppressions
from ringwork.survey.linters.suppressions import Suppression
from ringwork.survey.linters.tool import Asked, Result, State, Tool
from ringwork.survey.syntax import Files

TOOLS: tuple[Tool, ...] = (bandit.TOOL, ruff.TOOL)
"""Those that are asked in every proof: the ones that read for faults of security, and are done in seconds."""


def with_others(facts: SourceFacts, root: Path, names: Collection[str]) -> SourceFacts:
    """The facts, and what others say. names: Python files that were read, relative to the root."""
    asked = Asked(root=root, files=tuple(sorted(names)), is_whole=False)
    files = Files(root)
    results = run.run(asked, tools=TOOLS)
    theirs = [flow for one in results for flow in one.flows]
    return replace(
        facts,
        heard=tuple(heard(one, len(asked.files)) for one in results),
        imported=tuple(_imported(facts.flows, theirs, files)),
        silenced=tuple(_silenced(root, files, asked.files, known_behind(facts.flows, results))),
    )


def heard(one: Result, read: int) -> Heard:
    """What became of a tool, for a proof. read: files that it was asked about."""
    ran = one.state is State.RAN
    return Heard(tool=one.tool, version=one.version, ran=ran, why=one.why, unlock=one.unlock, read=read if ran else 0, unread=one.unread)


def _imported(ours: Sequence[Flow], theirs: Sequence[Flow], files: Files) -> Iterator[Flow]:
    """One flow a fault that others saw; what merely remarks is left out, unless ours saw the same."""
    for row in merging.merged(ours, theirs, spans=files.span):
        rules = [rule for rule in row.seen_by if rule != merging.OURS]
        is_ours = len(rules) < len(row.seen_by)
        if rules and (is_ours or not all(codes.is_remark(rule) for rule in rules)):
            yield replace(row.flow, sink=", ".join(rules), strength=row.flow.strength if is_ours else Strength.WEAK)


def known_behind(ours: Sequence[Flow], results: Sequence[Result]) -> list[Flow]:
    """Findings that would stand at a line if no comment were there: what a tool hides, but for mere remarks, and our own strong ones."""
    hidden = [flow for one in results for flow in one.hidden if not codes.is_remark(flow.sink)]
    return hidden + [flow for flow in ours if flow.strength is Strength.STRONG]


def _silenced(root: Path, files: Files, names: Sequence[str], behind: Sequence[Flow]) -> Iterator[Silenced]:
    every = suppressions.met((*suppressions.of_files(files, names), *suppressions.of_settings(root)), behind)
    found = [one for one in every if one.hides_security]
    days = ages.of(root, {(one.file, one.line) for one in found})
    for one in found:
        day = days.get((one.file, one.line))
        yield _of(one, day.isoformat() if day is not None else "")


def _of(one: Suppression, day: str) -> Silenced:
    return Silenced(
        form=one.form.value,
        file=one.file,
        line=one.line,
        rules=one.codes,
        reason=one.reason,
        fault=one.fault,
        is_grave=one.is_grave,
        day=day,
    )
