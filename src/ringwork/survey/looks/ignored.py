"""Files that no repository and no image should hold: environments, keys, local settings, databases.

Against `git add .` and `COPY . .`: what is not ignored is shipped one day.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from ringwork.survey import copies
from ringwork.survey.flows import Flow
from ringwork.survey.looks import repository
from ringwork.survey.looks.seen import STRONG, WEAK, is_shipped, of_file
from ringwork.survey.taint.project import Project

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an environment file", re.compile(r"^\.env(?:\.(?:local|prod|production|live|staging|secrets?))?$|^[\w-]+\.env$")),
    (
        "a private key",
        re.compile(r"\.(?:key|p12|pfx|jks|keystore)$|^id_(?:rsa|dsa|ecdsa|ed25519)$|(?:private|secret|priv)[\w.-]*\.(?:pem|der)$"),
    ),
    ("local settings", re.compile(r"^(?:local_settings|settings_local|secrets)\.(?:py|toml|ya?ml|json)$")),
    ("a database", re.compile(r"\.(?:sqlite3?|db|rdb|mdb|dump|sql\.gz)$")),
    (
        "credentials",
        re.compile(
            r"^(?:\.netrc|\.pgpass|\.pypirc|\.htpasswd|credentials(?:\.json)?|service[-_]account[\w-]*\.json|client_secrets?\.json)$"
        ),
    ),
)
_EXAMPLES = re.compile(r"example|sample|template|dist|default", re.IGNORECASE)
_ADDS_ALL = re.compile(r"(?im)^\s*(?:COPY|ADD)\s+(?:--[\w=./:-]+\s+)*\.\s+\S+")
_ASSIGNS = re.compile(r"(?m)^\s*(?:export\s+)?\w+=[^\s#]")


def look(project: Project) -> Iterator[Flow]:
    """Such files that git keeps, or would keep; and images that take in what is there."""
    root = project.root
    kept = repository.tracked(root)
    files = sorted(copies.names(root))
    names = kept if kept is not None else files
    present = [(file, kind) for file in files if (kind := _kind(file))]
    if kept is not None:
        yield from _kept(root, present, kept)
    yield from _images(root, sorted(names), dict(present))


def _kind(file: str) -> str:
    """What such a file is, "" for any other."""
    name = file.rpartition("/")[2]
    found = next((kind for kind, pattern in _KINDS if pattern.search(name)), "")
    return found if found and not _EXAMPLES.search(name) and is_shipped(file) else ""


def _kept(root: Path, present: Sequence[tuple[str, str]], kept: frozenset[str]) -> Iterator[Flow]:
    ignored = repository.ignored(root, tuple(file for file, _ in present)) if present else frozenset[str]()
    for file, kind in present:
        if file in kept:
            strength = STRONG if _holds(root / file, kind) else WEAK
            yield of_file(
                "ignore-rules",
                file,
                0,
                strength=strength,
                sink=f"{kind} in the repository",
                detail=f"The repository keeps {file}, which is {kind}.",
            )
        elif file not in ignored:
            detail = f"{file}, which is {kind}, is not ignored; the next `git add .` takes it in."
            yield of_file("ignore-rules", file, 0, strength=WEAK, sink=f"{kind} that is not ignored", detail=detail)


def _holds(path: Path, kind: str) -> bool:
    """Whether there is something in it: an environment file gives values, a key is one, a database has a first page."""
    text = copies.text_of(path)
    if kind == "a private key":
        return "PRIVATE KEY" in text or path.suffix not in {".key", ".pem", ".der"}
    if kind in {"an environment file", "local settings"}:
        return bool(re.search(r"(?im)(?:secret|password|token|key)\w*\s*[=:]\s*[^\s#$]", text)) and bool(
            _ASSIGNS.search(text) or kind != "an environment file"
        )
    return path.stat().st_size > 0


def _images(root: Path, names: Sequence[str], present: Mapping[str, str]) -> Iterator[Flow]:
    for file in names:
        is_one = "Dockerfile" in file and re.fullmatch(r"(?:[\w./-]+/)?(?:[\w.-]+\.)?Dockerfile(?:\.[\w-]+)?", file)
        if not is_one or not is_shipped(file):
            continue
        text = copies.text_of(root / file)
        match = _ADDS_ALL.search(text)
        if match is None:
            continue
        rules = _rules(root, file)
        taken = [name for name in (*present, ".git/config", ".env") if not _is_left_out(name, rules)]
        found = [name for name in taken if name in present]
        if taken:
            line = text.count("\n", 0, match.start()) + 1
            what = ", ".join((found or taken)[:3])
            detail = f"The image takes in the whole folder, and no .dockerignore leaves out {what}."
            strength = STRONG if any(_holds(root / name, present[name]) for name in found) else WEAK
            yield of_file("ignore-rules", file, line, strength=strength, sink="an image of everything", detail=detail)


def _rules(root: Path, dockerfile: str) -> list[str]:
    """The patterns of the .dockerignore that serves a Dockerfile: beside it, or at the top."""
    own = root / f"{dockerfile}.dockerignore"
    beside = root / PurePosixPath(dockerfile).parent / ".dockerignore"
    path = next((path for path in (own, beside, root / ".dockerignore") if path.is_file()), None)
    text = copies.text_of(path) if path is not None else ""
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _is_left_out(name: str, rules: Sequence[str]) -> bool:
    """The last rule that fits decides, as Docker reads them; a folder's rule holds for all below it."""
    left_out = False
    for rule in rules:
        pattern = rule.removeprefix("!").strip("/").removeprefix("./")
        path = PurePosixPath(name)
        tried = [path.as_posix(), *(parent.as_posix() for parent in path.parents if parent.as_posix() != ".")]
        short = pattern.removeprefix("**/")
        if any(
            fnmatch.fnmatch(one, pattern) or (pattern.startswith("**/") and fnmatch.fnmatch(PurePosixPath(one).name, short))
            for one in tried
        ):
            left_out = not rule.startswith("!")
    return left_out
