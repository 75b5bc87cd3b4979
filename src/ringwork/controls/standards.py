"""Which codes of outside standards a row may name, so that a slip of the pen cannot claim a requirement that does not exist."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

CWE = "cwe"
"""The one standard whose codes are numbers in the files; everywhere else they read CWE-352."""

_TOP_TEN_YEAR = re.compile(r"A(0[1-9]|10)")

CODES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "owasp_2021": _TOP_TEN_YEAR,
        "owasp_2025": re.compile(r"A(0[1-9]|10)|X0[1-3]"),  # X: that edition's "next steps"
        "api_2023": re.compile(r"API([1-9]|10)"),
        "proactive_2024": re.compile(r"C([1-9]|10)"),
        "llm_2025": re.compile(r"LLM(0[1-9]|10)"),
        CWE: re.compile(r"CWE-[1-9][0-9]{0,4}"),
        "asvs": re.compile(r"([1-9]|1[0-7])\.[1-9]\.([1-9]|[1-9][0-9])"),  # ASVS 5.0.0 has 17 chapters
        "wstg": re.compile(r"WSTG-[A-Z]{4}-[0-9]{2}"),
    }
)
"""The shape of a code for each standard, by its key in a row; the whole code must match."""


_CHAPTERED: Mapping[str, re.Pattern[str]] = MappingProxyType({"asvs": re.compile(r"[0-9]+"), "wstg": re.compile(r"WSTG-[A-Z]{4}")})


def is_code(standard: str, code: str) -> bool:
    """Whether `code` is well formed for a standard of `CODES`."""
    return CODES[standard].fullmatch(code) is not None


def heading_of(standard: str, code: str) -> str:
    """The heading of `Catalogue.requirements` for a code: V6 for ASVS 6.2.1, WSTG-SESS for WSTG-SESS-05, else the code itself."""
    chapter = _CHAPTERED[standard].match(code) if standard in _CHAPTERED else None
    if chapter is None:
        return code
    return f"V{chapter[0]}" if standard == "asvs" else chapter[0]


def code_order(code: str) -> tuple[tuple[int, str], ...]:
    """A sort key under which 3.5.10 comes after 3.5.9 and CWE-79 before CWE-352."""
    return tuple((int(piece), "") if piece.isdigit() else (0, piece) for piece in re.findall(r"[0-9]+|[^0-9]+", code))
