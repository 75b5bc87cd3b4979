"""Codes of outside standards: their order and their headings."""

from __future__ import annotations

import pytest

from ringwork.controls import standards


@pytest.mark.parametrize(
    "codes",
    [
        ["3.5.9", "3.5.10", "12.1.1"],
        ["CWE-20", "CWE-79", "CWE-352"],
        ["API1", "API2", "API10"],
        ["WSTG-ATHN-02", "WSTG-CLNT-01"],
        ["A10", "X01"],
    ],
)
def test_sorts_numbers_within_codes_as_numbers(codes: list[str]) -> None:
    """Requirement 10 comes after requirement 9."""
    shuffled = codes[1:] + codes[:1]
    assert sorted(shuffled, key=standards.code_order) == codes


@pytest.mark.parametrize(
    ("standard", "code", "heading"),
    [
        ("asvs", "6.2.1", "V6"),
        ("asvs", "16.2.1", "V16"),
        ("wstg", "WSTG-SESS-05", "WSTG-SESS"),
        ("owasp_2025", "X01", "X01"),
        ("api_2023", "API10", "API10"),
        ("cwe", "CWE-79", "CWE-79"),
    ],
)
def test_a_code_stands_under_its_chapter_or_under_itself(standard: str, code: str, heading: str) -> None:
    """Long standards are listed by chapter, short ones item by item."""
    assert standards.heading_of(standard, code) == heading
