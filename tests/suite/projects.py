"""A project in a folder of its own, with what pytest needs to run in it."""

from __future__ import annotations

import pytest

from tests.suite import shops

SHOPS = {"starlette": shops.STARLETTE, "flask": shops.FLASK, "plain": shops.PLAIN}


def project(pytester: pytest.Pytester, shop: str, *, settings: str = "", **files: str) -> pytest.Pytester:
    """A project with one application, `shop.py`; settings: lines of its pytest section."""
    pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\naddopts = "-p no:cacheprovider"\n{settings}\n')
    pytester.makefile(".toml", ringwork=shops.USERS)
    pytester.makepyfile(shop=SHOPS[shop], **files)
    return pytester
