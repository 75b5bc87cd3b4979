"""The proof of transport.certificate-verification: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ringwork.prove.check import Check
from ringwork.survey.facts import AppFacts
from ringwork.survey.flows import SourceFacts
from tests.prove import clinics, showing

CHECKS = clinics.checks_of("transport.certificate-verification")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Every attack is made and fails, in effect as well as in status."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With only that defence out the same attack succeeds, so a pass means something."""
    showing.falls(framework, check)


# -- what the looks find, and what they leave alone ---------------------------------------------------------------


class Looking:
    """A stage for looks: facts and nothing else."""

    source = SourceFacts()

    def __init__(self, root: Path, *sources: str) -> None:
        self.facts = AppFacts(target="shop:app", framework="flask", framework_version="3", root=str(root), routes=(), sources=sources)


def looked(check: Check, root: Path, **files: str) -> dict[str, list[str]]:
    """The places of each outcome, with the files written first; names with __ stand for a dot."""
    for name, text in files.items():
        (root / name.replace("__", ".")).write_text(text, encoding="utf-8")
    sources = [name.replace("__", ".") for name in files if name.endswith("__py")]
    found: dict[str, list[str]] = {}
    for o in check.run(Looking(root, *sources)).observations:  # type: ignore[arg-type]  # looks read facts only
        found.setdefault(o.outcome.value, []).append(o.where)
    return found


ROGUES, SOURCE, ADDRESSES = CHECKS


@pytest.mark.parametrize(
    "line",
    [
        "requests.get(url, verify=False)",
        "session.verify = False",
        "httpx.Client(verify=False)",
        "session.get(url, ssl=False)",
        "aiohttp.TCPConnector(verify_ssl=False)",
        "context.check_hostname = False",
        "context.verify_mode = ssl.CERT_NONE",
        "context.verify_mode: int = ssl.CERT_OPTIONAL",
        "ssl._create_unverified_context()",
        "ssl._create_default_https_context = anything",
        "urllib3.disable_warnings()",
        "server.starttls()",
        "redis.Redis(host, ssl=True, ssl_cert_reqs=None)",
        'redis.Redis(host, ssl_cert_reqs="none")',
        "websocket.create_connection(url, sslopt=dict(cert_reqs=ssl.CERT_NONE))",
        "pymongo.MongoClient(url, tlsAllowInvalidCertificates=True)",
        "Elasticsearch(url, verify_certs=False)",
        "client.set_missing_host_key_policy(paramiko.AutoAddPolicy())",
    ],
)
def test_finds_what_switches_verification_off(line: str, tmp_path: Path) -> None:
    """Each library has its own way, and each is named with its line."""
    assert looked(SOURCE, tmp_path, app__py=f"import ssl\n\n{line}\n") == {"broken": ["app.py:3"]}


@pytest.mark.parametrize(
    "line",
    [
        "requests.get(url, verify=True)",
        'requests.get(url, verify="/etc/ssl/shop.pem")',
        "httpx.Client(verify=context)",
        "context.check_hostname = True",
        "context.verify_mode = ssl.CERT_REQUIRED",
        "server.starttls(context=ssl.create_default_context())",
        "jwt.decode(token, key, algorithms=['ES256'])",
        "form.verify(False)",
        "redis.Redis(host, ssl=False)",
        "# requests.get(url, verify=False)",
        "'verify=False is what nobody writes'",
    ],
)
def test_leaves_alone_what_verifies(line: str, tmp_path: Path) -> None:
    """A comment, a text, and a client that verifies are no violation."""
    assert looked(SOURCE, tmp_path, app__py=f"import ssl\n\n{line}\n") == {"held": ["the application's modules"]}


def test_says_what_it_cannot_know(tmp_path: Path) -> None:
    """A value of the configuration, and a file that is no Python of this version."""
    found = looked(SOURCE, tmp_path, app__py="requests.get(url, verify=settings.VERIFY)\n", old__py="print 'verify'\n")
    assert sorted(found["untried"]) == ["app.py:1", "old.py"]
    assert found.keys() == {"untried"}  # nothing holds beside it


@pytest.mark.parametrize(
    ("address", "held"),
    [
        ("postgresql://u:p@db.shop.example/shop?sslmode=verify-full", True),
        ("postgresql+asyncpg://db.shop.example/shop?ssl=verify-full", True),
        ("postgresql://db.shop.example/shop?sslmode=require", False),
        ("postgres://db.shop.example/shop", False),
        ("rediss://cache.shop.example:6379/0", True),
        ("rediss://cache.shop.example/0?ssl_cert_reqs=none", False),
        ("redis://cache:6379/0", False),
        ("amqps://queue.shop.example//", True),
        ("amqp://guest@queue.shop.example//", False),
        ("mysql+pymysql://db.shop.example/shop?ssl_ca=/etc/ca.pem&ssl_check_hostname=true", True),
        ("mysql://db.shop.example/shop?ssl=true", False),
        ("mongodb+srv://db.shop.example/shop", True),
        ("mongodb://db.shop.example/shop?tls=true&tlsInsecure=true", False),
        ("mssql+pyodbc://db.shop.example/shop?Encrypt=yes&TrustServerCertificate=no", True),
        ("smtp://mail.shop.example", False),
    ],
)
def test_judges_an_address_by_what_its_driver_does(address: str, *, held: bool, tmp_path: Path) -> None:
    """Encrypted is not verified: libpq's require believes anybody."""
    outcome = "held" if held else "broken"
    assert looked(ADDRESSES, tmp_path, app__py=f"URL = {address!r}\n") == {outcome: ["app.py:1"]}
    assert looked(ADDRESSES, tmp_path, app__py="", __env=f"# a comment\nURL={address}\n") == {outcome: [".env:2"]}


@pytest.mark.parametrize("address", ["redis://localhost:6379/0", "postgresql://u:p@127.0.0.1/shop", "postgresql:///shop", "amqp://[::1]//"])
def test_leaves_alone_what_stays_on_this_machine(address: str, tmp_path: Path) -> None:
    """There is no path on which somebody could stand."""
    assert looked(ADDRESSES, tmp_path, app__py=f"URL = {address!r}\n") == {"held": ["addresses"]}


def test_says_what_is_hidden_in_a_secret_store(tmp_path: Path) -> None:
    """What is put together elsewhere cannot be read here."""
    text = 'URL = "postgresql://${USER}:${PASSWORD}@${HOST}/shop"\n"""Connects to redis://cache.example."""\n'
    assert looked(ADDRESSES, tmp_path, app__py=text) == {"untried": ["app.py:1"]}


def test_never_shows_the_password_of_an_address(tmp_path: Path) -> None:
    """The report goes to more people than the settings."""
    (tmp_path / "app.py").write_text('URL = "postgresql://anna:hunter2@db.shop.example/shop"\n', encoding="utf-8")
    evidence = ADDRESSES.run(Looking(tmp_path, "app.py"))  # type: ignore[arg-type]  # looks read facts only
    assert "db.shop.example" in str(evidence)
    assert "hunter2" not in str(evidence)


def test_counts_what_it_read_where_nobody_is_spoken_to(tmp_path: Path) -> None:
    """An application without a client and without an address has nothing to verify; one without modules was not read."""
    stage: Any = Looking(tmp_path, "app.py")
    (tmp_path / "app.py").write_text("import flask\n", encoding="utf-8")
    assert ROGUES.run(stage).not_applicable
    assert [o.detail for o in ADDRESSES.run(stage).observations] == ["none stands in 1 modules and the settings files"]
    assert ADDRESSES.run(Looking(tmp_path / "nowhere")).not_verified  # type: ignore[arg-type]  # looks read facts only


def test_asks_for_the_function_that_makes_the_client(tmp_path: Path) -> None:
    """Clients that are built inline cannot be driven; what would unlock it is said."""
    stage: Any = Looking(tmp_path, "app.py")
    (tmp_path / "app.py").write_text("import requests\nfrom urllib import request\n", encoding="utf-8")
    evidence = ROGUES.run(stage)
    assert "requests, urllib.request" in evidence.not_verified
    assert "clients = [" in evidence.unlock
