"""What is checked and said when a guarded application starts, and what the prover's copy may change."""

from __future__ import annotations

import base64
import logging
import os
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

import ringwork
from ringwork import protect as face
from ringwork.errors import PolicyInvalid, UnsupportedApp
from ringwork.installation import Installation
from ringwork.names import ControlId
from ringwork.policy.policy import Mode, Policy
from ringwork.route import Handler, Public, Requires, Route, RouteKind
from ringwork.stores.memory import MemorySpentTokens
from ringwork.stores.sqlite import SqliteSpentTokens


def route(path: str = "/notes", rule: Any = None, kind: RouteKind = RouteKind.HTTP) -> Route:
    methods = frozenset() if kind is RouteKind.WEBSOCKET else frozenset({"GET", "HEAD"})
    return Route(kind=kind, path=path, methods=methods, handler=Handler(name="notes.view"), rule=rule)


def installed(*routes: Route, only: Any = None, **fields: Any) -> Installation:
    return Installation(Policy(**{"origin": "https://clinic.example", **fields}), only=only, list_routes=lambda: list(routes))


def said(installation: Installation, caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.WARNING, "ringwork"):
        installation.settle()
    return "\n".join(record.getMessage() for record in caplog.records)


def test_names_each_route_without_a_rule_and_what_to_write(caplog: pytest.LogCaptureFixture) -> None:
    """A developer reads at start what will be refused, before a user does."""
    text = said(installed(route()), caplog)
    assert "GET /notes (notes.view) has no rule" in text
    assert "requires(...)" in text


def test_names_a_rule_that_means_no_route(caplog: pytest.LogCaptureFixture) -> None:
    """A rule that guards nothing is a mistake: its route was renamed, or never was."""
    text = said(installed(route(rule=Public(reason="x")), rules={"GET /other": ringwork.public("x")}), caplog)
    assert "rules['GET /other'] names no route" in text


def test_names_a_role_that_nobody_has(caplog: pytest.LogCaptureFixture) -> None:
    """A mistyped role shuts everybody out, or worse is granted later by chance."""
    text = said(installed(route(rule=Requires(roles=frozenset({"amdin"}))), roles=("admin",), identify=lambda _: None), caplog)
    assert "requires amdin" in text


def test_says_that_nobody_can_enter_without_identify(caplog: pytest.LogCaptureFixture) -> None:
    """Rules that ask for a principal need somebody who finds one."""
    assert "`identify` is not set" in said(installed(route(rule=Requires())), caplog)


def test_says_nothing_about_rules_that_are_not_enforced(caplog: pytest.LogCaptureFixture) -> None:
    """With `only` headers nobody is denied, so a missing rule is no news."""
    assert said(installed(route(), only=["browser.security-headers"]), caplog) == ""


def test_looks_once(caplog: pytest.LogCaptureFixture) -> None:
    """The second request costs no second look."""
    one = installed(route())
    said(one, caplog)
    caplog.clear()
    assert said(one, caplog) == ""


def test_leaves_a_level_that_the_operator_chose(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Logging is the operator's; only an unset level is set."""
    logger = logging.getLogger("ringwork.security")
    monkeypatch.setattr(logger, "level", logging.CRITICAL)
    said(installed(), caplog)
    assert logger.level == logging.CRITICAL


def test_production_runs_all_controls() -> None:
    """`only` is the first step of adoption, not the last."""
    with pytest.raises(PolicyInvalid, match="only: production runs all controls"):
        installed(only=["browser.csrf"], mode="production", key=ringwork.Secret(b"k" * 32)).settle()


def test_takes_identify_by_name_when_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings file may name a function of the module that calls protect(), which is not whole before the start."""
    module = types.ModuleType("late_module")
    monkeypatch.setitem(sys.modules, "late_module", module)
    one = installed(route(rule=Requires()), identify="late_module:who")
    module.who = lambda request: None  # type: ignore[attr-defined]  # what the module defines further down
    one.settle()
    assert one.pipeline.policy.identify is module.who


def test_refuses_an_identify_that_is_not_there() -> None:
    """Without it nobody could enter, and nobody would know why."""
    fault = installed(identify="no.such.module:who").unsettled()
    assert fault is not None
    assert "package.module:function" in str(fault)


def test_takes_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that share a key take each other's tokens."""
    monkeypatch.setenv("RINGWORK_KEY", base64.b64encode(b"k" * 32).decode())
    assert installed().site.key == ringwork.Secret(b"k" * 32)


def test_makes_a_fresh_key_where_none_is_given() -> None:
    """No key is better than a known one."""
    assert installed().site.key != installed().site.key


@pytest.mark.parametrize(("store", "kind"), [("memory", MemorySpentTokens), (MemorySpentTokens(), MemorySpentTokens)])
def test_takes_the_store_that_is_named(store: Any, kind: type) -> None:
    """By word, or as an object of one's own."""
    assert isinstance(installed(store=store).site.spent, kind)


def test_takes_a_store_on_disk(tmp_path: Path) -> None:
    """Several processes on one machine share it."""
    assert isinstance(installed(store=f"sqlite:{tmp_path}/spent.sqlite3").site.spent, SqliteSpentTokens)


class Forgetful:
    """A store that always says yes."""

    blocking = False

    def claim(self, token_id: bytes, *, now: float, until: float) -> bool:
        return True


def test_refuses_a_store_that_does_not_count() -> None:
    """Trap 24: a store that forgets switches single use off in silence."""
    with pytest.raises(PolicyInvalid, match="granted the same token twice"):
        installed(store=Forgetful())


def test_a_copy_answers_under_its_own_origin_too() -> None:
    """The prover's copy listens on another port than the policy's origin names."""
    one = installed()
    one.recompile(origin="https://clinic.example:4443", without=frozenset({ControlId("browser.csrf")}), production=True)
    assert b"clinic.example:4443" in one.site.hosts
    assert one.mode is Mode.PRODUCTION
    assert "browser.csrf" not in one.pipeline.controls


def test_a_copy_without_an_origin_stays_on_loopback_names() -> None:
    """Recompiling is no way to open an unconfigured application."""
    with pytest.raises(PolicyInvalid, match="loopback names only"):
        installed(origin="").recompile(origin="https://clinic.example")


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("GET /notes", RouteKind.HTTP, True),
        ("GET,POST /notes", RouteKind.HTTP, True),
        ("ANY /notes", RouteKind.HTTP, True),
        ("POST /notes", RouteKind.HTTP, False),
        ("GET /note", RouteKind.HTTP, False),
        ("WEBSOCKET /notes", RouteKind.WEBSOCKET, True),
    ],
)
def test_finds_a_rule_of_the_policy_by_method_and_path(name: str, kind: RouteKind, found: bool) -> None:
    """A rule opens what it names and nothing beside it."""
    asked = route(kind=kind)
    rule = installed(rules={name: ringwork.public("x")}).find_rule(asked.methods, asked.path, ())
    assert (rule.rule is not None) is found


def test_reads_the_settings_of_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """protect(app) alone is enough where a file says the rest; without one, loopback is served."""
    monkeypatch.chdir(tmp_path)
    bare = face(FastAPI())
    (tmp_path / "ringwork.toml").write_text('origin = "https://shop.example"\n', encoding="utf-8")
    told = face(FastAPI())
    origins = [vars(app)["__ringwork_installation__"].policy.origin for app in (bare, told)]
    assert origins == ["", "https://shop.example"]


@pytest.mark.parametrize("app", [object(), FastAPI])
def test_refuses_what_is_no_application(app: Any) -> None:
    """A factory or a class is guarded by nothing."""
    with pytest.raises(UnsupportedApp, match="the application object itself"):
        face(app, Policy())


def test_refuses_a_policy_that_is_none() -> None:
    """A dictionary would be read by nobody."""
    with pytest.raises(UnsupportedApp, match=r"ringwork\.Policy"):
        face(FastAPI(), {"origin": "https://shop.example"})  # type: ignore[arg-type]  # what a newcomer may try


def test_prints_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A faulty key is described, never shown."""
    monkeypatch.setenv("RINGWORK_KEY", "c2hvcnQ=")
    with pytest.raises(PolicyInvalid) as caught:
        installed()
    assert os.environ["RINGWORK_KEY"] not in str(caught.value)


def test_warns_of_settings_that_nobody_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A rule in the file does nothing beside a policy in code; the developer is told."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ringwork.toml").write_text('origin = "https://shop.example"\n[prove]\n', encoding="utf-8")
    with caplog.at_level(logging.WARNING, "ringwork"):
        face(FastAPI(), Policy())
    assert "ringwork.toml: origin not read" in caplog.text


def test_says_in_observe_what_enforce_would_do(caplog: pytest.LogCaptureFixture) -> None:
    """observe refuses nothing, and must not say that it does."""
    assert "would be refused in enforce" in said(installed(route(), mode="observe"), caplog)
