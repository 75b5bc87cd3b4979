"""Comments and settings that switch a warning off: where each stands, what it names, and whether it says why.

Against a warning that somebody silenced in a hurry, and that nobody has looked at since: what hides a rule of security is listed, and one
that names no rule or gives no reason is a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ringwork.survey import copies
from ringwork.survey.flows import Entry, Flow, Step, Strength
from ringwork.survey.linters import codes, mypy, ruff, tool
from ringwork.survey.syntax import Files


class Form(StrEnum):
    """How a warning is switched off."""

    NOQA = "noqa"
    NOSEC = "nosec"
    TYPE_IGNORE = "type: ignore"
    NO_COVER = "pragma: no cover"
    RINGWORK = "ringwork: ignore"
    SETTING = "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One. codes: the rules that it names, () for all. reason: what is said beside it, "" for nothing. text: as it is written.

    is_met: whether a warning of security is known to be behind it; a noqa without a rule may be of a matter of style.
    first, last: the lines that it covers, 1 to 0 for a setting, which covers what it names. file: relative to the project.
    """

    form: Form
    file: str
    line: int
    codes: tuple[str, ...]
    reason: str
    text: str
    first: int = 1
    last: int = 0
    is_met: bool = True

    @property
    def hides_security(self) -> bool:
        """Whether a rule of security may be behind it: types are one, and what nobody executes is none."""
        if self.form in {Form.NO_COVER, Form.RINGWORK}:
            return False
        if self.form in {Form.NOSEC, Form.TYPE_IGNORE}:
            return True
        return not self.codes or any(is_of_security(code) for code in self.codes)

    @property
    def is_grave(self) -> bool:
        """Whether its fault is one of security for sure; behind an error of types there may be none."""
        return bool(self.fault) and self.form is not Form.TYPE_IGNORE and self.is_met

    @property
    def flow(self) -> Flow:
        """It as a finding: strong where it is grave and hides everything: then nobody knows what."""
        step = Step(file=self.file, line=max(self.line, 1), column=0, said=f"{self.text[:80]}: {self.fault}")
        strength = Strength.STRONG if self.is_grave and not self.codes else Strength.WEAK
        return Flow(
            kind="suppression", strength=strength, sink=self.form.value, entry=Entry(), steps=(step,), function="", detail=step.said
        )

    @property
    def fault(self) -> str:
        """What is wrong with it, "" for nothing. ringwork's own comments are judged where they are read."""
        if not self.hides_security:
            return ""
        if not self.codes:
            return "names no rule, so it hides every one"
        return "" if self.reason else "gives no reason"


def is_of_security(code: str) -> bool:
    """Whether a code, or a prefix of codes, is of a rule that speaks of security."""
    if code.upper() == "ALL":
        return True
    return re.fullmatch(r"S\d*|B\d{3}", code) is not None or code in codes.RUFF_ASKED


_ANY = re.IGNORECASE
_OF_FILES = re.compile(r"#\s*(?:ruff|flake8)[:=]\s*noqa", re.IGNORECASE)
_END = 1_000_000_000
_CODE = r"[A-Za-z]+[0-9]+"
_TEST = r"(?:B\d{3}|[a-z]+(?:_[a-z0-9]+)+)"
"""A test of bandit, by its number or its name."""
_FORMS: Mapping[Form, re.Pattern[str]] = MappingProxyType(
    {
        Form.NOQA: re.compile(rf"#\s*(?:ruff:\s*|flake8[:=]\s*)?noqa\b(?:\s*:\s*(?P<codes>{_CODE}(?:[,\s]+{_CODE})*))?(?P<rest>.*)", _ANY),
        Form.NOSEC: re.compile(rf"#\s*nosec\b:?\s*(?P<codes>{_TEST}(?:[,\s]+{_TEST})*)?(?P<rest>.*)", _ANY),
        Form.TYPE_IGNORE: re.compile(
            r"#\s*(?:type:\s*ignore|pyright:\s*ignore|mypy:\s*ignore-errors)(?:\[(?P<codes>[^\]]*)\])?(?P<rest>.*)"
        ),
        Form.NO_COVER: re.compile(r"#\s*pragma:\s*no\s?cover(?P<codes>)(?P<rest>.*)", _ANY),
        Form.RINGWORK: re.compile(r"#\s*ringwork:\s*ignore\[(?P<codes>[^\]]*)\](?P<rest>.*)"),
    }
)


_HERE = re.compile(rb"#[^\n]*(?:noqa|nosec|(?:type|pyright|mypy|ringwork):[^\n]*ignore|pragma:[^\n]*cover|\xc5\xbf)", _ANY)
"""What a line with one of the forms has at least; a file without one need not be read. The last is a letter that is an s to `_ANY`."""


def of_files(files: Files, names: Iterable[str]) -> Iterator[Suppression]:
    """Those in comments of Python files, in the order of files and lines."""
    for name in names:
        comments = files.file(name).comments if _HERE.search(files.file(name).data) else ()
        alone = {line: text for line, text, is_alone in comments if is_alone}
        for line, text, is_alone in comments:
            for form, pattern in _FORMS.items():
                found = pattern.search(text)
                if found is not None:
                    named = tuple(re.split(r"[,\s]+", found["codes"].strip())) if found["codes"] and found["codes"].strip() else ()
                    is_whole = form is Form.NOQA and _OF_FILES.search(text) is not None
                    first, last = (1, _END) if is_whole else _covered(files, name, line, is_alone=is_alone)
                    yield Suppression(
                        form=form,
                        file=name,
                        line=line,
                        codes=named,
                        reason=_reason(found["rest"], text[: found.start()]) or _above(alone, line),
                        text=text,
                        first=first,
                        last=last,
                        is_met=form is not Form.NOQA or bool(named),
                    )


def met(found: Iterable[Suppression], hidden: Iterable[Flow]) -> Iterator[Suppression]:
    """The same, those without a rule that hide one of these findings marked so."""
    places = {spot for flow in hidden for spot in flow.spots}
    for one in found:
        is_met = one.is_met or any(file == one.file and one.first <= line <= one.last for file, line in places)
        yield replace(one, is_met=is_met)


def _covered(files: Files, name: str, line: int, *, is_alone: bool) -> tuple[int, int]:
    """The statement of its line; for one alone on its line the next statement, a whole function where that begins one."""
    file = files.file(name)
    if not is_alone:
        head = next((span for span in file.definitions if span[0] == line), None)
        return head or file.span(line)
    alone = {at for at, _, own in file.comments if own}
    below = line + 1
    while below in alone:
        below += 1
    head = next((span for span in file.definitions if span[0] == below), None)
    return head or (line, file.span(below)[1])


_WORD = re.compile(r"\w{3}")


def _reason(rest: str, before: str) -> str:
    """Words after the codes, or in the same comment before them; another tool's marks are no reason."""
    for text in (rest, before):
        said = _unmarked(text).strip(" \t#:-,;.()")
        if _WORD.search(said):
            return said
    return ""


def _unmarked(text: str) -> str:
    for pattern in _FORMS.values():
        found = pattern.search(text)
        if found is not None:
            return _unmarked(text[: found.start()] + found["rest"])
    return text


def _above(alone: Mapping[int, str], line: int) -> str:
    """A comment on the line above that speaks of the suppression."""
    text = alone.get(line - 1, "")
    return text.lstrip("# ") if re.search(r"nosec|noqa|S\d{3}|B\d{3}|ignore", text) and _WORD.search(text) else ""


def of_settings(root: Path) -> Iterator[Suppression]:
    """Settings of other tools that leave out rules of security, everywhere or in some files."""
    yield from _of_ruff(root)
    table = tool.settings(root, "tool", "bandit")
    if table:
        yield from _rows(root, "pyproject.toml", "tool.bandit", table, ("skips", "exclude_dirs"))
    name, found = mypy.configuration(root)
    if found.get("ignore_errors") is True:
        yield _setting(root, name, "ignore_errors", (), "mypy")
    for one in found.get("overrides", ()):
        if isinstance(one, Mapping) and one.get("ignore_errors") is True:
            yield _setting(root, name, "ignore_errors", (), f"mypy, {one.get('module')}")


def _of_ruff(root: Path) -> Iterator[Suppression]:
    name, table = ruff.configuration(root)
    ignored = tuple(code for code in ruff.ignores(root) if is_of_security(code))
    for code in ignored:
        yield _setting(root, name, code, (code,), "ruff, everywhere")
    lint = table.get("lint", {})
    for one in (table, lint) if isinstance(lint, Mapping) else (table,):
        for key in ("per-file-ignores", "extend-per-file-ignores"):
            rows = one.get(key, {})
            for pattern, given in rows.items() if isinstance(rows, Mapping) else ():
                some = tuple(code for code in given if isinstance(code, str) and is_of_security(code))
                for code in some:
                    yield _setting(root, name, code, (code,), f"ruff, in {pattern}", near=pattern)


def _rows(root: Path, file: str, where: str, table: Mapping[str, Any], keys: Sequence[str]) -> Iterator[Suppression]:
    for key in keys:
        given = table.get(key, ())
        for value in [given] if isinstance(given, str) else given if isinstance(given, list) else ():
            yield _setting(root, file, str(value), (str(value),), f"{where}.{key}")


def _setting(root: Path, file: str, needle: str, named: tuple[str, ...], said: str, *, near: str = "") -> Suppression:
    """Its line, as far as text tells, and the comment on that line or above it, which is its reason."""
    lines = copies.text_of(root / file).splitlines()
    start = next((i for i, line in enumerate(lines) if near and near in line), 0)
    pattern = re.compile(rf"(?<![\w]){re.escape(needle)}(?![\w])")
    at = next((i for i in range(start, len(lines)) if pattern.search(lines[i].partition("#")[0])), start)
    line = lines[at] if lines else ""
    comment = line.partition("#")[2].strip()
    above = lines[at - 1].strip() if at and lines[at - 1].strip().startswith("#") else ""
    reason = comment or above.lstrip("# ")
    return Suppression(form=Form.SETTING, file=file, line=at + 1, codes=named, reason=reason, text=f"{said}: {needle}")
