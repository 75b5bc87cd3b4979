"""Which packages are told, and where a project asks for them."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        ("requirements.txt", "flask==3.1.0\nPyCrypto>=2.6\n", 2),
        ("requirements/prod.txt", "pycrypto\n", 1),
        ("pyproject.toml", '[project]\nname = "shop"\ndependencies = [\n  "flask",\n  "pycrypto>=2",\n]\n', 5),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\npycrypto = "*"\n', 3),
    ],
)
def test_a_package_that_nobody_keeps_is_told_where_it_is_asked_for(looked, file, text, line):
    """Its holes stay open."""
    assert [(flow.place.file, flow.place.line, flow.strength.value) for flow in looked({file: text}, "home-made-crypto")] == [
        (file, line, "strong")
    ]


@pytest.mark.parametrize("text", ["pycryptodome==3.20\n# pycrypto\n-r other.txt\n", "", "[project\n"])
def test_packages_that_are_kept_are_not_told(looked, text):
    """A name that begins alike is another package."""
    assert not looked({"requirements.txt": text, "pyproject.toml": text}, "home-made-crypto")


def test_a_debug_toolbar_is_told_in_production_alone(looked):
    """A developer's machine may have it."""
    found = looked({"requirements.txt": "django-debug-toolbar\n", "requirements-dev.txt": "django-debug-toolbar\n"}, "test-route")
    assert [flow.place.file for flow in found] == ["requirements.txt"]
