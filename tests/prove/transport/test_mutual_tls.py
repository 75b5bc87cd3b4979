"""The proof of transport.mutual-tls: proven on the guarded clinics, violated on the breached ones, at the right place."""

from __future__ import annotations

import pytest

from ringwork.prove import witness
from ringwork.prove.check import Check
from ringwork.prove.evidence import Outcome
from ringwork.prove.transport import mutual_tls
from tests.prove import clinics, showing, unguarded

CHECKS = clinics.checks_of("transport.mutual-tls")


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_holds_on_the_guarded_clinic(framework: str, check: Check) -> None:
    """Only the known service reaches a handler, and no header makes anybody one."""
    showing.holds(framework, check)


@pytest.mark.parametrize("framework", clinics.FRAMEWORKS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_falls_on_the_breached_clinic(framework: str, check: Check) -> None:
    """With that defence out every wrong certificate gets in, and the headers of proxies reach the handlers."""
    showing.falls(framework, check)


def test_shows_every_wrong_certificate_by_its_name() -> None:
    """Nine that have to fail, beside the one that must not; each refusal has the good one as its control."""
    evidence = clinics.run("fastapi", CHECKS[0])
    assert [o.attack for o in evidence.observations] == [
        mutual_tls.KNOWN,
        "no certificate",
        "a certificate that nobody has signed",
        "a certificate of another authority",
        "an expired certificate",
        "a certificate of tomorrow",
        "a revoked certificate",
        "a server's certificate",
        "a certificate of an unknown name",
        "a certificate without a name",
    ]
    assert all(o.control is not None and o.control.as_user == "spiffe://clinic.example/laboratory" for o in evidence.observations)


def test_all_of_them_reach_the_handler_of_a_listener_that_asks_nobody() -> None:
    """So that each refusal above is the defence's, and not the client's own."""
    evidence = clinics.run("fastapi", CHECKS[0], ("transport.mutual-tls",))
    assert {o.outcome for o in evidence.observations} == {Outcome.BROKEN}


def test_a_trusted_proxy_would_have_counted() -> None:
    """Else the forged headers could have been wrong in some other way."""
    stage = clinics.clinic("fastapi").stage()
    try:
        (trusted,) = [o for o in mutual_tls.identity_header_spoof(stage).observations if o.attack == mutual_tls.TRUSTED]
    finally:
        stage.close()
    assert (trusted.outcome, "spiffe://clinic.example/laboratory" in trusted.detail) == (Outcome.HELD, True)


def test_proves_nothing_where_a_trusted_proxy_does_not_count_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a pass that could not fail."""
    untried = witness.saw(Outcome.UNTRIED, mutual_tls.TRUSTED, "a copy that trusts the prover", "no principal")
    stage = clinics.clinic("fastapi").stage()
    try:
        monkeypatch.setattr(mutual_tls, "_counts_when_trusted", lambda *_: untried)
        evidence = mutual_tls.identity_header_spoof(stage)
    finally:
        stage.close()
    assert evidence.not_verified == f"{mutual_tls.TRUSTED}: no principal"


def test_says_what_would_unlock_it_where_no_service_is_named() -> None:
    """An application without an internal listener is not proven to have one."""
    with unguarded.serving(unguarded.PLAIN) as stage:
        for check in CHECKS:
            evidence = check.run(stage)
            assert "no internal listener is declared" in evidence.not_verified
            assert "services" in evidence.unlock
