"""What schemathesis and sqlmap achieve against the clinics: no answer of the server's own fault, and nothing to inject."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from examples.clinic import fastapi_app
from tests.judges import clinics, outsiders

pytestmark = pytest.mark.real

SIGN_IN_OR_OUT = "log(in|out)"
"""Left out for whoever is signed in: the routes would end the very login that opens the others."""

INJECTABLE = re.compile(r"identified the following injection point|is vulnerable\b")
CLEAN = "all tested parameters do not appear to be injectable"


def statuses(site: clinics.Site, schema: Path, *words: str, username: str = "") -> Counter[tuple[str, int]]:
    """How often each operation answered with each status, from the record of a run of schemathesis."""
    record = schema.with_suffix(f".{username or 'nobody'}.har")
    headers = {"Origin": site.origin, "Sec-Fetch-Site": "same-origin"}
    if username:
        headers["Cookie"] = site.cookie(username)
        words = (*words, "--exclude-path-regex", SIGN_IN_OR_OUT)
    sent = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    done = outsiders.run(
        outsiders.python_tool("schemathesis"), "run", str(schema), "--url", site.origin, "--tls-verify", str(site.authority), *sent,
        "--phases", "examples,coverage,fuzzing", "--max-examples", "5", "--seed", "1", "--checks", "not_a_server_error",
        "--continue-on-failure", "--report", "har", "--report-har-path", str(record), *words, folder=schema.parent,
    )  # fmt: skip
    assert record.exists(), done.stdout[-3000:] + done.stderr[-1000:]
    entries = json.loads(record.read_text(encoding="utf-8"))["log"]["entries"]
    assert entries, done.stdout[-3000:]
    return Counter(
        (f"{one['request']['method']} {one['request']['url'].removeprefix(site.origin)}", one["response"]["status"]) for one in entries
    )


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the clinic says of itself; it shows it to administrators alone, so it is taken from the application."""
    path = tmp_path_factory.mktemp("schema") / "openapi.json"
    path.write_text(json.dumps(fastapi_app.app.openapi()), encoding="utf-8")
    return path


@pytest.mark.parametrize("username", ["", "alice", "carol", "erin"])
def test_schemathesis_meets_no_fault_of_the_server(struck: clinics.Site, schema: Path, username: str) -> None:
    """Hundreds of right and wrong requests: each is served or refused, none ends in a 5xx."""
    seen = statuses(struck, schema, username=username)
    assert not [operation for operation, status in seen if status >= 500]
    assert sum(seen.values()) > 100
    # It came past the guard: pages that nobody else sees, and JSON that was stored.
    mine = {"": "GET /visiting/", "alice": "GET /notes", "carol": "GET /patients", "erin": "GET /admin/users"}[username]
    assert seen[mine, 200], seen
    if username == "carol":
        assert [operation for operation, status in seen if operation.startswith("POST /api/patients/") and status == 201]


def test_schemathesis_finds_a_server_that_fails(toys: clinics.Site, tmp_path: Path) -> None:
    """The same run finds the toy that fails for what is no number."""
    with toys.visitor() as visitor:
        (tmp_path / "toys.json").write_text(visitor.get("/openapi.json").text, encoding="utf-8")
    assert [operation for operation, status in statuses(toys, tmp_path / "toys.json") if status == 500]


def sqlmap(folder: Path, site: clinics.Site, path: str, *words: str, username: str = "") -> str:
    """What sqlmap says of one address; it exits with 0 whatever it finds."""
    headers = ("--headers", f"Origin: {site.origin}\nSec-Fetch-Site: same-origin")
    signed_in = ("--cookie", site.cookie(username)) if username else ()
    done = outsiders.run(
        outsiders.python_tool("sqlmap"), "-u", f"{site.origin}{path}", "--batch", "--flush-session", "--disable-coloring",
        "--output-dir", str(folder), "--level", "1", "--risk", "1", "--technique", "BEUS", "--dbms", "sqlite",
        "--ignore-code", "401,403,404,422", *headers, *signed_in, *words, environment={"TERM": "dumb", "HOME": str(folder)},
    )  # fmt: skip
    return done.stdout


RIGHT = json.dumps({"username": "alice*", "password": clinics.PASSWORDS["alice"]})
KINDS = {
    "number in the path of a page": ("/patients/1*", "carol", 200, ()),
    "number in the path of JSON": ("/api/patients/1*/notes", "carol", 200, ()),
    "number of what is deleted": ("/api/appointments/1*", "carol", 204, ("--method", "DELETE")),
    "name of a file": ("/static/clinic*", "", 200, ()),
    "name in JSON": ("/api/login", "", 200, ("--data", RIGHT, "-H", "Content-Type: application/json")),
    "text in JSON": ("/api/patients/1/notes", "carol", 201, ("--data", '{"text":"better*"}', "-H", "Content-Type: application/json")),
    "cookie": ("/api/me", "", 200, ("--cookie", "__Host-session=b3Blbi1zZXNhbWU*")),
}
"""Each kind of parameter that a route of the clinic has: path, person, the status of what is true, further words.

The star is where sqlmap strikes. Were pages compared, a token or an incident number that is new in each would look like true and false.
"""


@pytest.mark.parametrize("kind", KINDS)
def test_sqlmap_finds_nothing_to_inject(struck: clinics.Site, tmp_path: Path, kind: str) -> None:
    """Whatever is put in place of the value, the database is never told by it."""
    path, username, status, words = KINDS[kind]
    said = sqlmap(tmp_path, struck, path, "--code", str(status), *words, username=username)
    assert not INJECTABLE.search(said), said[-3000:]
    assert CLEAN in said, said[-3000:]


def sqlmap_on_a_form(folder: Path, site: clinics.Site) -> str:
    """A form with a token of its own, the right name and password in it: sqlmap fetches a fresh token before each attempt.

    True is who is let in.
    """
    form = f"csrf_token=x&username=alice*&password={clinics.PASSWORDS['alice']}"
    with site.visitor() as visitor:
        visitor.get("/login")
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    token = ("--csrf-token", "csrf_token", "--csrf-url", f"{site.origin}/login", "--csrf-method", "GET", "--cookie", cookies)
    return sqlmap(folder, site, "/login", "--data", form, *token, "--drop-set-cookie", "--ignore-redirects", "--code", "303")


def test_sqlmap_finds_nothing_to_inject_into_a_form(struck: clinics.Site, tmp_path: Path) -> None:
    """Whatever stands in place of the name, nobody is let in by it."""
    said = sqlmap_on_a_form(tmp_path, struck)
    assert not INJECTABLE.search(said), said[-3000:]
    assert CLEAN in said, said[-3000:]
    # Refused for a name that nobody has; without its token a form never came as far as that.
    assert "401 (Unauthorized)" in said, said[-3000:]
    assert "403 (Forbidden)" not in said, said[-3000:]


def test_sqlmap_finds_the_toy_that_can_be_injected(toys: clinics.Site, tmp_path: Path) -> None:
    """The same words find a statement that was put together from what was sent."""
    said = sqlmap(tmp_path, toys, "/toys?id=1*")
    assert INJECTABLE.search(said), said[-3000:]


def test_sqlmap_finds_the_toy_form_that_can_be_injected(toys: clinics.Site, tmp_path: Path) -> None:
    """The same words find a form whose name goes into a statement, though each page has another token."""
    said = sqlmap_on_a_form(tmp_path, toys)
    assert INJECTABLE.search(said), said[-3000:]
