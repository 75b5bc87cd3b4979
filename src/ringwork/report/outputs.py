"""Every form in which a report leaves, in one table: its name on the command line, its files, and who writes it.

Against outputs that tell different stories: all are made of the same `Report`, and none reads a file or the clock by itself.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ringwork.prove.evidence import Report
from ringwork.report import annotations as workflow
from ringwork.report import badge, envelope, html, intoto, junit, markdown, oscal, plain, sarif

Files = Mapping[str, str]
"""Name of a file below the output folder, with slashes, to its text, which is written as UTF-8 with its line ends as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an output needs beside the report. now: with a zone. commit: the one that a badge should be of, "" for any.

    signer: the key that signs the statement; None leaves it unsigned.
    before: the run that the HTML report tells the changes since, None for none.
    """

    now: datetime.datetime
    max_age: datetime.timedelta = badge.MAX_AGE
    commit: str = ""
    signer: envelope.Signer | None = None
    before: Report | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One form. make: its files; for one that is printed, its text under the name "". always: written whether asked for or not."""

    name: str
    says: str
    make: Callable[[Report, Asked], Files]
    always: bool = False
    printed: bool = False


def _oscal(report: Report, _: Asked) -> Files:
    return {f"oscal/{name}": text for name, text in oscal.render(report).items()}


def _html(report: Report, asked: Asked) -> Files:
    return {"report.html": html.document(report, before=asked.before)}


def _badge(report: Report, asked: Asked) -> Files:
    judged = badge.judge(report, now=asked.now, max_age=asked.max_age, commit=asked.commit)
    return {"badge.json": badge.endpoint(judged), "badge.svg": badge.svg(judged)}


OUTPUTS: tuple[Output, ...] = (
    Output(name="html", says="for people: one file, works offline", make=_html, always=True),
    Output(name="json", says="everything, for programs", make=lambda r, _: {"report.json": plain.to_json(r)}, always=True),
    Output(name="sarif", says="for code scanning", make=lambda r, _: {"report.sarif": sarif.render(r)}),
    Output(name="junit", says="for what collects test results", make=lambda r, _: {"junit.xml": junit.render(r)}),
    Output(name="markdown", says="for the summary of a CI step", make=lambda r, _: {"summary.md": markdown.render(r)}),
    Output(name="github", says="annotations of GitHub Actions, printed", make=lambda r, _: {"": workflow.render(r)}, printed=True),
    Output(name="oscal", says="assessment results with catalogue, profile and plan, a folder", make=_oscal),
    Output(
        name="in-toto", says="a statement of the run, signed with --sign", make=lambda r, a: {"statement.json": intoto.render(r, a.signer)}
    ),
    Output(name="badge", says="for a README, as JSON and SVG", make=_badge),
)
"""In the order in which they are written."""

NAMES = tuple(output.name for output in OUTPUTS)
