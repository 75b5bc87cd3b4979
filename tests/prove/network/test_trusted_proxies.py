"""The proof of network.trusted-proxies: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import dataclasses

import pytest

from ringwork.prove import judge, witness
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome, Verdict
from ringwork.prove.network import trusted_proxies
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("network.trusted-proxies")


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


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
def test_sees_the_header_count_on_a_copy_that_trusts_the_prover(framework: str) -> None:
    """Without it a pass would say nothing: the same header from a trusted proxy does change who is asking."""
    (check,) = (check for check in CHECKS if check.id.endswith("spoofed-forwarding"))
    seen = {o.attack: o for o in clinics.run(framework, check).observations}
    assert seen[trusted_proxies.CONTROL_OF_TRUST].outcome is Outcome.HELD
    assert seen["forged address in the records"].outcome is Outcome.HELD
    assert seen["forged user name opens a private page"].outcome is Outcome.HELD


@pytest.mark.parametrize(
    "text", [unguarded.REDIRECTING, pytest.param(unguarded.COUNTING, marks=pytest.mark.slow)], ids=["uvicorn", "werkzeug"]
)
def test_finds_middleware_that_believes_whoever_connects(text: str) -> None:
    """A layer that trusts every peer, and one that counts hops without asking who connects."""
    with unguarded.serving(text) as stage:
        found = unguarded.broken(trusted_proxies.spoofed_forwarding(stage))
        assert {"forged X-Forwarded-For", "forged X-Forwarded-Proto"} <= set(found)
        assert unguarded.broken(trusted_proxies.proxy_trust_settings(stage))


def test_says_nothing_of_what_handlers_read_by_themselves() -> None:
    """A framework that resolves nothing is no proof: the header still reaches the handlers."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        assert judge.first_verdict(trusted_proxies.spoofed_forwarding(stage)) is Verdict.NOT_VERIFIED
        assert judge.first_verdict(trusted_proxies.proxy_trust_settings(stage)) is Verdict.NOT_VERIFIED


@pytest.mark.parametrize(("given", "fault"), [("*", True), ("10.0.0.7,*", True), ("0.0.0.0/0", True), ("10.0.0.7, 10.1.0.0/16", False)])
def test_judges_whom_the_server_is_told_to_believe(given: str, *, fault: bool) -> None:
    """Everybody in any spelling is a fault, addresses are none."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        stage.facts = dataclasses.replace(stage.facts, settings={"FORWARDED_ALLOW_IPS": given})
        assert bool(unguarded.broken(trusted_proxies.proxy_trust_settings(stage))) is fault


def test_reads_whom_the_server_is_told_to_believe(monkeypatch: pytest.MonkeyPatch) -> None:
    """FORWARDED_ALLOW_IPS of the shell reaches the copy, which never acts on it."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with unguarded.serving(unguarded.PLAIN.replace("home", "start")) as stage:
        assert "believes everybody" in unguarded.broken(trusted_proxies.proxy_trust_settings(stage))["trust in proxies"]


def test_proves_nothing_where_the_header_counts_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a pass that could not fail: the header of a trusted proxy was not seen to count either."""
    untried = witness.saw(Outcome.UNTRIED, trusted_proxies.CONTROL_OF_TRUST, "a copy that trusts the prover", "does not count")
    stage = clinics.clinic("fastapi").stage()
    try:
        monkeypatch.setattr(trusted_proxies, "_counts_when_trusted", lambda _: iter([untried]))
        evidence = trusted_proxies.spoofed_forwarding(stage)
    finally:
        stage.close()
    assert judge.first_verdict(evidence) is Verdict.NOT_VERIFIED
    assert evidence.not_verified == f"{trusted_proxies.CONTROL_OF_TRUST}: does not count"


def test_tries_nothing_where_the_policy_trusts_the_prover() -> None:
    """A proxy on loopback that is named as a whole network makes the prover one of its own."""
    stage = clinics.clinic("fastapi").stage()
    try:
        guard = stage.facts.guard
        assert guard is not None
        for proxies, verdict in ((["127.0.0.0/8"], Verdict.NOT_VERIFIED), (["127.0.0.1", "unix"], Verdict.PROVEN)):
            stage.facts = dataclasses.replace(
                stage.facts, guard=dataclasses.replace(guard, settings={**guard.settings, "trusted_proxies": {"proxies": proxies}})
            )
            assert judge.first_verdict(trusted_proxies.spoofed_forwarding(stage)) is verdict
    finally:
        stage.close()
