"""`ringwork adopt`: lines that can be pasted, reasons beside them, and what only a person can decide."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringwork.prove import adoption, adoption_code
from ringwork.survey.facts import AppFacts
from ringwork.survey.templates import Spot, SpotKind

SHOP = """
import hmac
from typing import Annotated
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(CORSMiddleware, allow_origins=["https://front.example"], allow_credentials=True)

def current_user(request: Request) -> str:
    raise HTTPException(401)

@app.get("/ready")
def ready(): return {}

@app.get("/basket")
def basket(user: Annotated[str, Depends(current_user)]): return {}

@app.post("/hooks/pay")
async def paid(request: Request):
    return {"ok": hmac.compare_digest(await request.body(), b"x")}

@app.post("/hooks/open")
async def unsigned(request: Request):
    return {}

@app.get("/numbers")
def numbers(): return {}
"""


@pytest.fixture
def adopted(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Run it on a small shop, and read its JSON."""
    (tmp_path / "shop.py").write_text(SHOP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def _adopted(*words: str) -> dict[str, Any]:
        ended = run("adopt", "shop:app", "--json", *words)
        assert ended.code == 0, ended.text + ended.err
        found: dict[str, Any] = json.loads(ended.out)
        return found

    return _adopted


def settings(found: dict[str, Any]) -> str:
    return "\n".join(line["text"] for line in found["lines"] if line["file"] == "ringwork.toml")


def test_puts_the_call_at_the_end_of_the_module(adopted: Callable[..., Any]) -> None:
    """Two lines of code; everything else is settings."""
    assert [line["text"] for line in adopted()["lines"] if line["file"] == "shop.py"] == ["from ringwork import protect", "protect(app)"]


@pytest.mark.parametrize(
    ("end", "at", "call"),
    [
        ('\nif __name__ == "__main__":\n    uvicorn.run(app)\n', 5, "protect(app)"),
        ('\napp = make()\n\nif __name__ == "__main__":\n    uvicorn.run(app)\n', 5, "    protect(api)"),
        ("", 5, "    protect(api)"),
    ],
)
def test_puts_the_call_where_it_is_reached(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str, at: int, call: str
) -> None:
    """A file that starts its own server waits at its end for ever; what a factory makes is guarded inside it, for its suite too."""
    (tmp_path / "shop").mkdir()
    made = "def make():\n    api = FastAPI()\n    api.get('/numbers')(lambda: None)\n    return api\n"
    if "make()" not in end and end:
        made = "app = FastAPI()\napp.get('/numbers')(lambda: None)\n"
    (tmp_path / "shop" / "__init__.py").write_text(f"from fastapi import FastAPI\n\n{made}{end}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ended = run("adopt", *(["shop:app"] if end else ["shop:make", "--factory"]), "--json")
    assert ended.code == 0, ended.text + ended.err
    lines = [line for line in json.loads(ended.out)["lines"] if line["file"] == "shop/__init__.py"]
    assert [(line["at"], line["text"].lstrip()) for line in lines] == [(at, "from ringwork import protect"), (at, call.lstrip())]
    assert lines[1]["text"] == call


def test_opens_only_what_is_open_by_its_nature(adopted: Callable[..., Any]) -> None:
    """A health check and a signed webhook; what nobody checks is named for a person to decide, and stays shut."""
    found = adopted()
    assert '{route = "GET /ready", public = "says only whether it runs"}' in settings(found)
    assert '{route = "POST /hooks/pay", public =' in settings(found)
    assert "/numbers" not in settings(found)
    assert "/hooks/open" not in settings(found)
    assert [route for line in found["rules"] for route in line["routes"]] == ["POST /hooks/open", "GET /numbers"]


def test_takes_over_what_the_application_says_already(adopted: Callable[..., Any]) -> None:
    """Its dependency tells who is asking, its CORS middleware whose pages may read."""
    text = settings(adopted("--origin", "https://shop.example"))
    assert 'identify = {dependency = "shop:current_user"}' in text
    assert 'trusted_origins = ["https://front.example"]' in text
    assert 'browser.cors = {origins = ["https://front.example"], credentials = true}' in text


def test_names_the_proxy_and_the_health_route_that_it_asks(adopted: Callable[..., Any]) -> None:
    """Only with an https origin is plain http anything to allow."""
    text = settings(adopted("--origin", "https://shop.example", "--proxy", "10.0.0.5"))
    assert 'network.trusted-proxies = {proxies = ["10.0.0.5"]}' in text
    assert 'transport.tls-required = {plain_paths = ["/ready"]}' in text


def test_gives_each_line_its_reason(adopted: Callable[..., Any]) -> None:
    """Nobody pastes what he cannot explain."""
    assert all(line["reason"] for line in adopted("--origin", "https://shop.example")["lines"])


def test_prints_settings_that_can_be_pasted(run: Callable[..., Any], adopted: Callable[..., Any], tmp_path: Path) -> None:
    """The printed block is TOML, comments and all."""
    import tomllib

    text = run("adopt", "shop:app", "--origin", "https://shop.example").text
    block = text.partition("ringwork.toml")[2].partition("\n\n")[0].partition("\n")[2]
    assert tomllib.loads(block)["origin"] == "https://shop.example"


GUARDED = SHOP.replace('@app.get("/numbers")\ndef numbers(): return {}\n', "").replace(
    '@app.post("/hooks/open")\nasync def unsigned(request: Request):\n    return {}\n', ""
)
FROM_FILE, IN_CODE = "\nfrom ringwork import protect\nprotect(app)\n", "\nimport ringwork\nringwork.protect(app, ringwork.Policy({}))\n"


@pytest.fixture
def guarded(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run it on the shop with a call of protect(), and maybe settings."""
    monkeypatch.chdir(tmp_path)

    def _guarded(call: str, settings: str = "", *words: str) -> Any:
        (tmp_path / "shop.py").write_text(GUARDED + call, encoding="utf-8")
        (tmp_path / "ringwork.toml").write_text(settings, encoding="utf-8")
        ended = run("adopt", "shop:app", *words)
        assert ended.code == 0, ended.text + ended.err
        return ended

    return _guarded


def test_says_what_is_still_missing_of_a_guarded_application(guarded: Callable[..., Any]) -> None:
    """Whoever called protect() first and asked later got no line: its own check counted for nothing, and every route was refused."""
    found = json.loads(guarded(FROM_FILE, "", "--json").out)
    assert not [line for line in found["lines"] if line["file"] == "shop.py"], "the call is there"
    text = settings(found)
    assert 'identify = {dependency = "shop:current_user"}' in text
    assert '{route = "GET /ready", public =' in text
    assert "browser.cors" not in text, "the guard tells that itself at each start"
    ended = guarded(FROM_FILE, text)
    assert "protect() is called already; nothing is missing" in ended.text


def test_names_a_check_that_a_guard_does_not_count_yet(guarded: Callable[..., Any]) -> None:
    """Where it is known who asks, the check before the route has to be named once more; what is counted is not."""
    known = """identify = {function = "shop:nobody"}\n"""
    call = "\ndef nobody(request): return None\n" + FROM_FILE
    text = settings(json.loads(guarded(call, known, "--json").out))
    assert 'own_auth = ["shop:current_user"]' in text
    assert "identify" not in text
    again = settings(json.loads(guarded(call, f'own_auth = ["shop:current_user"]\n{known}', "--json").out))
    assert "own_auth" not in again


def test_says_where_a_line_joins_what_stands_there(guarded: Callable[..., Any]) -> None:
    """Against a second `rules` in one file, which no reader of TOML takes."""
    own = 'rules = [{route = "POST /hooks/pay", public = "signed"}]\n'
    assert "joins the rules that stands there" in guarded(FROM_FILE, own).text
    assert "joins the" not in guarded(FROM_FILE).text


def test_writes_arguments_where_the_policy_stands_in_code(guarded: Callable[..., Any]) -> None:
    """A settings file beside it is read by nobody; with the printed arguments nothing is missing."""
    ended = guarded(IN_CODE.format(""))
    assert "Policy(...) in code, among its arguments" in ended.text
    assert "ringwork.toml" not in ended.text
    found = [line["text"] for line in json.loads(guarded(IN_CODE.format(""), "", "--json").out)["lines"]]
    assert any(line.startswith("identify=ringwork.identify.fastapi_dependency(shop.current_user)") for line in found)
    arguments = "".join(found).replace("(shop.current_user", "(current_user")
    assert "nothing is missing" in guarded(IN_CODE.format(arguments)).text


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("identify = {flask_login = true}", "identify=ringwork.identify.flask_login(),"),
        ('identify = {flask_session = "member"}', 'identify=ringwork.identify.flask_session("member"),'),
        (
            'identify = {dependency = "shop:me", via = "bearer"}',
            "identify=ringwork.identify.fastapi_dependency(shop.me, via=ringwork.Via.BEARER),",
        ),
        (
            'identify = {dependency = "shop:me", id = "email"}',
            "identify=ringwork.identify.fastapi_dependency(shop.me, lambda user: ringwork.Principal(id=str(user.email))),",
        ),
        ('origin = "https://shop.example"', 'origin="https://shop.example",'),
        (
            'rules = [{routes = ["GET /a", "GET /b"], public = "why"}]',
            'rules={"GET /a": ringwork.public("why"), "GET /b": ringwork.public("why")},',
        ),
    ],
)
def test_writes_each_setting_as_code_reads_it(table: str, said: str) -> None:
    """The same word in Python."""
    found = adoption_code.in_code([(table, "why")])
    assert found[0] == (said, "why")
    assert [text for text, _ in found[1:]] == (['own_auth=("shop:me",),'] if "shop:me" in table else [])


TRAPS = """
import os
from typing import Annotated
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles

os.makedirs("uploads", exist_ok=True)
app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.mount("/uploads", StaticFiles(directory="uploads"))

def current_user(request: Request, token=Depends(HTTPBearer(auto_error=False))) -> str:
    if token or request.cookies.get("session"):
        return "ada"
    raise HTTPException(401)

def get_user_agent(request: Request): return request.headers.get("user-agent")
def get_current_user_optional(request: Request): return None
def author_filter(author: str = ""): return author

@app.get("/basket")
def basket(user: Annotated[str, Depends(current_user)]): return {}
@app.get("/orders")
def orders(user=Depends(get_current_user_optional)): return []
@app.get("/agents")
def agents(agent=Depends(get_user_agent)): return []
@app.get("/posts")
def posts(author=Depends(author_filter)): return []
@app.delete("/")
def wipe(): return {}
@app.delete("/admin/reset")
def reset_all(): return {}
@app.get("/admin/sessions")
def sessions(): return []
@app.get("/users/{user_id}/token")
def token_of(user_id: int): return {}
@app.get("/auth/users")
def accounts(): return []
@app.post("/devices/register")
def enroll(): return {}
@app.post("/webhooks/orders")
def unsigned(signature: str = ""):
    # one day: check the signature
    return {}
@app.get("/docs")
def documents(): return []
@app.post("/api/v1/token")
def token(): return {}
@app.post("/shop/login")
def login(): return {}
"""


@pytest.fixture
def trapped(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What it proposes for an application of which many names lead astray."""
    (tmp_path / "traps.py").write_text(TRAPS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ended = run("adopt", "traps:app", "--json")
    assert ended.code == 0, ended.text + ended.err
    return settings(json.loads(ended.out))


def test_takes_no_function_for_a_check_that_is_not_seen_to_refuse(trapped: str) -> None:
    """A name with "user" or "auth" in it is no reason to let everybody in."""
    assert 'identify = {dependency = "traps:current_user"' in trapped
    assert "own_auth" not in trapped


def test_calls_no_check_a_bearers_that_reads_a_cookie_too(trapped: str) -> None:
    """Else the cookie's requests would need no proof of their origin."""
    assert "bearer" not in trapped


def test_opens_no_route_by_a_word_in_its_path(trapped: str) -> None:
    """Methods, prefixes and the handler's own code count; a token is given out to a POST, and a login is one under any prefix."""
    for closed in ("/admin", "DELETE", "/users", "/devices", "/webhooks", "/docs", "/uploads", "/posts"):
        assert closed not in trapped
    assert "POST /api/v1/token" in trapped
    assert "POST /shop/login" in trapped


def test_tells_a_django_project_what_its_settings_need(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its settings get the lines, its own login tells who is asking, its tags carry the token, and its own checks need no second rule."""
    place = Path(__file__).parents[1] / "apps" / "plain_django"
    shutil.copytree(place, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__", "*.sqlite3"))
    monkeypatch.chdir(tmp_path / "project")
    ended = run("adopt", "manage.py", "--json")
    assert ended.code == 0, ended.text + ended.err
    found = json.loads(ended.out)
    code = [line["text"] for line in found["lines"] if line["file"] == "tracker/settings.py"]
    assert code == ['MIDDLEWARE.append("django.middleware.csrf.CsrfViewMiddleware")', "import ringwork", "ringwork.protect()"]
    assert "identify = {django_user = true}" in settings(found)
    assert "/tickets/new/" not in settings(found) + json.dumps(found["rules"])
    assert '<form method="post">{% csrf_token %}' in [line["text"] for line in found["lines"]]
    # Against a form that is refused although its view asks for no token of Django's: a project that has the middleware may have some too.
    with (tmp_path / "project" / "tracker" / "settings.py").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", *code, ""]))
    forms = [line for line in found["lines"] if line["text"].endswith("{% csrf_token %}")]
    left = json.loads(run("adopt", "manage.py", "--json").out)["lines"]
    assert [line for line in left if line["text"].endswith("{% csrf_token %}")] == forms
    for line in forms:
        page = tmp_path / "project" / line["file"]
        page.write_text(page.read_text(encoding="utf-8").replace(line["replaces"], line["text"]), encoding="utf-8")
    assert not [line for line in json.loads(run("adopt", "manage.py", "--json").out)["lines"] if "csrf_token" in line["text"]]


def test_gives_no_token_to_a_form_of_another_site(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent to a provider of payments must not carry it; a whole address of the own site may."""
    text = SHELF.format(key="k" * 32) + '\n@app.post("/notes")\ndef write():\n    return request.form["a"]\n'
    (tmp_path / "shelf.py").write_text(text, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    actions = ["https://pay.example/go", "//pay.example/go", "https://shelf.example/notes", "/notes", ""]
    forms = "\n".join(f'<form method="post" action="{action}"></form>' for action in actions)
    (tmp_path / "templates" / "home.html").write_text(forms, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shelf:app", "--json", "--origin", "https://shelf.example").out)
    assert [line["at"] for line in found["lines"] if line["file"].endswith("home.html")] == [3, 4, 5]


NAMED = """
from fastapi import Depends, FastAPI, HTTPException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import OAuth2PasswordBearer

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(CORSMiddleware, allow_origin_regex="https://.*", allow_credentials=True)
bearer = OAuth2PasswordBearer(tokenUrl="/token")

def session():
    yield {}

def me(token: str = Depends(bearer), db: dict = Depends(session)) -> str:
    if token not in db:
        raise HTTPException(401)
    return db[token]

def said(token: str = Depends(bearer)) -> str:
    return token

@app.get("/mine")
def mine(user: str = Depends(me)): return {}

@app.get("/said")
def says(token: str = Depends(said)): return {}
"""


def test_knows_a_dependency_by_what_it_does(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What verifies a token and refuses is a check whatever it is called; what hands any token on is none."""
    (tmp_path / "shop.py").write_text(NAMED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shop:app", "--json").out)
    assert 'identify = {dependency = "shop:me", via = "bearer"}' in settings(found)
    assert [route for line in found["rules"] for route in line["routes"]] == ["GET /said"]


@pytest.mark.parametrize("reads", ['KEPT.get().session["user"]', 'KEPT.get().session.get("user")', '"user" in KEPT.get().session'])
def test_calls_no_check_a_bearers_that_reads_a_session_of_its_context(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reads: str
) -> None:
    """A session from a context variable is attached by browsers too, though the function is given no request."""
    text = NAMED.replace("    if token not in db:", f"    if token not in db and not {reads}:").replace(
        "app = Fast", "KEPT = None\napp = Fast", 1
    )
    (tmp_path / "shop.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "bearer" not in settings(json.loads(run("adopt", "shop:app", "--json").out))


def test_asks_whom_a_pattern_of_origins_means(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table without origins would share with nobody; only a person knows which sites the pattern stands for."""
    (tmp_path / "shop.py").write_text(NAMED, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shop:app", "--json").out)
    assert "browser.cors" not in settings(found)
    assert any("goes by a pattern" in remark for remark in found["remarks"])


SHELF = """
from flask import Flask, request, session

app = Flask(__name__)
app.secret_key = "{key}"

@app.post("/login")
def login():
    session["member_id"] = 7
    session["theme"] = "dark"
    return ""
"""


@pytest.mark.parametrize("also", ["", '\n@app.post("/become")\ndef become():\n    session["user_id"] = 8\n    return ""\n'])
def test_reads_which_key_of_flask_s_session_names_the_user(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, also: str
) -> None:
    """One key of such a name says who is asking; of two, nothing is guessed."""
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "__init__.py").write_text(SHELF.format(key="k" * 32) + also, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shelf:app", "--json").out)
    assert ('identify = {flask_session = "member_id"}' in settings(found)) is (not also)


@pytest.mark.parametrize("is_there", [True, False])
def test_opens_the_static_folder_that_is_there(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    """Flask looks beside the application's own package, wherever the project begins."""
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "__init__.py").write_text(SHELF.format(key="k" * 32), encoding="utf-8")
    if is_there:
        (tmp_path / "shelf" / "static").mkdir()
        (tmp_path / "shelf" / "static" / "shelf.css").write_text("p { color: red }", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert ("/static/" in settings(json.loads(run("adopt", "shelf:app", "--json").out))) is is_there


PINGING = """
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

@app.get("/health")
def health(): return {}

@app.get("/ping")
def ping(host: str): return {}
"""


def test_opens_no_health_check_that_takes_a_client_s_word(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked by a name is more than whether it runs, whatever its path says."""
    (tmp_path / "shop.py").write_text(PINGING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shop:app", "--json").out)
    assert "GET /health" in settings(found)
    assert "/ping" not in settings(found)


def test_gives_scripts_their_nonce_where_no_form_is_sent(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bearer's application has pages too, and its scripts are held by the same policy."""
    (tmp_path / "shop.py").write_text(NAMED, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "home.html").write_text("<p>hello</p>\n<script>start()</script>\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shop:app", "--json").out)
    assert [line["text"] for line in found["lines"] if line["file"].endswith("home.html")] == ['<script nonce="{{ csp_nonce() }}">']


def test_names_the_tests_that_ask_another_host(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asynchronous clients of tests name a host of their own, which would be refused with 421."""
    (tmp_path / "shop.py").write_text(PINGING, encoding="utf-8")
    (tmp_path / "test_shop.py").write_text(
        'client = AsyncClient(transport=ASGITransport(app=app), base_url="http://test")\n', encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    remarks = json.loads(run("adopt", "shop:app", "--json").out)["remarks"]
    assert [remark for remark in remarks if remark.startswith('test_shop.py:1 asks the host "test"')]


REPOSITORY = {
    "services/shop/app.py": "from flask import Flask, request\napp = Flask(__name__)\n\n"
    "@app.post('/buy')\ndef buy():\n    return request.form['what']\n",
    "services/shop/wsgi.py": "from app import app as application\n",
    "services/shop/templates/buy.html": '<form method="post" action="/buy"></form>\n',
    "services/shop/tests/test_buy.py": "from app import app\nclient = app.test_client()\n",
    "services/blog/app.py": "from flask import Flask\napp = Flask(__name__)\n",
    "services/blog/templates/blog.html": '<form method="post" action="/write"></form>\n',
    "services/blog/test_blog.py": "from app import app\nclient = app.test_client()\n",
    "docs/demo.py": "from flask import Flask\napp = Flask(__name__)\n",
    "tests/test_all.py": "from services.shop.app import app\nclient = app.test_client()\n",
    "tests/test_else.py": "from services.blog.app import app\nclient = app.test_client()\n",
    "pages/layout.html": '<form method="post" action="/else"></form>\n',
}


def test_names_no_file_of_a_neighbour_in_the_same_repository(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against lines for another application's pages and suite; that not everything was looked at is said."""
    (tmp_path / ".git").mkdir()
    for name, text in REPOSITORY.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "services/shop/app.py:app", "--json").out)
    named = {line["file"] for line in found["lines"]} - {"ringwork.toml"}
    shops = {"services/shop/app.py", "services/shop/templates/buy.html", "services/shop/tests/test_buy.py", "tests/test_all.py"}
    assert named == shops
    (told,) = [remark for remark in found["remarks"] if "were not looked at" in remark]
    assert "outside of services/shop/" in told
    assert "services/blog/app.py is another application" in told
    for name in ("services/blog/app.py", "docs/demo.py"):
        (tmp_path / name).unlink()
    alone = json.loads(run("adopt", "services/shop/app.py:app", "--json").out)
    assert {"pages/layout.html", "services/blog/templates/blog.html"} < {line["file"] for line in alone["lines"]}
    assert not [remark for remark in alone["remarks"] if "were not looked at" in remark]


def test_says_where_lines_go_in_a_file_that_is_there(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At its end they would belong to its last table."""
    (tmp_path / "shop.py").write_text(PINGING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "ringwork.toml (new" in run("adopt", "shop:app").text
    (tmp_path / "ringwork.toml").write_text('[[prove.users]]\nname = "anna"\n', encoding="utf-8")
    assert "above its first line that begins with [" in run("adopt", "shop:app").text


BUILT = """from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

"""
INNER = 'api = FastAPI()\n\n@api.get("/numbers")\ndef numbers(): return {}\n\n'


@pytest.mark.parametrize(
    ("written", "at", "call", "around"),
    [
        (INNER + 'app = CORSMiddleware(api, allow_origins=["*"])\n', 9, "protect(api)", "CORSMiddleware"),
        (INNER + "app = GZipMiddleware(CORSMiddleware(app=api))\n", 9, "protect(api)", "GZipMiddleware, CORSMiddleware"),
        (INNER + "outer = CORSMiddleware(api)\n\napp = GZipMiddleware(outer)\n", 9, "protect(api)", "GZipMiddleware, CORSMiddleware"),
        (INNER.replace("api", "app") + "app = CORSMiddleware(app)\n", 9, "protect(app)", "CORSMiddleware"),
        ("app = FastAPI()\ntitle = 'numbers'\napp.title = str(title)\n", 0, "protect(app)", ""),
        ("from fastapi import APIRouter\nrouter = APIRouter()\napp = FastAPI()\napp.include_router(router)\n", 0, "protect(app)", ""),
    ],
)
def test_names_the_application_inside_a_wrapper(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, at: int, call: str, around: str
) -> None:
    """protect() takes no CORSMiddleware: the call stands before it, and a person hears what stays outside; without one, nothing changes."""
    (tmp_path / "shop.py").write_text(BUILT + written, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    found = json.loads(run("adopt", "shop:app", "--json").out)
    lines = [(line["at"], line["text"]) for line in found["lines"] if line["file"] == "shop.py"]
    assert lines == [(at, "from ringwork import protect"), (at, call)]
    stays = [remark.partition(" stays around")[0] for remark in found["remarks"] if "stays around" in remark]
    assert stays == ([around] if around else [])


WRAPPING = """from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

def make():
    app = Flask(__name__)
    app.get("/numbers")(lambda: "")
    return ProxyFix(app)
"""


def test_names_the_application_that_a_factory_wraps(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is known inside the factory alone, before it goes into the wrapper; what was said is what runs."""
    (tmp_path / "shop.py").write_text(WRAPPING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ended = run("adopt", "shop:make", "--factory", "--json")
    assert ended.code == 0, ended.text + ended.err
    lines = [line for line in json.loads(ended.out)["lines"] if line["file"] == "shop.py"]
    assert [(line["at"], line["text"]) for line in lines] == [(6, "    from ringwork import protect"), (6, "    protect(app)")]
    written = WRAPPING.splitlines()
    written[6:6] = [line["text"] for line in lines]
    (tmp_path / "shop.py").write_text("\n".join(written) + "\n", encoding="utf-8")
    assert "protect() is called already" in run("adopt", "shop:make", "--factory").text


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("/notes", '{{ csrf_field("/notes") }}'),
        ("{{ url_for('write') }}", "{{ csrf_field(url_for('write')) }}"),
        ("/notes/{{ note.id }}/delete", '{{ csrf_field("/notes/" ~ note.id ~ "/delete") }}'),
        ("/notes/{{ note.id + 1 }}", '{{ csrf_field("/notes/" ~ (note.id + 1)) }}'),
        (
            "{% if a %}/a{% else %}/b{% endif %}",
            "{% set form_path %}{% if a %}/a{% else %}/b{% endif %}{% endset %}{{ csrf_field(form_path) }}",
        ),
    ],
)
def test_writes_a_field_that_a_template_can_read(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, said: str
) -> None:
    """Braces inside of braces are a fault of the page, and every form of it would be lost."""
    import jinja2

    (tmp_path / "shelf").mkdir()
    text = SHELF.format(key="k" * 32) + '\n@app.post("/notes")\ndef write():\n    request.form["text"]\n    return ""\n'
    (tmp_path / "shelf" / "__init__.py").write_text(text, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    form = f'<form method="post" action="{action}">'
    (tmp_path / "templates" / "home.html").write_text(f"<ul><li>{form}<button>go</button></form></li></ul>\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    lines = [line["text"] for line in json.loads(run("adopt", "shelf:app", "--json").out)["lines"] if line["file"].endswith("home.html")]
    assert lines == [form + said]
    jinja2.Environment(autoescape=True).parse(lines[0])


@pytest.mark.parametrize(
    ("page", "told"), [("<ul>{form}</form></ul>", "line 1, only its <form"), ("<p>\n  {form}\n</form>", "line 2, all of it")]
)
def test_says_whether_a_line_changes_whole(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, told: str
) -> None:
    """Against a list that loses its tags: what else stands in the line stays."""
    (tmp_path / "shelf").mkdir()
    text = SHELF.format(key="k" * 32) + '\n@app.post("/notes")\ndef write():\n    request.form["text"]\n    return ""\n'
    (tmp_path / "shelf" / "__init__.py").write_text(text, encoding="utf-8")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "home.html").write_text(page.format(form='<form method="post" action="/notes">'), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert told in run("adopt", "shelf:app").text


BY_SESSION = """
from flask import Flask
import ringwork
from ringwork import Policy, protect, requires
app = Flask(__name__)
@app.get("/staff")
@requires({role})
def staff():
    return "staff"
protect(app, {policy})
"""
ROLES = 'roles=lambda session: [session["role"]]'


@pytest.mark.parametrize(
    ("policy", "settings"),
    [('Policy(identify=ringwork.identify.flask_session("uid"))', ""), ("", 'identify = {flask_session = "uid"}')],
)
def test_rules_for_roles_that_nobody_can_have_are_told(
    policy: str, settings: str, run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signs in is refused there for ever, and nothing seemed to be missing."""
    monkeypatch.chdir(tmp_path)

    def said(policy: str, settings: str, role: str = '"staff"') -> str:
        (tmp_path / "staffed.py").write_text(BY_SESSION.format(policy=policy, role=role), encoding="utf-8")
        (tmp_path / "ringwork.toml").write_text(settings, encoding="utf-8")
        return str(run("adopt", "staffed:app").text)

    assert "nobody can have the role staff" in said(policy, settings)
    assert "nobody can have the role staff" not in said(policy, settings, role="")
    with_roles = policy.replace('"uid")', f'"uid", {ROLES})'), settings.replace('"uid"', '"uid", roles = "role"')
    assert "nobody can have the role staff" not in said(*with_roles)


WITH_LOGIN = """
from flask import Flask, request
from ringwork import protect, public, requires
app = Flask(__name__)
@app.route("/login", methods=["GET", "POST"])
@public("where one signs in")
def login():
    return "<form method=post><input name=username><input name=password type=password></form>" + request.form.get("username", "")
@app.get("/mine")
@requires()
def mine():
    return "mine"
protect(app)
"""


def test_the_login_page_is_proposed_for_whoever_opens_a_page_without_one(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A visitor who follows a link met a 401 where the application used to show its login; what is printed works when it is pasted."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "members.py").write_text(WITH_LOGIN, encoding="utf-8")
    settings = 'identify = {flask_session = "uid"}\n'
    (tmp_path / "ringwork.toml").write_text(settings, encoding="utf-8")
    said = " ".join(run("adopt", "members:app").text.split())
    line = re.search(r"identity\.authentication-required = \{login_path = \"/login\"\}", said)
    assert line is not None, said
    (tmp_path / "ringwork.toml").write_text(f"{settings}{line.group()}\n", encoding="utf-8")
    assert "login_path" not in run("adopt", "members:app").text


def test_styles_that_a_browser_will_leave_out_are_told_with_their_places(adopted: Callable[..., Any], tmp_path: Path) -> None:
    """The page works and looks broken otherwise. No line is printed: a mail is a template too. A sheet in a file is not told."""
    (tmp_path / "templates").mkdir()
    page = tmp_path / "templates" / "page.html"
    page.write_text('<link rel=stylesheet href="/a.css">\n<style>b{}</style>\n' + '<p style="color:red">\n' * 5, encoding="utf-8")
    found = adopted()
    told = [remark for remark in found["remarks"] if "style" in remark]
    assert [remark.split(" have ")[0].split(" has ")[0] for remark in told] == [
        "templates/page.html:3, templates/page.html:4, templates/page.html:5 and 2 more",
        "templates/page.html:2",
    ]
    assert [line for line in found["lines"] if line["file"].endswith("page.html")] == []
    page.write_text('<link rel=stylesheet href="/a.css">\n<style nonce="{{ csp_nonce() }}">b{}</style>', encoding="utf-8")
    assert [remark for remark in adopted()["remarks"] if "style" in remark] == []


@pytest.mark.parametrize(("framework", "said"), [("django", "{{ csp_nonce }}"), ("flask", "{{ csp_nonce() }}")])
def test_a_style_is_given_the_nonce_as_its_templates_ask_for_it(framework: str, said: str) -> None:
    """Django calls nothing in braces: brackets there are a fault of the page."""
    facts = AppFacts(target="t", framework=framework, framework_version="0", root="", routes=())
    style = Spot(kind=SpotKind.STYLE, file="a.html", line=1, text="<style>")
    told = [one for one in adoption.remarks(facts, [style], adoption.Known()) if "<style" in one]
    assert [said in one for one in told] == [True]


OF_NOBODY = """
from aiohttp import web

SIGNED_IN = {}


async def mine(request):
    if request.cookies.get("sid") not in SIGNED_IN:
        raise web.HTTPUnauthorized
    return web.json_response([])


app = web.Application()
app.add_routes([web.get("/pastes", mine)])
"""


@pytest.mark.parametrize("is_told", [False, True])
def test_a_login_that_only_handlers_know_is_told(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told: bool
) -> None:
    """Whoever gives their first route a rule would refuse everybody; nothing is said where the settings name who tells it."""
    monkeypatch.chdir(tmp_path)
    guarded = "\nimport ringwork\n\n\ndef who(request):\n    return None\n\n\nringwork.protect(app)\n" if is_told else ""
    (tmp_path / "pastes.py").write_text(OF_NOBODY + guarded, encoding="utf-8")
    if is_told:
        (tmp_path / "ringwork.toml").write_text('identify = "pastes:who"\n', encoding="utf-8")
    said = " ".join(run("adopt", "pastes:app").text.split())
    assert 'pastes.py, after line 6 GET /pastes @requires() or @public("' in said
    assert "nothing is missing" not in said
    assert ("requires() would refuse everybody" in said) is not is_told
