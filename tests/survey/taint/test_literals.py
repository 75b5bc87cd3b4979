"""Literals mean what Python says they mean, however they are spelt."""

from __future__ import annotations

import ast
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.survey.taint import literals

TEXTS = [
    "''", '""', "'a'", "'''a\nb'''", '"""a"b"""', "''''a'''", r"'\x41'", r"'\101'", r"'\1'", r"'\777'", r"'\N{LATIN SMALL LETTER A}'",
    r"'\u00e9'", r"'\U0001F600'", r"'\ud800'", r"'\q'", r"r'\n'", r"R'\''", "'a\\\nb'", "u'a'", "U'a'", "b'a'", r"b'\x00\xff'",
    r"b'\q'", r"rb'\n'", r"Rb'\n'", r"bR'\x41'", r"b'\u0041'", r"'\\n'", r"'\a\b\f\n\r\t\v\\\'\"'", "'é'", "'\U0001f600'",
]  # fmt: skip
NUMBERS = ["0", "00", "1_000", "0x_ff", "0XFF", "0o17", "0b1_0", "1.", ".5", "1e5", "1_0.0_1E-1_0", "1j", "1.5J", "0_0", "1e3j", "10" * 400]

_QUOTES = st.sampled_from(["'", '"', "'''", '"""'])
_BODIES = st.lists(st.sampled_from([*"\\x4107uUN{}nqé\n '\"", "DASH", "EM ", "\\\\"]), max_size=12).map("".join)


def _meant(raw: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.literal_eval(raw)


@pytest.mark.parametrize("raw", TEXTS)
def test_reads_a_string_as_python_does(raw: str) -> None:
    """A payload cannot hide behind its spelling."""
    assert literals.text_of(raw) == _meant(raw)


@pytest.mark.parametrize("raw", NUMBERS)
def test_reads_a_number_as_python_does(raw: str) -> None:
    """A key length of 0x400 is 1,024."""
    found = literals.number_of(raw)
    assert (found, type(found)) == (_meant(raw), type(_meant(raw)))


@pytest.mark.parametrize(("raw", "value"), [("0777", 511), ("10L", 10), ("0xFFl", 255), ("08", 8)])
def test_reads_numbers_of_python_2_too(raw: str, value: int) -> None:
    """An old file is no blind spot."""
    assert literals.number_of(raw) == value


@given(prefix=st.sampled_from(["", "r", "u", "b", "rb"]), quote=_QUOTES, body=_BODIES)
def test_reads_any_spelling_as_python_does(prefix: str, quote: str, body: str) -> None:
    """Whatever Python reads, is read the same; what it refuses, raises nothing but ValueError."""
    raw = f"{prefix}{quote}{body}{quote}"
    try:
        wanted = _meant(raw)
    except (SyntaxError, ValueError, TypeError):
        wanted = None
    try:
        found = literals.text_of(raw)
    except ValueError:
        found = None
    if isinstance(wanted, str | bytes) and literals.prefix_of(raw) == prefix and _is_one(raw):
        assert found == wanted


def _is_one(raw: str) -> bool:
    """Whether a text is one literal, not several side by side."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes that Python does not know
        tree = ast.parse(raw, mode="eval").body
    first = raw[len(literals.prefix_of(raw)) :][:3]
    width = 3 if first in {"'''", '"""'} and len(raw) >= 6 else 1
    inner = raw[len(literals.prefix_of(raw)) + width : -width]
    return isinstance(tree, ast.Constant) and first[:1] not in inner


@pytest.mark.parametrize("raw", ["'", "'a", "a", ""])
def test_refuses_what_is_no_complete_literal(raw: str) -> None:
    """Half a literal is a fault, not a value."""
    with pytest.raises(ValueError, match="no complete literal"):
        literals.text_of(raw)
