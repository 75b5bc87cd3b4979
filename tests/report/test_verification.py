from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ringwork.prove.evidence import Outcome, Report
from ringwork.report import envelope, intoto, plain, verification
from tests.report import sample

COMMIT = "3f2c1a9b77d03f2c1a9b77d03f2c1a9b77d03f2c"
CLEAN = replace(sample.clean(), commit=COMMIT, tree="clean")
NOW = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)
KEY = Ed25519PrivateKey.generate()
SIGNER = envelope.Signer.of_pem(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
PUBLIC = envelope.Verifier.of_pem(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _verify(of: Report = CLEAN, **change: Any) -> verification.Verification:
    case = verification.Case(statement=intoto.render(of, SIGNER), report=plain.to_json(of), key=PUBLIC, commit=of.commit, now=NOW)
    return verification.verify(replace(case, **change))


def _outcomes(found: verification.Verification) -> dict[str, Outcome]:
    return {step.name: step.outcome for step in found.steps}


def _altered(**change: object) -> str:
    """The statement with its predicate altered, signed by the right key."""
    told = intoto.statement(CLEAN)
    told["predicate"].update(change)
    return envelope.seal(json.dumps(told), SIGNER)


def test_holds_where_every_step_does() -> None:
    """A signed statement of a clean run on this commit, of this week."""
    found = _verify()
    assert found.outcome is Outcome.HELD
    assert list(_outcomes(found)) == ["signature", "report", "content", "commit", "outcome", "age"]


@pytest.mark.parametrize(
    ("step", "change"),
    [
        ("report", {"report": plain.to_json(replace(CLEAN, seconds=1.0))}),
        ("report", {"report": plain.to_json(CLEAN) + " "}),
        ("report", {"report": "{}"}),
        ("content", {"statement": _altered(result="WARNED")}),
        ("content", {"statement": _altered(failedTests=["browser.csrf/token-matrix"])}),
        ("commit", {"commit": "f" * 40}),
        ("age", {"now": NOW + datetime.timedelta(days=40)}),
        ("age", {"now": NOW - datetime.timedelta(days=40)}),
        ("signature", {"statement": intoto.render(CLEAN)}),
        ("statement", {"statement": "no json"}),
        ("statement", {"statement": "[]"}),
        ("statement", {"statement": json.dumps({**intoto.statement(CLEAN), "predicateType": "https://slsa.dev/provenance/v1"})}),
        ("statement", {"statement": json.dumps({**intoto.statement(CLEAN), "subject": ["report.json"]})}),
    ],
)
def test_a_fault_breaks_its_own_step(step: str, change: dict[str, object]) -> None:
    """Altered, exchanged, of other code, too old, or not signed by who should have: it is no evidence, and says which."""
    found = _verify(**change)
    assert found.outcome is Outcome.BROKEN
    assert _outcomes(found)[step] is Outcome.BROKEN


def test_names_the_file_that_is_wanted() -> None:
    """Whoever hands in the report itself is told what to hand in."""
    (step,) = _verify(statement=plain.to_json(CLEAN)).steps
    assert step.outcome is Outcome.BROKEN
    assert "give the statement.json" in step.says


def test_another_key_does_not_hold() -> None:
    """Somebody signed it, but not the one who is trusted."""
    other = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert _outcomes(_verify(key=envelope.Verifier.of_pem(other)))["signature"] is Outcome.BROKEN


@pytest.mark.parametrize("statement", [intoto.render(CLEAN), intoto.render(CLEAN, SIGNER)], ids=["unsigned", "signed"])
def test_without_a_key_nothing_is_said_about_who_wrote_it(statement: str) -> None:
    """Untried is no pass."""
    found = _verify(statement=statement, key=None)
    assert _outcomes(found)["signature"] is Outcome.UNTRIED
    assert found.outcome is Outcome.UNTRIED


@pytest.mark.parametrize("tree", ["changed", ""])
def test_a_run_on_edited_code_is_bound_to_no_commit(tree: str) -> None:
    """Its commit step cannot be tried, and is told."""
    assert _outcomes(_verify(replace(CLEAN, tree=tree)))["commit"] is Outcome.UNTRIED


def test_without_a_commit_to_compare_with_the_step_is_open() -> None:
    """Outside of a checkout nobody knows what it should be of."""
    assert _outcomes(_verify(commit=""))["commit"] is Outcome.UNTRIED


def test_a_statement_cannot_claim_a_commit_that_its_report_does_not() -> None:
    """A run on edited code is not lifted to a commit by whoever writes the statement."""
    edited = replace(CLEAN, tree="changed")
    told = intoto.statement(edited)
    told["subject"].append({"name": "source", "digest": {"gitCommit": COMMIT}})
    found = _verify(edited, statement=envelope.seal(json.dumps(told), SIGNER))
    assert _outcomes(found)["commit"] is Outcome.BROKEN


@pytest.mark.parametrize("report", [sample.foreign(), sample.partial(), replace(CLEAN, exit_code=3, exit_reason="no login")])
def test_a_run_that_did_not_end_clean_is_no_evidence(report: Report) -> None:
    """The reason of its exit is told."""
    (step,) = [step for step in _verify(report).steps if step.name == "outcome"]
    assert step.outcome is Outcome.BROKEN
    assert report.exit_reason in step.says


@pytest.mark.parametrize("change", [{"since": "main", "left_out": {"GET /": "unchanged"}}, {"results": ()}])
def test_a_run_that_proved_nothing_is_no_evidence_of_anything(change: dict[str, object]) -> None:
    """A run of the changed routes, or of no check at all, ends clean and leaves the question open."""
    assert _outcomes(_verify(replace(CLEAN, **change)))["outcome"] is Outcome.UNTRIED  # type: ignore[arg-type]


@pytest.mark.parametrize("started_at", ["yesterday", "2026-11-23T21:04:05"])
def test_a_report_without_a_time_is_too_old(started_at: str) -> None:
    """Nobody can say how old it is."""
    assert _outcomes(_verify(replace(CLEAN, started_at=started_at)))["age"] is Outcome.BROKEN


def test_says_what_it_does_not_prove() -> None:
    """Even where every step held."""
    beyond = " ".join(_verify().beyond)
    assert "honest" in beyond
    assert "deployed" in beyond
    assert "checks that were not verified" in beyond
    assert "violated" not in beyond
    narrowed = replace(CLEAN, since="main", left_out={"GET /": "unchanged"})
    assert "the 1 routes that did not change since main" in " ".join(_verify(narrowed).beyond)
