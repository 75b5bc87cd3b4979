"""Patterns that take exponential time, and those that only look like it."""

from __future__ import annotations

import re

import pytest

from ringwork.survey.taint.backtracking import growth
from ringwork.survey.taint.machine import Machine, compiled

PARSER = pytest.importorskip("re._parser")


@pytest.mark.parametrize(
    "pattern",
    [
        r"^(a+)+$",
        r"(\w+\s?)+$",
        r"^([a-zA-Z0-9]+)*@$",
        r"(a|aa)+$",
        r"^(\d+|\w+)*!$",
        r"(x+x+)+y",
        r"^([\w.-]+)+@\w+\.com$",
        r"^(\s*\w+\s*,?)*;$",
        r"(.*?,)+x{2}\d$",
    ],
)
def test_an_exponential_pattern_is_told_with_a_text_that_shows_it(pattern):
    """The text can be tried: each further pump multiplies the steps."""
    found = growth(pattern)
    assert found is not None
    (first, few), *_, (last, many) = found.steps
    assert last > first
    assert many > few * 6
    assert found.text(3) == f"{found.prefix}{found.pump * 3}{found.suffix}"


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[a-z]+$", r"^(\w+,)*\w+$", r"^(?:\d+\.)+\d+$", r"\s+$", r"(a+)b(c+)d", r"^(?>a+)+$", r"^(?:a++)+$", r'(?:[^"\\]|\\.)*"',
        r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", r"(ab|cd)*e", r"^(\([^)]*\)|[^()])*$", r"(.*),(.*),(.*)", r"(a)(\1+)+$", r"(((", r"^(a{2,3})?b*$",
    ],
)  # fmt: skip
def test_a_pattern_that_stays_polynomial_is_not_told(pattern):
    """Nested repeats alone are no fault: what separates them, or takes no step back, makes them harmless."""
    assert growth(pattern) is None


@pytest.mark.parametrize(
    ("pattern", "flags", "texts"),
    [
        (r"(?i)ab+c?$", 0, ["ABBC", "abbx", "a", "abb\n"]),
        (r"^x.y$", re.DOTALL, ["x\ny", "xay", "xy"]),
        (r"\bfoo\b(?!bar)", 0, ["foo", "foobar", "foo bar"]),
        (r"(?<=a)?a{2,4}?b", 0, ["aab", "aaaab", "ab"]),
        (r"[^\W\d]+|\d{3}", 0, ["abc", "12", "123"]),
        (r"(?:a*)*b", 0, ["aab", "b", "aac"]),
        (r"a++ab", 0, ["aaab"]),
        (r"^a$", re.MULTILINE, ["a\nb", "ab"]),
    ],
)
def test_the_machine_matches_what_re_matches(pattern, flags, texts):
    """Steps that are counted on another matcher are worth nothing."""
    tree = PARSER.parse(pattern, flags)
    for text in texts:
        machine = Machine(compiled(tree, tree.state.flags), limit=10_000)
        assert machine.matches(text) == (re.compile(pattern, flags).match(text) is not None), text
