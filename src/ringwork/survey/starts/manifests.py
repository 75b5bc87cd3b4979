"""Command lines in what starts an application: images, compose files, unit files, Procfiles, platforms' files and start scripts.

Each file is read line by line, without its format's own library: what is not understood is left out, and nothing is run.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from ringwork.survey.starts.start import Command, Option

_REASON = re.compile(r"[#;]\s*ringwork:\s*exposed\s+reason=\"(?P<reason>[^\"]+)\"")
_YAML = re.compile(r"^(?P<indent>[\s-]*)(?P<key>command|entrypoint|startCommand|start_command|args|web|run)\s*:\s*(?P<value>.*)$")
_LIST_ITEM = re.compile(r"^\s*-\s+(?P<value>.*)$")
_ENVIRONMENT = re.compile(r"^\s*(?:ENV\s+|Environment=|export\s+|-\s+)?\"?(?P<name>[A-Z][A-Z0-9_]+)\s*[=:]\s*(?P<value>.*)$")
HEARD = ("FORWARDED_ALLOW_IPS", "GUNICORN_CMD_ARGS", "UVICORN_", "GRANIAN_", "FLASK_DEBUG", "FLASK_ENV")
"""Variables by which servers are told something."""

Lines = list[tuple[int, str]]
Reader = Callable[[Lines], Iterator[tuple[int, list[str]]]]


def commands(path: Path, root: Path, text: str) -> Iterator[Command]:
    """Every command line of one file, none for a file that starts nothing."""
    reader = _reader(path)
    if reader is None:
        return
    file = path.relative_to(root).as_posix()
    lines = list(_joined(text))
    environment = tuple(_variables(lines, file))
    for line, words in reader(lines):
        yield Command(words=tuple(words), file=file, line=line, environment=environment, reason=reason_at(text, line))


def starts_something(path: Path) -> bool:
    """Whether a file is of a kind that holds command lines."""
    return _reader(path) is not None


def _reader(path: Path) -> Reader | None:
    name, low = path.name, path.name.lower()
    if low in {"dockerfile", "containerfile"} or low.endswith((".dockerfile", ".containerfile")) or low.startswith("dockerfile."):
        return _image
    if name.startswith("Procfile"):
        return _procfile
    if low.endswith(".service"):
        return lambda lines: _assigned(lines, "execstart")
    if low.endswith((".conf", ".ini")) and "supervisor" in low:
        return lambda lines: _assigned(lines, "command")
    if low.endswith((".yml", ".yaml")) and path.parent.name != "workflows":
        return _yaml
    if low == "fly.toml":
        return _toml_processes
    if low.endswith(".sh") or low in {"entrypoint", "start"}:
        return _script
    return None


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; those that end in a backslash with what follows, comments left out."""
    begun, number = "", 0
    for at, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("#", ";")):
            continue
        number = number if begun else at
        if line.rstrip().endswith("\\"):
            begun += line.rstrip()[:-1] + " "
            continue
        yield number, begun + line
        begun = ""
    if begun:
        yield number, begun


def _split(text: str) -> list[str]:
    """As a shell splits; the last command of a chain; [] for what no shell would take."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        return []
    for separator in ("&&", ";", "||"):
        while separator in words:
            words = words[words.index(separator) + 1 :]
    return words


def _listed(text: str) -> list[str] | None:
    """The words of a list in JSON; None for text that is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return [str(word) for word in found] if isinstance(found, list) else None


def _either(text: str) -> list[str]:
    listed = _listed(text.strip())
    return _split(text) if listed is None else listed


def _image(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    """What the last stage starts: ENTRYPOINT, and CMD as its words where both are lists."""
    entry: tuple[int, str] | None = None
    command: tuple[int, str] | None = None
    for number, line in lines:
        word, _, rest = line.strip().partition(" ")
        if word.upper() == "FROM":
            entry = command = None
        elif word.upper() == "ENTRYPOINT":
            entry = (number, rest)
        elif word.upper() == "CMD":
            command = (number, rest)
    if entry is None and command is not None:
        yield command[0], _either(command[1])
    elif entry is not None:
        more = _listed(command[1].strip()) if command is not None else None
        yield entry[0], [*_either(entry[1]), *(more or [])]


def _procfile(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        name, colon, rest = line.partition(":")
        if colon and re.fullmatch(r"[\w-]+", name.strip()):
            yield number, _split(rest)


def _assigned(lines: Lines, key: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        name, equals, rest = line.partition("=")
        if equals and name.strip().lower() == key:
            yield number, _split(rest.strip().lstrip("-@+!:"))


def _toml_processes(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    inside = False
    for number, line in lines:
        if line.strip().startswith("["):
            inside = line.strip() == "[processes]"
        elif inside and "=" in line:
            yield number, _split(line.partition("=")[2].strip().strip("\"'"))


def _script(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    for number, line in lines:
        words = _split(line)
        if words:
            yield number, words


def _yaml(lines: Lines) -> Iterator[tuple[int, list[str]]]:
    """`command` and its like, in one line, folded, or as a list; `args` that follow at the same depth are its further words."""
    found: list[tuple[int, str, str, list[str]]] = []
    i = 0
    while i < len(lines):
        number, line = lines[i]
        i += 1
        key = _YAML.match(line)
        if key is None:
            continue
        value, block = key["value"].strip(), list[str]()
        if not value and not (i < len(lines) and _LIST_ITEM.match(lines[i][1])):
            continue  # a service that is called so, whose own keys follow
        depth = len(key["indent"])
        while i < len(lines) and _is_below(lines[i][1], depth):
            block.append(lines[i][1])
            i += 1
        words = _yaml_words(value, block)
        if key["key"] == "args" and found and found[-1][2] == " " * depth:
            found[-1][3].extend(words)
        elif words:
            found.append((number, key["key"], " " * depth, words))
    yield from ((number, words) for number, _, _, words in found)


def _is_below(line: str, depth: int) -> bool:
    bare = line.lstrip()
    return bool(bare) and (len(line) - len(bare) > depth or (len(line) - len(bare) == depth and bare.startswith("- ")))


def _yaml_words(value: str, block: list[str]) -> list[str]:
    if value and value[0] not in ">|":
        quoted = value[1:-1] if value[0] == value[-1] and value[0] in "\"'" and len(value) > 1 else value
        return _flow(value) if value.startswith("[") else _split(quoted)
    items = [_LIST_ITEM.match(line) for line in block]
    if block and all(items):
        return [item["value"].strip().strip("\"'") for item in items if item]
    return _split(" ".join(line.strip() for line in block)) if value else []


def _flow(value: str) -> list[str]:
    listed = _listed(value)
    return listed if listed is not None else [word.strip().strip("\"'") for word in value.strip("[] ").split(",") if word.strip()]


def _variables(lines: Lines, file: str) -> Iterator[Option]:
    for number, line in lines:
        found = _ENVIRONMENT.match(line)
        if found is not None and found["name"].startswith(HEARD):
            yield Option(name=found["name"], value=found["value"].strip().strip("\"' "), file=file, line=number)


def reason_at(text: str, line: int) -> str:
    """The reason in a comment on the line, or in the comments right above it: `# ringwork: exposed reason="..."`."""
    lines = text.splitlines()
    at = line - 1
    here = _REASON.search(lines[at]) if at < len(lines) else None
    while here is None and at > 0 and lines[at - 1].lstrip().startswith(("#", ";")):
        at -= 1
        here = _REASON.search(lines[at])
    return here["reason"] if here is not None else ""
