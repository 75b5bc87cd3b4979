"""`ringwork adopt`: lines that can be pasted, reasons beside them, and what only a person can decide."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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


def test_opens_only_what_is_open_by_its_nature(adopted: Callable[..., Any]) -> None:
    """A health check and a signed webhook; what nobody checks is named for a person to decide, and stays shut."""
    found = adopted()
    assert '{route = "GET /ready", public = "says only whether it runs"}' in settings(found)
    assert '{route = "POST /hooks/pay", public =' in settings(found)
    assert "/numbers" not in settings(found)
    assert "/hooks/open" not in settings(found)
    assert [remark.split(" ")[1] for remark in found["remarks"]] == ["/hooks/open", "/numbers"]


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


def test_has_nothing_to_say_about_a_guarded_application(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is adopted already."""
    (tmp_path / "shop.py").write_text(SHOP + "\nfrom ringwork import protect\nprotect(app)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert "protect() is called already" in run("adopt", "shop:app").text
