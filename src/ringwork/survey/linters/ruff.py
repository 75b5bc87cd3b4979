"""ruff's security rules, with the project's own configuration: what that ignores stays ignored, and is listed with the suppressions.

Against a clean result that nobody asked for: the rules are asked for by name, since hardly a project selects them. Comments that switch
them off are obeyed here, not there, so that what each of them hides is known.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ringwork.survey import copies
from ringwork.survey.flows import Flow, Unread
from ringwork.survey.linters import codes, tool
from ringwork.survey.linters.tool import Apart, Asked, Declined, Saw, Tool
from ringwork.survey.syntax import Files

NOQA = re.compile(r"#\s*(?P<whole>(?:ruff|flake8)[:=]\s*)?noqa\b(?:\s*:\s*(?P<codes>[A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?", re.IGNORECASE)
"""How ruff reads a comment that switches rules off."""
_MAY = re.compile(rb"#[^\n]*noqa", re.IGNORECASE)
"""What a file with one has at least; one without need not be taken apart."""
_SYNTAX = ("invalid-syntax", "E999", "E902")


def start(asked: Asked, result: Path) -> Sequence[str] | Declined:
    """Our rules in place of the project's selection; without its cache, which is the project's."""
    words = tool.words_of("ruff")
    if not words:
        return tool.absent("ruff")
    # What the command line selects is not ignored by the file, so what the file ignores is said there too.
    ignored = [code for code in ignores(asked.root) if code.startswith(codes.RUFF_ASKED)]
    options = [
        "--no-cache",
        "--exit-zero",
        "--no-fix",
        "--quiet",
        "--force-exclude",
        "--ignore-noqa",
        "--select",
        ",".join(codes.RUFF_ASKED),
    ]
    options += ["--ignore", ",".join(ignored)] if ignored else []
    return [*words, "check", *options, "--output-format", "json", "--output-file", str(result), "--", *asked.files]


def configuration(root: Path) -> tuple[str, Mapping[str, Any]]:
    """The file that ruff reads for a folder, and its table; ("", {}) without one."""
    for name in (".ruff.toml", "ruff.toml"):
        if (root / name).is_file():
            try:
                return name, tomllib.loads(copies.text_of(root / name))
            except tomllib.TOMLDecodeError:
                return name, {}
    table = tool.settings(root, "tool", "ruff")
    return ("pyproject.toml", table) if table else ("", {})


def ignores(root: Path) -> tuple[str, ...]:
    """The codes and prefixes that the project's configuration ignores everywhere."""
    _, table = configuration(root)
    lint = table.get("lint", {})
    tables = [table, lint] if isinstance(lint, Mapping) else [table]
    found = [code for one in tables for key in ("ignore", "extend-ignore") for code in _texts(one.get(key))]
    return tuple(dict.fromkeys(found))


def _texts(given: Any) -> list[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []


def read(result: Path, asked: Asked) -> Saw:
    """Findings; a file with a syntax error is not wholly read, which ruff tells as a finding."""
    flows, hidden, unread = list[Flow](), list[Flow](), dict[str, Unread]()
    files = Files(asked.root)
    for one in tool.json_of(result):
        code, file = one["code"] or "invalid-syntax", tool.inside(one["filename"], asked.root)
        line, column = one["location"]["row"], one["location"]["column"] - 1
        if code in _SYNTAX:
            unread.setdefault(file, Unread(file=file, line=line, why=f"ruff: {one['message']}"))
        else:
            flow = tool.seen(tool="ruff", code=code, kind=codes.of_ruff(code), file=file, line=line, column=column, said=one["message"])
            (hidden if _is_hidden(files, file, one.get("noqa_row") or line, code) else flows).append(flow)
    return Saw(flows=tuple(flows), unread=tuple(unread.values()), hidden=tuple(hidden))


def _is_hidden(files: Files, file: str, row: int, code: str) -> bool:
    """Whether a comment switches a rule off at the row where ruff looks for it, or for the whole file."""
    if not _MAY.search(files.file(file).data):
        return False
    for line, text, _ in files.file(file).comments:
        found = NOQA.search(text)
        if found is not None and (line == row or found["whole"]):
            named = re.split(r"[,\s]+", found["codes"].strip()) if found["codes"] else []
            if not named or any(code.startswith(one.upper()) for one in named):
                return True
    return False


# -- file by file --------------------------------------------------------------------------------------------

_NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_EXTENDS = re.compile(r"""^\s*["']?extend["']?\s*=""", re.MULTILINE)
_TOLD = ("code", "filename", "location", "message", "noqa_row")


def _about(asked: Asked) -> str:
    """Every configuration around and below the root, as it is written; nothing is known of one that goes on in another file."""
    root = asked.root.resolve()
    folders = {root, *root.parents, *(root / above for file in asked.files for above in PurePosixPath(file).parents)}
    home = [Path.home() / ".config" / "ruff"] if "HOME" in os.environ else []
    texts = {path: copies.text_of(path) for folder in sorted({*folders, *home}) for path in (folder / name for name in _NAMES)}
    if any(_EXTENDS.search(text) for text in texts.values()):
        return ""
    return "\n".join((",".join(codes.RUFF_ASKED), *(f"{path}: {text}" for path, text in texts.items() if text)))


def _parts(given: Sequence[Mapping[str, Any]], root: Path) -> Mapping[str, Any]:
    """Without the code that it would write."""
    found: dict[str, list[Any]] = {}
    for one in given:
        found.setdefault(tool.inside(one["filename"], root), []).append({name: one.get(name) for name in _TOLD})
    return found


def _whole(parts: Sequence[Sequence[Any]]) -> Sequence[Any]:
    return [one for part in parts for one in part]


TOOL = Tool(name="ruff", start=start, read=read, apart=Apart(about=_about, parts=_parts, whole=_whole))
