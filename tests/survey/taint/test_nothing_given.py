"""What a request did not give: where a parameter is false there is nothing in it, and no way to do harm with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.taint.analysis import analyse

GUARD = "from urllib.parse import urlsplit\n"
GUARD += "def is_own(url):\n    return urlsplit(url).netloc in ('', 'shop.example') and not url.startswith('//')\n"
BEGIN = {
    "fastapi": (
        "from fastapi import FastAPI, Request\nfrom fastapi.responses import RedirectResponse\napp = FastAPI()\n"
        "@app.get('/go')\ndef go(request: Request):\n    url = request.query_params.get('next')\n"
    ),
    "flask": (
        "from flask import Flask, redirect, request\napp = Flask(__name__)\n"
        "@app.get('/go')\ndef go():\n    url = request.args.get('next')\n"
    ),
    "django": (
        "from django.http import HttpResponseRedirect\nfrom django.urls import path\ndef go(request):\n    url = request.GET.get('next')\n"
    ),
    "aiohttp": "from aiohttp import web\nasync def go(request):\n    url = request.query.get('next')\n",
}
END = {
    "fastapi": "    return RedirectResponse(url)\n",
    "flask": "    return redirect(url)\n",
    "django": "    return HttpResponseRedirect(url)\nurlpatterns = [path('go', go)]\n",
    "aiohttp": "    raise web.HTTPFound(url)\napp = web.Application()\napp.router.add_get('/go', go)\n",
}


def redirects(folder: Path, framework: str, guard: str) -> list[str]:
    (folder / "app.py").write_text(GUARD + BEGIN[framework] + guard + END[framework], encoding="utf-8")
    return [flow.kind for flow in analyse(folder).flows if flow.kind == "redirect"]


@pytest.mark.parametrize("framework", BEGIN)
def test_a_guard_that_asks_only_where_there_is_something_holds(tmp_path: Path, framework: str) -> None:
    """`if url and not is_own(url)` lets through what is own and what is nothing; asking for something else first lets more through."""
    assert redirects(tmp_path, framework, "    if (url or len(url) > 3) and not is_own(url):\n        url = '/'\n") == []
    assert redirects(tmp_path, framework, "    if request.headers and not is_own(url):\n        url = '/'\n") == ["redirect"]


@pytest.mark.parametrize("framework", BEGIN)
def test_a_part_that_is_nothing_says_nothing_of_the_whole(tmp_path: Path, framework: str) -> None:
    """Against //evil.example, before whose slashes nothing stands."""
    assert redirects(tmp_path, framework, "    if url:\n        url = '/'\n") == []
    assert redirects(tmp_path, framework, "    if url.split('//')[0]:\n        url = '/'\n") == ["redirect"]


ONE_OF_TWO = {
    "two of unknown names": ("request.args.get(chr(97))", "request.args.get(chr(98))"),
    "a parameter or its default": ("request.args.get('a', request.form.get('b'))", "request.form.get('b')"),
    "a body in two ways": ("request.get_json()", "request.data.decode()"),
}


@pytest.mark.parametrize(("first", "second"), ONE_OF_TWO.values(), ids=ONE_OF_TWO)
def test_one_that_is_nothing_says_nothing_of_another(tmp_path: Path, first: str, second: str) -> None:
    """Against ?a=&b=evil, where reading cannot tell the two apart."""
    (tmp_path / "app.py").write_text(
        "from flask import Flask, redirect, request\napp = Flask(__name__)\n@app.post('/go')\ndef go():\n"
        f"    one = {first}\n    url = {second}\n    if not one:\n        return redirect(url)\n    return ''\n",
        encoding="utf-8",
    )
    assert [flow.kind for flow in analyse(tmp_path).flows if flow.kind == "redirect"] == ["redirect"]
