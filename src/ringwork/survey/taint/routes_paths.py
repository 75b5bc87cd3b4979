"""Templates of paths, as each framework writes them, and which of their parameters can hold arbitrary text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ringwork.survey.taint.handlers import Brought

NO_TEXT = frozenset({"int", "float", "uuid", "any", "bool", "date", "datetime", "year", "month", "day", "slug"})
"""Converters whose values are numbers, ids or words of letters, digits, hyphens and underscores."""

_PLAIN = re.compile(r"(?:\\[dwDW-]|\[[^\]^.]*\]|[A-Za-z0-9_|()-]|\{\d*,?\d*\}|[+*?])*")
_DOT = re.compile(r"(\[[^\]]*\])|(?<=[\w\]+])\\\.(?=[\w(\[])")
"""A dot that stands between other characters and is not repeated, so that it leads to no other folder."""
_CLASS = re.compile(r"\[([^\]]*)\]")
_HARMLESS = re.compile(r"(?:\\[dw]|[A-Za-z0-9_-]|\\-)*")


def brought(name: str, *, is_text: bool = True) -> Brought:
    """What one parameter of a path brings."""
    return Brought(source="path", name=name, is_text=is_text)


def join(prefix: str, path: str) -> str:
    """Two parts of a path, with one slash where both would give one and where neither does."""
    if not prefix or not path:
        return prefix + path
    if prefix.endswith("/"):
        return prefix + path.lstrip("/")
    return prefix + path if path.startswith("/") else f"{prefix}/{path}"


def is_harmless(pattern: str) -> bool:
    """Whether what a regular expression matches is letters, digits, hyphens and underscores alone, and single dots between them."""
    pattern = _DOT.sub(lambda found: found[1] or "-", pattern)
    if "\\D" in pattern or "\\W" in pattern or not _PLAIN.fullmatch(pattern):
        return False
    return all(_HARMLESS.fullmatch(inner) for inner in _CLASS.findall(pattern))


def starlette(path: str) -> dict[str, Brought]:
    """Parameters of "/files/{name:path}"."""
    found = re.findall(r"\{([A-Za-z_]\w*)(?::(\w+))?\}", path)
    return {name: brought(name, is_text=converter not in NO_TEXT) for name, converter in found}


def flask(path: str, converters: Mapping[str, bool]) -> tuple[str, dict[str, Brought]]:
    """The template of "/notes/<int:note_id>", and its parameters. converters: the project's own, and whether each gives text."""
    parameters: dict[str, Brought] = {}

    def braced(match: re.Match[str]) -> str:
        converter, _, name = match.group(1).rpartition(":")
        kind = converter.partition("(")[0]
        parameters[name] = brought(name, is_text=converters.get(kind, kind not in NO_TEXT))
        return "{" + name + "}"

    return re.sub(r"<([^<>]+)>", braced, path), parameters


def django(route: str, converters: Mapping[str, bool]) -> tuple[str, dict[str, Brought]]:
    """The template of what `path` is given, and its parameters."""
    shown, parameters = flask(route, converters)
    return shown.replace("{ ", "{").replace(" }", "}"), {name.strip(): one for name, one in parameters.items()}


def aiohttp(path: str) -> tuple[str, dict[str, Brought]]:
    """The template of "/notes/{note_id:[0-9]+}" without its patterns, and its parameters."""
    shown, parameters, at = "", {}, 0
    while at < len(path):
        if path[at] != "{":
            shown += path[at]
            at += 1
            continue
        depth, end = 1, at + 1
        while end < len(path) and depth:
            depth += {"{": 1, "}": -1}.get(path[end], 0)
            end += 1
        name, _, pattern = path[at + 1 : end - 1].partition(":")
        parameters[name] = brought(name, is_text=not (pattern and is_harmless(pattern)))
        shown += "{" + name + "}"
        at = end
    return shown, parameters


def expression(pattern: str) -> tuple[str, dict[str, Brought]]:
    """A regular expression of a URLconf as people read it, and its parameters; unnamed groups are called var, as Django shows them."""
    shown, parameters, at = "", {}, 0
    stack: list[bool] = []
    while at < len(pattern):
        here = pattern[at]
        if here == "\\" and at + 1 < len(pattern):
            following = pattern[at + 1]
            shown += "" if following in "bBAZ" else following if not following.isalnum() else here + following
            at += 2
        elif pattern.startswith("(?:", at):
            stack.append(True)
            at += 3
        elif here == "(" and not (pattern.startswith("(?", at) and not pattern.startswith("(?P<", at)):
            name, end = _group(pattern, at)
            inner = pattern[at + 1 : end - 1]
            matched = inner.partition(">")[2] if inner.startswith("?P<") else inner
            parameters[name] = brought(name, is_text=not is_harmless(matched))
            shown += "{" + name + "}"
            at = end
        elif here in "?*+^$":
            at += 1
        elif here == ")" and stack:
            stack.pop()
            at += 1
        else:
            shown += here
            at += 1
    return shown, parameters


def _group(pattern: str, at: int) -> tuple[str, int]:
    """The name of the group that begins at a parenthesis, and where it ends."""
    named = re.match(r"\(\?P<(\w+)>", pattern[at:])
    depth, end = 1, at + 1
    in_class = False
    while end < len(pattern) and depth:
        if pattern[end] == "\\":
            end += 1
        elif in_class:
            in_class = pattern[end] != "]"
        elif pattern[end] == "[":
            in_class = True
        else:
            depth += {"(": 1, ")": -1}.get(pattern[end], 0)
        end += 1
    return (named.group(1) if named else "var"), end
