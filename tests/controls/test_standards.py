"""Codes of outside standards: their order."""

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
