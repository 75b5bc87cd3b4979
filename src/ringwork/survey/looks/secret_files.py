"""Secrets in the files of a project, whatever they are written in: code, settings, notebooks, scripts, templates.

Against keys that anyone who can read the code holds. What is told is the kind, the length and the place, never the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ringwork.survey.flows import Flow, Strength
from ringwork.survey.looks import formats, liveness
from ringwork.survey.looks.seen import STRONG, WEAK, is_rehearsal, is_shipped, of_file
from ringwork.survey.looks.texts import Text

_SETTINGS = frozenset({".yml", ".yaml", ".env", ".ini", ".cfg", ".toml", ".json", ".conf", ".properties", ".sh", ".tf", ".tfvars", ".xml"})
_SCRIPTS = frozenset({".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".vue", ".svelte", ".html", ".htm", ".jinja", ".jinja2", ".j2"})
_OTHERS = frozenset({
    ".py", ".pyi", ".ipynb", ".txt", ".md", ".rst", ".sql", ".pem", ".key", ".rb", ".go", ".java", ".php", ".bat", ".ps1", "",
})  # fmt: skip
_READ = _SETTINGS | _SCRIPTS | _OTHERS
_GENERATED = re.compile(
    r"(?:^|[/.-])(?:package-lock\.json|yarn\.lock|pnpm-lock\.yaml|[\w.-]+\.lock|\.secrets\.baseline|[\w.-]+\.min\.(?:js|css|html)|[\w.-]+\.map"
    r"|requirements[\w.-]*\.txt|checksums?[\w.-]*|manifest\.json|stats\.json)$",
    re.IGNORECASE,
)
_SAMPLES = re.compile(r"(?:example|sample|template|dist|default|tpl|skel)", re.IGNORECASE)
_LIMIT_BYTES, _LONGEST_LINE = 1_000_000, 2_000

_VALUE = re.compile(r"""(?:[:=]|=>)\s{0,4}(?P<quote>["'`]?)(?P<value>[^\s"'`#,;<>]{16,200})""")
_NAME = re.compile(r"""(?P<name>[A-Za-z_][\w.-]{2,60})["']?\s{0,4}$""")
_NAME_LENGTH = 70
_ADDRESS = re.compile(r"://(?P<user>[\w.%-]{1,60}):(?P<password>[^\s:/@\"'`<>{}$]{4,100})@(?P<host>[\w.-]{1,100})")
_SCHEME = re.compile(r"[a-z][a-z0-9+]{2,20}$")
_SAYS = "secret: the password in an address of {}"
_OWN = re.compile(r"localhost|127\.0\.0\.1|0\.0\.0\.0|::1", re.IGNORECASE)
_NEAR = re.compile(r"localhost|127\.0\.0\.1|0\.0\.0\.0|::1|example|host\.docker|[a-z_-]+", re.IGNORECASE)


def look(one: Text) -> Iterator[Flow]:
    """Secrets of known form in every text file; secrets by name and chance in files that are no Python."""
    known = one.suffix in _READ or ".env" in one.name or one.name.startswith("id_")
    if known and not _GENERATED.search(one.file):
        text = one.of(_LIMIT_BYTES)
        yield from in_text(one.file, "" if "\0" in text[:4096] else text)


def in_text(file: str, text: str) -> Iterator[Flow]:
    """The secrets of one file. file: relative to the project, with slashes; what it is tells how its text is read."""
    lines = _Lines(text)
    shipped, told = is_shipped(file), set[int]()
    for secret in formats.found(text):
        told.add(lines.of(secret.start))
        strength = _strength(file, secret, is_shipped=shipped)
        if strength is not None:
            detail = f"A {secret.format.kind} of {secret.length} characters stands in the file."
            yield of_file("secret", file, lines.of(secret.start), strength=strength, sink=f"secret: {secret.format.kind}", detail=detail)
    if not shipped or _SAMPLES.search(PurePosixPath(file).name):
        return
    near = _of_neighbours(text) if file.endswith(".py") else ()
    each = ((STRONG, *one) for one in (*addresses(text), *_pairs(file, text)))
    for strong, kind, sink, start, length in (*each, *near):
        line = lines.of(start)
        if line not in told:
            told.add(line)
            yield of_file(
                kind,
                file,
                line,
                strength=WEAK if is_rehearsal(file) else strong,
                sink=sink,
                detail=f"{_began(sink)} of {length} characters stands in the file.",
            )


def _began(sink: str) -> str:
    said = sink.removeprefix("secret: ")
    return said[0].upper() + said[1:]


def _strength(file: str, secret: formats.Found, *, is_shipped: bool) -> Strength | None:
    """Tests keep keys that open nothing, and only what belongs to a service is told of them; browsers are given some keys by design."""
    if not is_shipped or _SAMPLES.search(PurePosixPath(file).name):
        return None if secret.format.kind == "private key" or secret.format.is_test else WEAK
    is_shown = secret.format.is_public and PurePosixPath(file).suffix in _SCRIPTS
    return WEAK if secret.format.is_test or is_shown or PurePosixPath(file).suffix in {".md", ".rst"} else STRONG


def addresses(text: str) -> Iterator[tuple[str, str, int, int]]:
    """Passwords in addresses of other hosts ("postgres://app:...@db.shop.example/"): kind, what they are, offset and length."""
    for match, scheme in _addresses(text):
        if _NEAR.fullmatch(match["host"]) is None and not liveness.says_nothing(match["host"]):
            yield "secret", _SAYS.format(scheme), match.start("password"), len(match["password"])


def _of_neighbours(text: str) -> Iterator[tuple[Strength, str, str, int, int]]:
    """Those of the own machine, and of hosts without a dot, which a private network resolves, in a module that is shipped.

    Who reads the code still has to get there; a password that somebody thought of for a neighbour opens its door wherever this is run.
    """
    for match, scheme in _addresses(text):
        if _NEAR.fullmatch(match["host"]) is not None:
            is_kept = _OWN.fullmatch(match["host"]) is None and liveness.is_guessable(match["password"])
            yield STRONG if is_kept else WEAK, "secret", _SAYS.format(scheme), match.start("password"), len(match["password"])


def _addresses(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Addresses with a password that may open something, each with its scheme."""
    for match in _ADDRESS.finditer(text) if "://" in text else ():
        scheme = _SCHEME.search(text[max(0, match.start() - 24) : match.start()])
        if scheme is not None and not liveness.says_nothing(match["password"]) and match["password"] != match["user"]:
            yield match, scheme[0]


def _pairs(file: str, text: str) -> Iterator[tuple[str, str, int, int]]:
    path = PurePosixPath(file)
    suffix = path.suffix.lower()
    is_setting = suffix in _SETTINGS or ".env" in path.name or path.name in {"Dockerfile", "Procfile"}
    if not is_setting and suffix not in _SCRIPTS:
        return
    for match in _VALUE.finditer(text):
        if not is_setting and not match["quote"]:
            continue
        named = _NAME.search(text[max(0, match.start() - _NAME_LENGTH) : match.start()])
        if named is None or not liveness.is_holder(named["name"]):
            continue
        if liveness.is_random(match["value"]) and not _is_long(text, match.start()):
            yield "secret", f"secret: the value of {named['name']}", match.start("value"), len(match["value"])


def _is_long(text: str, start: int) -> bool:
    """Whether the line is one of a bundle, which a tool wrote."""
    return text.find("\n", start) - text.rfind("\n", 0, start) > _LONGEST_LINE


class _Lines:
    """The line of an offset."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def of(self, offset: int) -> int:
        if offset < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, offset)
        self._at = offset
        return self._line
