"""Which origins may read answers with cookies, said by each library's own call."""

from __future__ import annotations

import pytest

STARLETTE = "from fastapi import FastAPI\nfrom fastapi.middleware.cors import CORSMiddleware\nORIGINS = ['*']\napp = FastAPI()\n"
LISTED = "from starlette.middleware import Middleware\nfrom starlette.middleware.cors import CORSMiddleware\n"
FLASK = "from flask import Flask, request\nfrom flask_cors import CORS, cross_origin\napp = Flask(__name__)\n"
AIOHTTP = "import aiohttp_cors\n"
SET = """
@app.after_request
def share(answer):
    origin = request.headers.get("Origin")
    {guard}
    answer.headers["Access-Control-Allow-Origin"] = origin
    answer.headers["Access-Control-Allow-Credentials"] = "true"
    return answer
"""

BAD = [
    STARLETTE + "app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)\n",
    STARLETTE + "app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_credentials=True)\n",
    STARLETTE + "app.add_middleware(CORSMiddleware, allow_origin_regex='https?://.*', allow_credentials=True)\n",
    STARLETTE + "def make():\n    wanted = ['*']\n    app.add_middleware(CORSMiddleware, allow_origins=wanted, allow_credentials=True)\n",
    LISTED + "app = make(middleware=[Middleware(CORSMiddleware, allow_origins=('*',), allow_credentials=True)])\n",
    FLASK + "CORS(app, supports_credentials=True)\n",
    FLASK + "CORS(app, resources={r'/api/*': {'origins': '*', 'supports_credentials': True}})\n",
    FLASK + "@app.get('/a')\n@cross_origin(origins='*', supports_credentials=True)\ndef a(): ...\n",
    AIOHTTP + "cors = aiohttp_cors.setup(app, defaults={'*': aiohttp_cors.ResourceOptions(allow_credentials=True)})\n",
    FLASK + SET.format(guard="pass"),
    FLASK + SET.format(guard="pass").replace('"Origin")', '"Origin") or "null"'),
    FLASK + "@app.get('/a')\ndef a():\n    return '', 200, {'Access-Control-Allow-Origin': request.headers['Origin'],"
    " 'Access-Control-Allow-Credentials': 'true'}\n",
]
WEAK = [
    STARLETTE + "app.add_middleware(CORSMiddleware, allow_origins=['*'])\n",
    FLASK + "CORS(app)\n",
    AIOHTTP + "cors = aiohttp_cors.setup(app, defaults={'*': aiohttp_cors.ResourceOptions(expose_headers='*')})\n",
]
SAFE = [
    STARLETTE + "app.add_middleware(CORSMiddleware, allow_origins=['https://a.example'], allow_credentials=True)\n",
    STARLETTE + "app.add_middleware(CORSMiddleware, allow_origin_regex=r'https://[a-z]+\\.a\\.example', allow_credentials=True)\n",
    STARLETTE + "def make(settings):\n    app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_credentials=True)\n",
    FLASK + "CORS(app, origins=['https://a.example'], supports_credentials=True)\n",
    FLASK + "CORS(app, resources={r'/api/*': {'origins': ['https://a.example']}}, supports_credentials=True)\n",
    FLASK + "CORS(app, **settings)\n",
    AIOHTTP + "cors = aiohttp_cors.setup(app, defaults={'https://a.example': aiohttp_cors.ResourceOptions(allow_credentials=True)})\n",
    FLASK + SET.format(guard="if origin not in KNOWN: return answer"),
    FLASK + SET.format(guard="if not is_known(origin): return answer"),
]


@pytest.mark.parametrize("text", BAD)
def test_tells_a_wildcard_beside_credentials(looked, text):
    """Each of these libraries then answers with whatever origin asked."""
    (flow,) = looked(text, "cors")
    assert flow.strength == "strong"


@pytest.mark.parametrize("text", WEAK)
def test_hints_at_a_wildcard_alone(looked, text):
    """What is for everybody may be read by every site; whether it is for everybody, a person knows."""
    (flow,) = looked(text, "cors")
    assert flow.strength == "weak"


@pytest.mark.parametrize("text", SAFE)
def test_passes_over_origins_that_are_named(looked, text):
    """Named, computed elsewhere, or compared first."""
    assert looked(text, "cors") == []
