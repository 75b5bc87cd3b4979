"""Templates of Jinja and Django: which variables they put into a page as they are, and what in them a content security policy forbids.

Against text of a stranger that becomes script. Nothing is rendered: which request's value stands in a variable is for others to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ringwork.survey import templates as spots
from ringwork.survey.flows import Flow
from ringwork.survey.looks.seen import STRONG, WEAK, is_shipped, of_file
from ringwork.survey.looks.texts import Text
from ringwork.survey.taint import keeping

_TAG = re.compile(
    r"\{\{-?(?P<shown>(?:(?!\{\{).){0,2000}?)-?\}\}"
    r"|\{%-?\s*(?P<word>\w+)\s*(?P<rest>[^%]{0,2000}?)-?%\}"
    r"|\{#(?:(?!\{#).){0,4000}?#\}",
    re.DOTALL,
)
"""What is opened and never closed is passed over where the next one opens, so that no text is read again from each of its openings."""
_SAFE = re.compile(r"\|\s*(?:safe|safeseq)\b|\bMarkup\s*\(")
_OFF = re.compile(r"^(?:false|off)\b")
_ROOT = re.compile(r"(?<![\w.'\"|])([A-Za-z_]\w*)(?!\s*\()")
_PATH = re.compile(r"(?<![\w.'\"|])[A-Za-z_]\w*(?:\.\w+)*(?![\w(])")
_LOOP = re.compile(r"^(?P<names>[\w\s,()]+?)\s+in\s+(?P<source>.+)$", re.DOTALL)
_NAMED = re.compile(r"^[\"'](?P<name>[^\"']+)[\"']")
_MACRO = re.compile(r"\w+\s*(?P<names>\(.*)", re.DOTALL)
_TEXTS = re.compile(r"\"[^\"]*\"|'[^']*'")
_FILTERS = re.compile(r"\|\s*\w+")
_HARMLESS = re.compile(r"\|\s*(?:tojson|escape|e|forceescape|sanitize|clean|bleach|striptags|int|float|length|urlencode|escapejs)\b")
_WORDS = frozenset({
    "if", "else", "and", "or", "not", "in", "is", "none", "None", "true", "True", "false", "False", "defined", "loop", "forloop",
})  # fmt: skip
_ENDINGS, _SORT = tuple(sorted(spots.ENDINGS)), "page"
_GIVEN = frozenset({"form", "csrf_token", "csrf_input", "config", "super", "caller", "self", "csp_nonce"})
"""Names whose markup the framework makes itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unescaped:
    """One expression that is put into a page as it is. file: relative to the project. variables: names of the context that it uses.

    paths: how it reads them, without what a loop or an assignment named anew ("note", "note.title").
    """

    file: str
    line: int
    expression: str
    variables: frozenset[str]
    paths: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    unescaped: tuple[Unescaped, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One template. file: relative to the project. shown: where it, or one that it includes or extends, shows a path as it is."""

    file: str
    shown: Mapping[str, Unescaped]


def pages(files: Iterable[Text], kept: keeping.Kept | None = None) -> Mapping[str, tuple[Page, ...]]:
    """By the name that code gives a template: all of this name, where one shows a variable of its context as it is.

    A name is the path below a folder `templates`, or below the project where there is none. kept: what an earlier reading told of files.
    """
    read: dict[str, list[tuple[str, _Template]]] = {}
    for one in files:
        if one.name.endswith(_ENDINGS) and PurePosixPath(one.name).suffix and is_shipped(one.file):
            read.setdefault(name_of(one.file), []).append((one.file, _template(one, kept)))
    found = {name: tuple(_page(file, one, read) for file, one in each) for name, each in read.items()}
    return {name: each for name, each in found.items() if any(page.shown for page in each)}


def _template(one: Text, kept: keeping.Kept | None) -> _Template:
    """One template, as it was kept where its bytes are the same."""
    told = kept.of_file(one.file, one.digest, sort=_SORT) if kept is not None else None
    if told is not None:
        others, unescaped = told or ((), ())
        shown = (Unescaped(file=one.file, line=at, expression=text, variables=names, paths=paths) for at, text, names, paths in unescaped)
        return _Template(unescaped=tuple(shown), others=others)
    read = _read(one.file, one.of(spots.LIMIT_BYTES))
    if kept is not None:
        unescaped = tuple((each.line, each.expression, each.variables, each.paths) for each in read.unescaped)
        kept.keep_file(one.file, one.digest(), [read.others, unescaped] if read.others or unescaped else [], sort=_SORT)
    return read


def _page(file: str, template: _Template, read: Mapping[str, list[tuple[str, _Template]]]) -> Page:
    shown: dict[str, Unescaped] = {}
    waiting, seen = [template], set[str]()
    while waiting:
        here = waiting.pop()
        for one in here.unescaped:
            for path in sorted(one.paths):
                shown.setdefault(path, one)
        for name in here.others:
            if name not in seen:
                seen.add(name)
                waiting.extend(other for _, other in read.get(name, ()))
    return Page(file=file, shown=shown)


def name_of(file: str) -> str:
    """How code names a template, by its file."""
    parts = PurePosixPath(file).parts
    folders = [place for place, part in enumerate(parts[:-1]) if part in {"templates", "jinja2"}]
    return "/".join(parts[folders[-1] + 1 :]) if folders else file


def look(given: Text) -> Iterator[Flow]:
    """What a template shows unescaped, and what in it no policy can allow."""
    file = given.file
    if PurePosixPath(file).suffix not in spots.ENDINGS or not is_shipped(file):
        return
    text = given.of(spots.LIMIT_BYTES)
    for one in _read(file, text).unescaped:
        detail = f"{one.expression} is put into the page as it is; whoever chooses the value writes the page."
        yield of_file("html", file, one.line, strength=WEAK, sink="safe", detail=detail, said="shown unescaped")
    if spots.is_template(file):
        yield from _forbidden(file, text)


def _forbidden(file: str, text: str) -> Iterator[Flow]:
    is_forgotten = spots.has_nonces(text)
    for spot in spots.in_text(file, text):
        if spot.kind in {spots.SpotKind.SCRIPT, spots.SpotKind.HANDLER}:
            what = "A script" if spot.kind is spots.SpotKind.SCRIPT else "A handler"
            told = ", and others of the page have their nonce" if is_forgotten else ""
            detail = f"{what} stands in the page, so that a content security policy has to allow what an attacker writes there too{told}."
            strength = STRONG if is_forgotten else WEAK
            yield of_file("inline-script", spot.file, spot.line, strength=strength, sink=f"inline {spot.kind}", detail=detail)


def _read(file: str, text: str) -> _Template:
    unescaped, others = list[Unescaped](), list[str]()
    loops: dict[str, frozenset[str]] = {}
    off, line, at = [False], 1, 0
    for match in _TAG.finditer(text):
        line, at = line + text.count("\n", at, match.start()), match.start()
        word, rest = match["word"], (match["rest"] or "").strip()
        if match["shown"] is not None:
            expression = match["shown"].strip()
            if (_SAFE.search(expression) or off[-1]) and (variables := _variables(expression, loops)):
                unescaped.append(
                    Unescaped(file=file, line=line, expression=_short(expression), variables=variables, paths=_paths(expression, loops))
                )
        elif word == "autoescape":
            off.append(bool(_OFF.match(rest)))
        elif word == "endautoescape" and len(off) > 1:
            off.pop()
        elif word == "for" and (loop := _LOOP.match(rest)):
            source = _variables(loop["source"], loops)
            loops.update(dict.fromkeys(re.findall(r"\w+", loop["names"]), source))
        elif word == "macro" and (given := _MACRO.match(rest)):
            own = re.findall(r"\w+(?=\s*[,=)])", given["names"])
            loops.update({name: frozenset({name}) for name in own})  # what a macro is called with is no context
        elif word in {"include", "extends"} and (named := _NAMED.match(rest)):
            others.append(named["name"])
        elif word in {"set", "with"} and (given := re.match(r"(\w+)\s*=\s*(.+)", rest, re.DOTALL)):
            loops[given[1]] = _variables(given[2], loops)
    return _Template(unescaped=tuple(unescaped), others=tuple(others))


def _variables(expression: str, loops: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names of the context that an expression is made of; none where a filter makes the value harmless."""
    if _HARMLESS.search(expression):
        return frozenset()
    plain = _FILTERS.sub("", _TEXTS.sub("''", expression))
    found = set[str]()
    for name in _ROOT.findall(plain):
        if name not in _WORDS | _GIVEN:
            found |= loops.get(name, {name})
    return frozenset(found)


def _paths(expression: str, loops: Mapping[str, frozenset[str]]) -> frozenset[str]:
    plain = _FILTERS.sub("", _TEXTS.sub("''", expression))
    found = (match.group() for match in _PATH.finditer(plain))
    return frozenset(path for path in found if (root := path.partition(".")[0]) not in loops and root not in _WORDS | _GIVEN)


def _short(expression: str) -> str:
    flat = " ".join(expression.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."
