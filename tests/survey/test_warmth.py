"""Variants inherit what each would load for itself, and nothing that the application has not asked for."""

from __future__ import annotations

import subprocess
import sys

from jinja2 import DictLoader, Environment

from ringwork.survey.harness import warmth


def test_keeps_the_templates_of_the_application_compiled() -> None:
    """Every variant would compile each of them again."""
    made = Environment(loader=DictLoader({"page": "{{ 1 + 1 }}", "other": "{% include 'page' %}"}), autoescape=True)
    warmth.warm()
    assert made.cache is not None
    assert len(made.cache) == 2
    assert made.get_template("other").render() == "2"


def test_leaves_a_template_that_is_broken_to_the_application() -> None:
    """A fault in a template that nobody asks for stops no proof, and the others are compiled all the same."""
    made = Environment(loader=DictLoader({"a": "{% if %}", "b": "fine"}), autoescape=True)
    warmth.warm()
    assert made.cache is not None
    assert len(made.cache) == 1


def test_a_change_of_a_template_is_seen_as_ever() -> None:
    """Compiled before the fork, read anew after it where the application reads anew."""
    texts = {"page": "before"}
    made = Environment(loader=DictLoader(texts), autoescape=True)
    warmth.warm()
    texts["page"] = "after"
    assert made.get_template("page").render() == "after"


def test_loads_no_library_that_the_application_does_not_have() -> None:
    """A copy of a small application stays as small."""
    there = "sorted({'anyio', 'argon2', 'jinja2', 'sqlalchemy'} & set(sys.modules))"
    asked = f"import sys; from ringwork.survey.harness import warmth; warmth.warm(); print({there})"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
