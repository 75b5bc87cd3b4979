"""The table of docs/frameworks.md, made of the tests themselves: `./run frameworks` runs the suite and writes what came of it.

A cell says yes only where the test ran on that framework and held. Where a framework is left out the cell is a number, and below
stands the reason and the test that shows what is the case there instead. tests/house/test_frameworks.py holds the page to this.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.frameworks.conformance.denials import DENIALS, NOT_MET, Denial
from tests.frameworks.conformance.features import own_features
from tests.frameworks.conformance.kinds import KINDS
from tests.frameworks.conformance.unlike import exceptions_of, is_footnote, remarks_on

PAGE = Path(__file__).parents[3] / "docs" / "frameworks.md"
BEGIN, END = "<!-- written by ./run frameworks -->\n", "<!-- end of what ./run frameworks writes -->\n"
FOLDER = "tests.frameworks.conformance."
MODULES = ("test_answers", "test_rules", "test_routes", "test_clients")
COLUMNS = {
    "starlette": "Starlette",
    "fastapi": "FastAPI",
    "flask": "Flask",
    "django-wsgi": "Django, WSGI",
    "django-asgi": "Django, ASGI",
    "aiohttp": "aiohttp",
}
HEADERS = "test_puts_every_header_once_on_every_kind_of_answer"
REFUSALS = "test_refuses_and_tells_and_shows_nothing"

Held = Callable[[str, str, str], bool]
"""Whether a test held: its name, the framework, and the case or "" for all of them."""


def always(test: str, framework: str, case: str) -> bool:
    """What the page says where everything holds; the suite itself fails where something does not."""
    return True


def seen(results: Path) -> Held:
    """What a run of the suite has shown. results: JUnit's XML, as pytest writes it."""
    outcomes: dict[str, bool] = {}
    for case in ET.parse(results).iter("testcase"):
        name = case.get("name", "")
        outcomes[name] = outcomes.get(name, True) and not any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))

    def held(test: str, framework: str, case: str) -> bool:
        begins = f"{test}[{framework}-{case}]" if case else f"{test}[{framework}"
        found = [good for name, good in outcomes.items() if (name == begins if case else name.startswith((f"{begins}-", f"{begins}]")))]
        return bool(found) and all(found)

    return held


class Notes:
    """Reasons, each told once and numbered in the order in which they are met."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}

    def number(self, text: str) -> str:
        """The mark of a cell."""
        return f"[{self.told.setdefault(text, len(self.told) + 1)}]"

    def lines(self) -> Iterator[str]:
        """What stands below the tables."""
        for text, number in self.told.items():
            yield f"{number}. {text}\n"


WORDS = """\
Each cell is a test of `tests/frameworks/conformance` that ran on that framework through its whole stack, aiohttp's parser and
protocol included. *yes* means that it held; a number in brackets is a reason below.
"""


def page(held: Held = always) -> str:
    """What stands between the two marks of docs/frameworks.md."""
    notes = Notes()
    parts = [
        "## What an application gets of its framework, and what of ringwork\n\n",
        own_features(),
        "\n## The same behaviour on all\n\n",
        WORDS,
        "\n### Every header on every kind of answer\n\n",
        *_table(("Answer", "Status"), (_kind(kind, held, notes) for kind in KINDS)),
        "\n### Every denial\n\n",
        "The same status, event, headers and clean body with its incident number, and no effect of the handler.\n\n",
        *_table(("Reason", "Status"), (_denial(denial, held, notes) for denial in DENIALS)),
        "\nReasons that no single request to this application meets, and where they are shown:\n\n",
        *(f"- `{name}`: {why}\n" for name, why in sorted(NOT_MET.items())),
        *_claims(held, notes),
        "\n### Notes\n\n",
        *notes.lines(),
    ]
    return "".join(parts)


def _table(first: tuple[str, ...], rows: Iterator[list[str]]) -> Iterator[str]:
    yield _row([*first, *COLUMNS.values()])
    yield _row(["---"] * (len(first) + len(COLUMNS)))
    yield from map(_row, rows)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _cell(*, good: bool) -> str:
    return "yes" if good else "**no**"


def _kind(kind: Any, held: Held, notes: Notes) -> list[str]:
    cells = []
    for name in COLUMNS:
        cell = _cell(good=held(HEADERS, name, f"{kind.status} {kind.name}"))
        if name in kind.elsewhere:
            status, because = kind.elsewhere[name]
            cell += f" {notes.number(f'{status} there: {because}.')}"
        cells.append(cell)
    return [kind.name, str(kind.status), *cells]


def _denial(denial: Denial, held: Held, notes: Notes) -> list[str]:
    cells = []
    for name in COLUMNS:
        otherwise = denial.otherwise(name)
        cell = _cell(good=held(REFUSALS, name, denial.name)) if denial.is_met(name) else ""
        if otherwise is not None:
            cell = f"{cell} {notes.number(_otherwise(otherwise))}".strip()
        cells.append(cell)
    return [f"`{denial.name}`", str(denial.status), *cells]


def _otherwise(otherwise: Any) -> str:
    because = _sentence(otherwise.because)
    if otherwise.status:
        return f"{because}: refused as `{otherwise.control}/{otherwise.reason}`, {otherwise.status}."
    return f"{because}; shown by `{otherwise.shown}`."


def _sentence(text: str) -> str:
    """Its first letter large, unless it is a name that is written small."""
    return text if text.startswith("aiohttp") else text[0].upper() + text[1:]


def _claims(held: Held, notes: Notes) -> Iterator[str]:
    for module in MODULES:
        found = importlib.import_module(FOLDER + module)
        title, _, rest = (found.__doc__ or "").strip().partition(": ")
        yield f"\n### {title}\n\n{_sentence(rest)}\n\n"
        yield from _table(("What holds",), (_claim(test, held, notes) for test in tests_of(found) if test.__name__ != HEADERS))


def tests_of(module: Any) -> list[Any]:
    """The claims of a module that are about every framework, in the order in which they are written."""
    tests = [thing for name, thing in vars(module).items() if name.startswith("test_") and not is_footnote(thing)]
    return [test for test in tests if {"host", "framework"} & set(inspect.signature(test).parameters)]


def _claim(test: Any, held: Held, notes: Notes) -> list[str]:
    left_out = {name: one for one in exceptions_of(test) for name in one.frameworks}
    remarks = remarks_on(test)
    cells = []
    for name in COLUMNS:
        one = left_out.get(name)
        if one is not None:
            cells.append(notes.number(f"{_sentence(one.because)}; shown by `{one.instead}`."))
            continue
        remark = f" {notes.number(f'{_sentence(remarks[name])}.')}" if name in remarks else ""
        cells.append(_cell(good=held(test.__name__, name, "")) + remark)
    return [test.__name__.removeprefix("test_").replace("_", " "), *cells]


def written(text: str, made: str) -> str:
    """The whole page with its generated part replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} has lost its marks: {BEGIN.strip()} ... {END.strip()}")
    return f"{before}{BEGIN}\n{made}\n{END}{after}"


def main(results: str) -> None:
    """Write the page from a run."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), page(seen(Path(results)))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
