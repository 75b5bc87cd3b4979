"""Ready attacks for what reading found, one list for each kind of place: what is sent, and what shows that it worked.

Against a confirmation that harms: nothing is written, started or reached. A marker stands where the harm would be, and the copy's own
audit events tell whether it got there.
"""

from __future__ import annotations

import ast
import base64
import itertools
import re
import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from types import MappingProxyType
from urllib.parse import urlsplit

from ringwork.prove.check import Noticed
from ringwork.survey.wire.client import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of one request. records: what was logged since. secret: what the planted file holds."""

    answer: Answer
    noticed: Sequence[Noticed]
    records: Sequence[str]
    secret: str


Judge = Callable[[Seen], str]
"""What shows that the attack worked, in a few words; "" where it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """value: what is sent in place of the client's text."""

    value: str
    judge: Judge


Maker = Callable[[str, str], Iterator[Attack]]
"""Attacks with a marker (letters and digits, begins with a letter), and the path of a file that was planted in the working folder."""

_SHOWN = 160
_LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_PROGRAMS = frozenset({"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn"})
_NAMES = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "urllib.Request"})


def _texts(seen: Seen, *events: str) -> Iterator[str]:
    return (text for one in seen.noticed if one.event in events for text in one.texts)


def _sql(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        # A value that was bound stands inside a literal, whatever it holds; what is left when literals are taken out is the statement.
        found = next((text for text in _texts(seen, "sql") if mark in _LITERAL.sub("", text)), "")
        return f"its text became part of the statement that was run: {_around(found, mark)}" if found else ""

    # The number stands where a column, a limit or an order is expected, too.
    for value in (f"a' /*{mark}*/ OR '1'='1", f"a' /*{mark}*/ -- ", f"1 /*{mark}*/", f'a" /*{mark}*/ OR "1"="1', f"1) /*{mark}*/ -- "):
        yield Attack(value=value, judge=judge)


def _around(statement: str, mark: str) -> str:
    """A statement on one line, cut round the marker where it is long."""
    text = " ".join(statement.split())
    at = text.find(mark)
    begins, ends = max(0, at - _SHOWN), min(len(text), at + len(mark) + _SHOWN)
    return f"{'... ' if begins else ''}{text[begins:ends]}{' ...' if ends < len(text) else ''}"


def _command(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        found = any(_is_word(text, mark) for text in _texts(seen, *_PROGRAMS))
        return f"a shell would have run {mark} as a command of its own" if found else ""

    # What follows in the command ends with the marker's own word, not in it.
    for value in (f"a;{mark};a", f"a' ;{mark}; '", f'a" ;{mark}; "'):
        yield Attack(value=value, judge=judge)


def _is_word(text: str, mark: str) -> bool:
    """Whether a shell would take the marker for a command: a word of its own behind what ends another."""
    try:
        words = list(shlex.shlex(text, posix=True, punctuation_chars=True))
    except ValueError:
        return False
    return any(before == ";" and word == mark for before, word in itertools.pairwise(words))


def _argv(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        found = any(text in {mark, f"--{mark}"} for text in _texts(seen, *_PROGRAMS))
        return "it would have become a program or an option of one" if found else ""

    yield Attack(value=f"--{mark}", judge=judge)
    yield Attack(value=mark, judge=lambda seen: judge(seen) if any(o.texts[:1] == (mark,) for o in seen.noticed) else "")


def _code(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        return "it was compiled as code" if any(_names(text, mark) for text in _texts(seen, "compile")) else ""

    for value in (mark, f"1+{mark}", f"'+{mark}+'"):
        yield Attack(value=value, judge=judge)


def _names(source: str, mark: str) -> bool:
    try:
        return any(isinstance(node, ast.Name) and node.id == mark for node in ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError):
        return False


def _template(mark: str, _: str) -> Iterator[Attack]:
    first, second = 1009 + secrets.randbelow(9000), 1009 + secrets.randbelow(9000)

    def judge(seen: Seen) -> str:
        return f"{first} times {second} was worked out in the answer" if f"{mark}{first * second}" in seen.answer.text else ""

    def cut(seen: Seen) -> str:
        return "a filter of templates took a letter out" if f"{mark}a{first}c" in seen.answer.text else ""

    yield Attack(value=f'{mark}{{{{ "ba{first}bcb"|cut:"b" }}}}', judge=cut)  # Django's own, which works nothing out
    for value in (f"{mark}{{{{{first}*{second}}}}}", f"{mark}${{{first}*{second}}}", f"{mark}<%= {first}*{second} %>"):
        yield Attack(value=value, judge=judge)


def _format(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        text = seen.answer.text
        return "its braces were read as a format" if f"{mark}{{}}" in text and f"{mark}{{{{}}}}" not in text else ""

    yield Attack(value=f"{mark}{{{{}}}}", judge=judge)


def _path(mark: str, file: str) -> Iterator[Attack]:
    whole = PurePath(file)

    def judge(seen: Seen) -> str:
        if seen.secret in seen.answer.text:
            return "the answer holds a file that lies outside of the folder"
        opened = any(text == file or (whole.name in text and ".." in text) for text in _texts(seen, "open"))
        return "a file outside of the folder was opened" if opened else ""

    # With and without its suffix, which the application may add itself; by its whole path, which replaces a folder in os.path.join.
    for name in (whole.name, whole.stem):
        for up in range(1, 6):
            yield Attack(value="../" * up + name, judge=judge)
    for name in (file, file.removesuffix(whole.suffix)):
        yield Attack(value=name, judge=judge)


def _redirect(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        location = (seen.answer.header("location") or [""])[0].replace("\\", "/")
        host = urlsplit(location).hostname or ""
        return f"it leads to {host}" if host == f"{mark}.example" and 300 <= seen.answer.status < 400 else ""

    for value in (f"https://{mark}.example/", f"//{mark}.example/", f"/\\{mark}.example/"):
        yield Attack(value=value, judge=judge)


def _html(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        is_page = "html" in seen.answer.media_type
        return "it stands in the page as markup" if is_page and f"<{mark}>" in seen.answer.text else ""

    yield Attack(value=f"<{mark}>", judge=judge)


def _header(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        return "it became a header of its own" if seen.answer.header(mark) else ""

    yield Attack(value=f"a\r\n{mark}: 1", judge=judge)


def _ssrf(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        found = any(f"{mark}.invalid" in text for text in _texts(seen, *_NAMES))
        return "the server looked for a host of the client's" if found else ""

    for value in (f"http://{mark}.invalid/", f"{mark}.invalid"):
        yield Attack(value=value, judge=judge)


def _deserialise(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        found = any(text == mark for text in _texts(seen, "pickle.find_class", "import"))
        return "loading it looked for a class of the client's choice" if found else ""

    pickled = f"c{mark}\nx\n.".encode()
    for value in (base64.b64encode(pickled).decode(), pickled.decode(), pickled.hex(), f"!!python/name:{mark}.x ''"):
        yield Attack(value=value, judge=judge)


def _import(mark: str, _: str) -> Iterator[Attack]:
    yield Attack(value=mark, judge=lambda seen: "a module of the client's choice was looked for" if mark in _texts(seen, "import") else "")


def _xml(mark: str, file: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        return "an entity of it brought a file of the server into the answer" if seen.secret in seen.answer.text else ""

    yield Attack(value=f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "{PurePath(file).name}">]><r>{mark}&x;</r>', judge=judge)


def _log(mark: str, _: str) -> Iterator[Attack]:
    def judge(seen: Seen) -> str:
        return "it began a line of its own in the log" if any(f"\n{mark}" in record for record in seen.records) else ""

    yield Attack(value=f"a\n{mark}", judge=judge)


MAKERS: Mapping[str, Maker] = MappingProxyType({
    "sql": _sql, "command": _command, "argv": _argv, "code": _code, "template": _template, "format": _format, "path": _path,
    "redirect": _redirect, "html": _html, "header": _header, "ssrf": _ssrf, "deserialise": _deserialise, "loader": _deserialise,
    "import": _import, "xml": _xml, "xml-parser": _xml, "log": _log,
})  # fmt: skip
"""Kind of flow to its attacks."""
