"""Templates of a project: the forms and the inline scripts in them, with file and line. Nothing is rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

from ringwork.survey import copies

ENDINGS = frozenset({".html", ".htm", ".jinja", ".jinja2", ".j2"})
SKIPPED = frozenset({"node_modules", "site-packages", "dist", "build", "__pycache__", "venv"})
LIMIT_BYTES = copies.TEXT_LIMIT_BYTES
_NONCE = re.compile(r"<script\b[^<>]{0,600}?\bnonce\s*=", re.IGNORECASE)
_EXPRESSION = r"\{\{.*?\}\}|\{%.*?%\}"
_ACTION = re.compile(rf"""\saction\s*=\s*(?:"((?:{_EXPRESSION}|[^"])*)"|'((?:{_EXPRESSION}|[^'])*)')""", re.IGNORECASE | re.DOTALL)


class SpotKind(StrEnum):
    """What stands there."""

    FORM = "form"  # posts, and carries no token of ringwork's
    SCRIPT = "script"  # inline, without a nonce
    HANDLER = "handler"  # an attribute such as onclick, which no nonce can allow
    STYLE = "style"  # rules that stand in the page without a nonce
    STYLED = "styled"  # an attribute style=, which no nonce can allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One place. file: relative to the project. line: 1 or more. text: the tag as written. action: of a form, as written."""

    kind: SpotKind
    file: str
    line: int
    text: str
    action: str = ""


def spots(root: Path, *, home: Path | None = None) -> list[Spot]:
    """All places of the templates below `home`, the part of `root` that is the application's own, by file and line. None: all of it."""
    found = []
    for path in sorted(path for path in _templates(root) if home is None or path.is_relative_to(home)):
        found += in_text(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8", errors="replace"))
    return found


def in_text(file: str, text: str) -> list[Spot]:
    """All places of one template, by line. file: relative to the project."""
    reader = _Reader(file)
    reader.feed(text)
    reader.close()
    return reader.settled()


def is_template(file: str) -> bool:
    """Whether a file is a template of the project's own. file: relative to the project, with slashes."""
    path = PurePosixPath(file)
    return path.suffix in ENDINGS and not any(part in SKIPPED or part.startswith(".") for part in path.parts)


def has_nonces(text: str) -> bool:
    """Whether a page gives a script of its own a nonce: it is meant for a policy that allows nothing else."""
    return bool(_NONCE.search(text))


def _templates(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if is_template(path.relative_to(root).as_posix()) and path.is_file() and path.stat().st_size <= LIMIT_BYTES:
            yield path


def _action(tag: str) -> str:
    """The action of a form's tag: quotes inside of an expression, `"{{ url_for("write") }}"`, end nothing."""
    found = _ACTION.search(tag)
    return (found[1] or found[2] or "") if found is not None else ""


_OF_FLASK_WTF = re.compile(r"\w+\.csrf_token\b(?!\s*\()|(?<!\.)\bcsrf_token\(\s*\)")
"""`csrf_token()` and `form.csrf_token`: one token of the session for all its forms, which does not count as ours."""


class _Reader(HTMLParser):
    """Reads tags with their lines; template expressions are text to it, inside tags and out."""

    def __init__(self, file: str) -> None:
        super().__init__(convert_charrefs=False)
        self.file = file
        self.found: list[Spot] = []
        self.open_form: Spot | None = None
        self.has_token = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag is."""
        given = dict(attrs)
        line, text = self.getpos()[0], self.get_starttag_text() or ""
        if tag == "form" and (given.get("method") or "").lower() == "post":
            self._end_form()
            action = _action(text) or given.get("action") or ""
            self.open_form = Spot(kind=SpotKind.FORM, file=self.file, line=line, text=text, action=action)
        elif tag == "input" and given.get("name") == "csrf_token" and not _OF_FLASK_WTF.search(given.get("value") or ""):
            self.has_token = True
        elif tag == "script" and "src" not in given and "nonce" not in given and "json" not in (given.get("type") or ""):
            self.found.append(Spot(kind=SpotKind.SCRIPT, file=self.file, line=line, text=text))
        elif tag == "style" and "nonce" not in given:
            self.found.append(Spot(kind=SpotKind.STYLE, file=self.file, line=line, text=text))
        if any(name.startswith("on") for name in given):
            self.found.append(Spot(kind=SpotKind.HANDLER, file=self.file, line=line, text=text))
        if given.get("style"):
            self.found.append(Spot(kind=SpotKind.STYLED, file=self.file, line=line, text=text))

    def handle_endtag(self, tag: str) -> None:
        """A form that ends without a token is noted."""
        if tag == "form":
            self._end_form()

    def handle_data(self, data: str) -> None:
        """An expression may put the token in."""
        if "csrf_field" in data or "csrf_token" in _OF_FLASK_WTF.sub("", data):
            self.has_token = True

    def _end_form(self) -> None:
        if self.open_form is not None and not self.has_token:
            self.found.append(self.open_form)
        self.open_form, self.has_token = None, False

    def settled(self) -> list[Spot]:
        """What was found, by line."""
        self._end_form()
        return sorted(self.found, key=lambda spot: spot.line)
