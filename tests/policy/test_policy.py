"""The policy: every fault at once, each with what to write instead."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

import ringwork
from ringwork.enforce.data.message_integrity import Sender
from ringwork.errors import PolicyInvalid
from ringwork.installation import Installation
from ringwork.policy import files
from ringwork.policy.declare import exemption_among, rule_of
from ringwork.policy.policy import Mode, Policy, Waiver, is_loopback_name
from ringwork.route import Public, Requires, Signed


def faults_of(**fields: Any) -> tuple[str, ...]:
    with pytest.raises(PolicyInvalid) as caught:
        Policy(**fields)
    return caught.value.faults


def test_is_valid_without_any_setting() -> None:
    """The default is the safe choice: only loopback is served."""
    assert Policy().origin == ""


def test_tells_all_faults_at_once() -> None:
    """One start, one list: nobody mends faults one by one."""
    assert len(faults_of(origin="https://shop.example/path", mode="strict", identify_seconds=0)) == 3


@pytest.mark.parametrize(
    ("origin", "part"),
    [
        ("https://shop.example/", "has a path"),
        ("shop.example", "is no origin"),
        ("https://*.shop.example", "wildcard"),
        ("http://shop.example", "only for loopback"),
        ("https://Shop.example", "capital letters"),
    ],
)
def test_refuses_an_origin_that_is_none(origin: str, part: str) -> None:
    """Trap 9: origins are exact, parsed values, never patterns."""
    assert part in faults_of(origin=origin)[0]


@pytest.mark.parametrize("host", ["*", "*.shop.example", ".shop.example", "Shop.example", "shop.example/", ""])
def test_refuses_a_host_that_is_a_pattern(host: str) -> None:
    """A wildcard host is no allow list."""
    assert "exact" in faults_of(origin="https://shop.example", hosts=(host,))[0]


def test_refuses_hosts_without_an_origin() -> None:
    """Links and cookies need one canonical place."""
    assert "origin is not" in faults_of(hosts=("shop.example",))[0]


def test_refuses_a_short_key() -> None:
    """A key that can be guessed signs for everybody."""
    assert "too few" in faults_of(key=ringwork.Secret(b"short"))[0]


def test_refuses_a_rule_that_names_no_method() -> None:
    """A rule has to say exactly what it opens."""
    assert "METHOD /path" in faults_of(rules={"/docs": ringwork.public("docs")})[0]


def test_refuses_a_waiver_without_an_owner() -> None:
    """An accepted risk has somebody who answers for it."""
    waiver = Waiver(control="browser.csrf", reason="legacy", owner=" ", until=datetime.date(2027, 1, 31))
    assert "owner" in faults_of(waivers=(waiver,))[0]


def test_reads_every_kind_of_setting_from_a_file(tmp_path: Path) -> None:
    """What can be written in code can be written in the file."""
    path = tmp_path / "ringwork.toml"
    path.write_text(
        'origin = "https://shop.example"\nhosts = ["www.shop.example"]\nmode = "production"\n'
        "[browser.csrf]\nlifetime_seconds = 600\n"
        '[[rules]]\nroute = "GET /docs"\npublic = "documentation"\n'
        '[[rules]]\nroute = "GET /stats"\nrequires = ["admin"]\n'
        '[[waivers]]\ncontrol = "browser.csrf"\nreason = "legacy"\nowner = "ops"\nuntil = 2027-01-31\n',
        encoding="utf-8",
    )
    policy = files.load(path)
    assert (policy.origin, policy.hosts, policy.mode, policy.csrf.lifetime_seconds) == (
        "https://shop.example",
        ("www.shop.example",),
        Mode.PRODUCTION,
        600,
    )
    assert policy.rules["GET /docs"].rule == Public(reason="documentation")
    assert policy.rules["GET /stats"].rule == Requires(roles=frozenset({"admin"}))
    assert policy.waivers[0].until == datetime.date(2027, 1, 31)


def test_reads_senders_and_the_routes_that_take_their_messages(tmp_path: Path) -> None:
    """Rules of a file may mark what cannot be marked in code; a secret stands there by its variable's name alone."""
    path = tmp_path / "ringwork.toml"
    path.write_text(
        """
        [data.message-integrity]
        senders = [{ name = "bank", form = "stripe", keys = ["env:BANK_SECRET"] }]
        [[rules]]
        route = "POST /paid"
        signed = "bank"
        [[rules]]
        route = "POST /results"
        signed = "laboratory"
        purpose = "result 1"
        [[rules]]
        routes = ["GET /file", "GET /picture"]
        signed_link = "download 1"
        once = true
        """,
        encoding="utf-8",
    )
    policy = files.load(path)
    assert policy.message_integrity.senders == (Sender(name="bank", form="stripe", keys=("env:BANK_SECRET",)),)
    assert {name: mark.rule for name, mark in policy.rules.items()} == {
        "POST /paid": Signed(sender="bank"),
        "POST /results": Signed(sender="laboratory", purpose="result 1"),
        "GET /file": Signed(purpose="download 1", once=True),
        "GET /picture": Signed(purpose="download 1", once=True),
    }


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('[[rules]]\nroute = "POST /x"\nsigned = "bank"\npublic = "both"', "signed_link"),
        ('[[rules]]\nroute = "POST /x"\npublic = "no purpose"\npurpose = "x"', "signed_link"),
        ('[[rules]]\nroute = "POST /x"\nsigned = "bank"\nonce = true', "signed_link"),
        ('[[rules]]\nroute = "POST /x"\nsigned = ""', "names the sender"),
        ('[[rules]]\nroute = "POST /x"\nsigned_link = ""', "names the purpose"),
        ('[data.message-integrity]\nsenders = [{ name = "bank", keys = ["the secret itself"] }]', "env:NAME"),
        ('[data.message-integrity]\nsenders = [{ name = "bank", secrets = ["the secret itself"] }]', "secrets"),
    ],
)
def test_refuses_a_rule_for_messages_that_is_none(tmp_path: Path, text: str, part: str) -> None:
    """Two rules in one row, what belongs to another rule, or a secret that would be committed; it is not repeated in the error."""
    path = tmp_path / "ringwork.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=part) as raised:
        files.load(path)
    assert "the secret itself" not in str(raised.value)


def test_reads_the_table_of_pyproject(tmp_path: Path) -> None:
    """[tool.ringwork] is found in the working directory; a pyproject.toml without it is none."""
    project = tmp_path / "pyproject.toml"
    project.write_text("[project]\nname='x'\n", encoding="utf-8")
    assert files.find(tmp_path) is None
    project.write_text('[tool.ringwork]\norigin = "https://shop.example"\n', encoding="utf-8")
    assert files.find(tmp_path) == project
    assert files.load(project).origin == "https://shop.example"


def test_finds_a_table_whose_name_is_written_with_escapes(tmp_path: Path) -> None:
    """Against settings that are there and not read: TOML lets a key be spelled in escapes, so their presence is enough to parse."""
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool."ring\\u0077ork"]\norigin = "https://clinic.example"\n', encoding="utf-8")
    assert files.find(tmp_path) == project
    project.write_text('[tool.other]\nname = "caf\\u00e9"\n', encoding="utf-8")
    assert files.find(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('orign = "https://shop.example"', "did you mean 'origin'"),
        ("[browser.csfr]\nlifetime_seconds = 1", "did you mean 'csrf'"),
        ("[browser.csrf]\nlifetime_second = 1", "did you mean 'lifetime_seconds'"),
        ('[browser.csrf]\nlifetime_seconds = "long"', "a whole number"),
        ('hosts = "shop.example"', "a list of texts"),
        ('[[rules]]\nroute = "GET /x"', 'either public = "reason" or requires'),
        ('[[waivers]]\ncontrol = "browser.csrf"', "until = 2027-01-31"),
        ("origin = 5", "give a text"),
        ("identify_seconds = true", "a number of seconds"),
        ('rules = "GET /docs"', r"\[\[rules\]\]"),
        ('[rules]\nroute = "GET /x"', r"\[\[rules\]\]"),
        ('[[rules]]\nroute = "GET /x"\npublic = ""', "needs a reason"),
        ('[[waivers]]\ncontrol = "browser.csrf"\nresaon = "x"', "did you mean 'reason'"),
        ('[browser]\ncsrf = "on"', "a table of settings"),
        ("[browser.cookie-attributes]\nexceptions = [{ name = 'x' }]", "reason"),
        ("[browser.cookie-attributes]\nexceptions = ['x']", "give a table"),
        ("[browser.csrf]\nlifetime_seconds = true", "a whole number"),
        ("origin = ", "no valid TOML"),
    ],
)
def test_refuses_a_file_with_a_fault_and_says_what_to_write(tmp_path: Path, text: str, part: str) -> None:
    """Trap 4: a mistyped key would switch a defence off in silence."""
    path = tmp_path / "ringwork.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyInvalid, match=part):
        files.load(path)


def test_marks_do_not_pass_to_subclasses() -> None:
    """Trap 7: a rule that is inherited unseen protects, or opens, what nobody looked at."""

    @ringwork.public("parent")
    class Parent: ...

    class Child(Parent): ...

    assert isinstance(rule_of(Parent), Public)
    assert rule_of(Child) is None


def test_refuses_two_rules_on_one_handler() -> None:
    """Which of two would count is nothing to guess."""
    with pytest.raises(ValueError, match="two marks"):
        ringwork.requires()(ringwork.public("x")(lambda: None))


@pytest.mark.parametrize("mark", [lambda: ringwork.public(""), lambda: ringwork.csrf_exempt(" "), lambda: ringwork.requires("")])
def test_refuses_a_mark_without_its_reason_or_role(mark: Any) -> None:
    """An opening without a reason is an oversight."""
    with pytest.raises(ValueError, match=r"reason|role"):
        mark()


def test_keeps_the_reason_of_an_exemption() -> None:
    """What is let through says why."""
    assert exemption_among([("handler", ringwork.csrf_exempt("the webhook is signed")(lambda: None))]) == "the webhook is signed"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("a.localhost", True),
        ("127.3.4.5:1", True),
        ("[::1]:1", True),
        ("shop.example", False),
        ("10.0.0.1", False),
    ],
)
def test_knows_what_can_only_be_this_machine(host: str, expected: bool) -> None:
    """Loopback mode must not be talked into serving others."""
    assert is_loopback_name(host) is expected


def installation(**fields: Any) -> Installation:
    return Installation(Policy(**fields), only=None, list_routes=list)


@pytest.mark.parametrize("text", ["not base64!", "c2hvcnQ="])
def test_refuses_a_key_of_the_environment_that_is_none(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A weak key must not start."""
    monkeypatch.setenv("RINGWORK_KEY", text)
    with pytest.raises(PolicyInvalid, match="RINGWORK_KEY"):
        installation()


def test_the_environment_decides_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators switch without a new build; an unknown word is refused."""
    monkeypatch.setenv("RINGWORK_MODE", "observe")
    assert installation().mode is Mode.OBSERVE
    monkeypatch.setenv("RINGWORK_MODE", "off")
    with pytest.raises(PolicyInvalid, match="RINGWORK_MODE"):
        installation()


def test_does_not_let_the_environment_disarm_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against one variable that opens everything: observe over production needs a waiver."""
    monkeypatch.setenv("RINGWORK_MODE", "observe")
    with pytest.raises(PolicyInvalid, match="waiver"):
        installation(mode="production")


@pytest.mark.parametrize(
    ("control", "route", "until", "disarmed"),
    [
        ("access.deny-by-default", "", datetime.date(2100, 1, 1), True),
        ("access.deny-by-default", "", datetime.date(2000, 1, 1), False),
        ("access.deny-by-default", "POST /hook", datetime.date(2100, 1, 1), False),
        ("browser.csrf", "", datetime.date(2100, 1, 1), False),
    ],
)
def test_only_a_waiver_of_the_rules_themselves_disarms_production(
    monkeypatch: pytest.MonkeyPatch, control: str, route: str, until: datetime.date, disarmed: bool
) -> None:
    """Against a waiver of something else, of one route, or of long ago that opens everything."""
    monkeypatch.setenv("RINGWORK_MODE", "observe")
    waiver = Waiver(control=control, reason="a test", owner="ops", until=until, route=route)
    if disarmed:
        assert installation(mode="production", waivers=(waiver,)).mode is Mode.OBSERVE
        return
    with pytest.raises(PolicyInvalid, match="waiver"):
        installation(mode="production", waivers=(waiver,))


def test_production_asks_for_origin_and_key() -> None:
    """What a developer's machine may go without stops the start of production."""
    found = installation(mode="production")
    with pytest.raises(PolicyInvalid) as caught:
        found.settle()
    assert any("origin" in fault for fault in caught.value.faults)
    assert any("RINGWORK_KEY" in fault for fault in caught.value.faults)


def test_refuses_a_store_that_is_none() -> None:
    """A store that does not exist cannot count."""
    with pytest.raises(PolicyInvalid, match="sqlite:path"):
        installation(store="redis")


@pytest.mark.parametrize("only", [[], ["browser.csfr"]])
def test_refuses_an_only_that_switches_nothing_on(only: list[str]) -> None:
    """A mistyped control would be left out in silence."""
    with pytest.raises(PolicyInvalid, match="only"):
        Installation(Policy(), only=only, list_routes=list)


def test_shows_what_a_mark_says() -> None:
    """A mark in a traceback or a settings dump can be read."""
    assert "open" in repr(ringwork.public("open"))


def test_refuses_to_mark_what_cannot_carry_a_mark() -> None:
    """A rule that does not stick would open or shut nothing."""
    with pytest.raises(ValueError, match="cannot be marked"):
        ringwork.requires()("a path")


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"trusted_origins": ("evil",)}, "trusted_origins[0]"),
        ({"rules": {"GET /x": Public(reason="x")}}, "give requires(...) or public"),
        ({"waivers": (Waiver(control="a", reason="b", owner="c", until="soon"),)}, "write a date"),  # type: ignore[arg-type]  # a fault
        ({"csrf": None}, "CsrfSettings"),
    ],
)
def test_refuses_what_a_checker_of_types_would_have_told(fields: dict[str, Any], part: str) -> None:
    """Not everybody runs one."""
    assert part in faults_of(**fields)[0]


def test_tells_faults_of_file_and_values_together(tmp_path: Path) -> None:
    """One list, whatever kind they are of."""
    path = tmp_path / "ringwork.toml"
    path.write_text('orign = "x"\norigin = "https://shop.example/"\n', encoding="utf-8")
    with pytest.raises(PolicyInvalid) as caught:
        files.load(path)
    assert len(caught.value.faults) == 2
    assert files.find(tmp_path) == path


def test_an_origin_with_a_path_is_answered_with_the_origin_alone() -> None:
    """The fault shows what was given and the very value to write instead."""
    (fault,) = faults_of(origin="https://Shop.example/app")
    assert "'https://Shop.example/app'" in fault
    assert '"https://shop.example"' in fault


def test_refuses_lines_that_toml_gives_to_the_last_table(tmp_path):
    """Settings put at the end of a file with [[prove.users]] would be one user's, and the guard would have none."""
    path = tmp_path / "ringwork.toml"
    users = '[[prove.users]]\nname = "anna"\nroles = ["clerk"]\n'
    path.write_text(users)
    assert files.load(path).rules == Policy().rules
    path.write_text(users + "identify = {django_user = true}\nbrowser.csrf = {}\n")
    with pytest.raises(PolicyInvalid, match="move it above the first line that begins with") as refused:
        files.load(path)
    assert [fault.split(": ")[1] for fault in refused.value.faults] == ["prove.users[0].identify", "prove.users[0].browser"]
