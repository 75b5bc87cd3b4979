"""What the codes of other tools mean in our words: the kind of each, and which kinds are one cause.

Sources: bandit's documentation (test plugins and blacklists), ruff's table of rules (flake8-bandit and others).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NOTED = "noted"
"""Kind of what a tool remarks and what is no fault by itself (a module that is imported, a process that is started)."""

_BANDIT = {
    "assert-guard": (101,),
    "code": (102, 307, 612),
    "permissions": (103,),
    "bind-all": (104,),
    "secret": (105, 106, 107),
    "temp-file": (108, 306, 325),
    "swallowed": (110, 112),
    "no-timeout": (113,),
    "debug": (201,),
    "archive": (202,),
    "deserialise": (301, 302, 614),
    "weak-hash": (303, 324),
    "weak-cipher": (304, 413),
    "weak-mode": (305,),
    "html": (308, 703, 704),
    "ssrf": (310,),
    "weak-random": (311,),
    "xml": (313, 314, 315, 316, 317, 318, 319, 320),
    "tls-unverified": (323, 501),
    "tls-version": (502, 503, 504),
    "weak-key": (505,),
    "loader": (506,),
    "host-keys": (507,),
    "command": (601, 602, 604, 605, 609),
    "argv": (603, 606),
    "sql": (608, 611),
    "orm": (610,),
    "autoescape": (701, 702),
}

_NUMBERS: Mapping[int, str] = MappingProxyType({number: kind for kind, numbers in _BANDIT.items() for number in numbers})

_RUFF: Mapping[str, str] = MappingProxyType(
    {
        "BLE001": "swallowed",
        "E722": "swallowed",
        "T100": "debugger",
    }
)
"""Rules of ruff beside those of bandit that speak of security; also the ones that are asked for."""

_REMARKS = frozenset({101, 105, 106, 107, 110, 112, 311, 603, 606, 607})
"""Tests whose word alone is seldom worth a look: bandit itself grades them low."""


def is_remark(rule: str) -> bool:
    """Whether a rule ("bandit B101") only remarks: it says that something is there, not that something is wrong."""
    tool, _, code = rule.partition(" ")
    kind = of_bandit(code) if tool == "bandit" else of_ruff(code) if tool == "ruff" else ""
    number = code[1:]
    return kind == NOTED or (number.isdigit() and int(number) in _REMARKS)


RUFF_ASKED = ("S", *_RUFF)


def of_bandit(code: str) -> str:
    """The kind of a test of bandit ("B602")."""
    number = code.removeprefix("B")
    return _NUMBERS.get(int(number), NOTED) if number.isdigit() else NOTED


def of_ruff(code: str) -> str:
    """The kind of a rule of ruff: those of its S family have bandit's numbers."""
    if code in _RUFF:
        return _RUFF[code]
    number = code.removeprefix("S")
    return _NUMBERS.get(int(number), NOTED) if code.startswith("S") and number.isdigit() else NOTED


_FAMILIES = (
    ("sql", "orm"),
    ("command", "argv"),
    ("code", "import", "attribute"),
    ("deserialise", "loader"),
    ("xml", "xml-parser"),
    ("html", "autoescape"),
    ("template", "format"),
    ("secret", "default-secret"),
    ("weak-hash", "password-hash"),
    ("weak-random", "random"),
    ("weak-cipher", "weak-mode", "weak-padding"),
    ("tls-version", "tls-ciphers", "tls-unverified"),
    ("debug", "debugger"),
    ("archive", "extract-all"),
    ("redos", "regex-backtracking"),
    ("log", "secret-log"),
)

_OF: Mapping[str, str] = MappingProxyType({kind: family[0] for family in _FAMILIES for kind in family})


def family(kind: str) -> str:
    """The cause that a kind is one of: two tools that speak of one family at one statement speak of one fault."""
    return _OF.get(kind, kind)
