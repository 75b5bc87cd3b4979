"""A project in a folder of its own, with what pytest needs to run in it."""

from __future__ import annotations

import pytest

from tests.suite import shops

_CONFIGURED = 'Policy(origin="https://shop.example", identify=identify)'
_ON_LOOPBACK = 'Policy(identify="shop:identify")'

SHOPS = {
    "starlette": shops.STARLETTE,
    "flask": shops.FLASK,
    "django": shops.DJANGO,
    "plain": shops.PLAIN,
    "aiohttp": "from aiohttp import web\napp = web.Application()\n",
    "django over asgi": shops.DJANGO.replace("wsgi import WSGIHandler", "asgi import ASGIHandler").replace(
        "WSGIHandler()", "ASGIHandler()"
    ),
    "starlette on loopback": shops.STARLETTE.replace(_CONFIGURED, _ON_LOOPBACK),
    "flask on loopback": shops.FLASK.replace(_CONFIGURED, _ON_LOOPBACK),
    "django on loopback": shops.DJANGO.replace(_CONFIGURED, _ON_LOOPBACK),
}


def project(pytester: pytest.Pytester, shop: str, *, settings: str = "", **files: str) -> pytest.Pytester:
    """A project with one application, `shop.py`; settings: lines of its pytest section."""
    pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\naddopts = "-p no:cacheprovider"\n{settings}\n')
    pytester.makefile(".toml", ringwork=shops.USERS)
    pytester.makepyfile(shop=SHOPS[shop], **files)
    return pytester
