"""What README and the documents name is there: files, links, commands, their options, and names of the package."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import click
import pytest
import typer

from ringwork.cli import main
from tests.house import graph

DOCUMENTS = sorted(
    path.relative_to(graph.TOP).as_posix()
    for path in (*graph.TOP.glob("*.md"), *(graph.TOP / "docs").rglob("*.md"))
    if path.name != "CHANGELOG.md"  # what it names was there on its day
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#([^)\s]+))?\)")
PLACE = re.compile(r"`((?:[\w-]+/)+[\w-]+\.(?:py|toml|json|lock)|(?:src|tests|docs|benchmarks|examples)/[\w./-]+)(?:::[\w\[\]-]+)?`")
BASES = ("", "src", "src/ringwork", "tests", "docs")
MADE = frozenset({"tests/judges/node_modules"})  # by ./run setup-system
LOGGERS = frozenset({"ringwork.security"})
COMMAND = re.compile(r"(?:^ {4}|[`$(])\s*ringwork ([a-z][\w-]*)((?: [^`\n#|]*)?)", re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])(--[a-z][\w-]+)")
NAME = re.compile(r"`(ringwork(?:\.\w+)+)(?!\.?\w)")


def _text(document: str) -> str:
    return (graph.TOP / document).read_text(encoding="utf-8")


@cache
def _commands() -> dict[str, frozenset[str]]:
    """Every command, and the options that it or a command below it takes."""
    found = {}
    for command in main.COMMANDS:
        module = importlib.import_module(command.module)
        functions = [function for _, function in module.WORDS] if hasattr(module, "WORDS") else [module.command]
        found[command.name] = frozenset(option for function in functions for option in _options(function))
    return found


def _options(function: Any) -> Iterator[str]:
    app = typer.Typer()
    app.command()(function)
    made: click.Command = typer.main.get_command(app)
    for parameter in made.params:
        yield from (*parameter.opts, *parameter.secondary_opts)


def _is_there(name: str) -> bool:
    """Whether a dotted name is a module, or what one has."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_that_are_there(document: str) -> None:
    """A page that moved leaves nobody at a missing one."""
    here = (graph.TOP / document).parent
    broken = [link for link, _ in LINK.findall(_text(document)) if not (here / link).exists()]
    assert not broken, broken


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_sections_that_are_there(document: str) -> None:
    """A heading that was written anew takes its links along."""
    here = (graph.TOP / document).parent
    wanted = [(link, anchor) for link, anchor in LINK.findall(_text(document)) if anchor and link.endswith(".md")]
    broken = [f"{link}#{anchor}" for link, anchor in wanted if anchor not in _sections((here / link).read_text(encoding="utf-8"))]
    assert not broken, broken


def _sections(text: str) -> set[str]:
    """The names of a page's headings, as a host of repositories makes them."""
    titles = re.findall(r"^#+ +(.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_places_that_are_named_are_there(document: str) -> None:
    """A file that is named beside a claim is where the claim says."""
    named = set(PLACE.findall(_text(document))) - MADE
    missing = sorted(place for place in named if not any((graph.TOP / base / place).exists() for base in BASES))
    assert not missing, missing


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_and_options_that_are_named_are_there(document: str) -> None:
    """A line that is copied from a page is no wrong usage."""
    wrong = []
    for name, rest in COMMAND.findall(_text(document)):
        known = _commands().get(name)
        if known is None:
            wrong.append(name)
        else:
            wrong += [f"{name} {option}" for option in OPTION.findall(rest) if option not in known and option != "--help"]
    assert not wrong, wrong


@pytest.mark.parametrize("document", DOCUMENTS)
def test_names_of_the_package_that_are_named_are_there(document: str) -> None:
    """What is imported from a page's words can be imported."""
    named = {name for name in NAME.findall(_text(document)) if not name.endswith((".toml", ".cfg"))} - LOGGERS
    missing = sorted(name for name in named if not _is_there(name))
    assert not missing, missing
