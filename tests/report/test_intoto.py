from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat

from ringwork.errors import KeyUnusable
from ringwork.prove.evidence import Report, Verdict
from ringwork.report import envelope, intoto, plain
from tests.report import sample

COMMIT = "3f2c1a9b77d03f2c1a9b77d03f2c1a9b77d03f2c"
CLEAN = replace(sample.clean(), commit=COMMIT, tree="clean")


def _pem(key: Any, passphrase: bytes = b"") -> bytes:
    protected = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protected))


def _public(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _statement(report: Report) -> dict[str, Any]:
    return dict(json.loads(intoto.render(report)))


def test_names_the_report_by_its_digest() -> None:
    """Another report, or one that was altered by a letter, is not the one of the statement."""
    written = plain.to_json(CLEAN).encode()
    first = _statement(CLEAN)["subject"][0]
    assert first == {"name": "report.json", "digest": {"sha256": hashlib.sha256(written).hexdigest()}}


@pytest.mark.parametrize(
    ("change", "bound"),
    [({}, True), ({"tree": "changed"}, False), ({"tree": ""}, False), ({"commit": "3f2c1a9"}, False), ({"commit": ""}, False)],
)
def test_names_a_commit_only_where_the_tree_was_that_commit(change: dict[str, str], bound: bool) -> None:
    """Evidence of edited code is no evidence for the commit below it."""
    digests = [subject["digest"] for subject in _statement(replace(CLEAN, **change))["subject"]]  # type: ignore[arg-type]
    assert ({"gitCommit": COMMIT} in digests) is bound


def test_is_a_test_result_of_version_0_1() -> None:
    """The types and the required fields of both standards."""
    told = _statement(CLEAN)
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert told["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    (configuration,) = told["predicate"]["configuration"]
    assert json.loads(base64.b64decode(configuration["content"]))["command"] == CLEAN.command


def test_lists_what_passed_and_what_failed_and_nothing_else() -> None:
    """A check that was not verified is in no list: it neither passed nor failed."""
    report = sample.foreign()
    told = _statement(report)["predicate"]
    listed = {*told["passedTests"], *told["warnedTests"], *told["failedTests"]}
    assert listed == {str(r.check) for r in report.results if r.verdict in {Verdict.PROVEN, Verdict.VIOLATED, Verdict.ACCEPTED}}
    assert "browser.csrf/token-matrix" in told["failedTests"]
    assert _statement(CLEAN)["predicate"]["failedTests"] == []


def test_what_the_baseline_knows_is_a_warning() -> None:
    """As in the run itself; one new finding in the same check is a failure."""
    report = replace(sample.foreign(), baseline="b.json")
    known = replace(report, known=tuple(f.id for f in report.findings))
    assert "browser.csrf/token-matrix" in _statement(known)["predicate"]["warnedTests"]
    fresh = replace(report, known=tuple(f.id for f in report.findings if f.where != "POST /profile"))
    assert "browser.csrf/token-matrix" in _statement(fresh)["predicate"]["failedTests"]


@pytest.mark.parametrize(
    ("report", "result"),
    [
        (CLEAN, "PASSED"),
        (replace(CLEAN, results=(replace(CLEAN.results[0], verdict=Verdict.ACCEPTED), *CLEAN.results[1:])), "WARNED"),
        (replace(CLEAN, since="main", left_out={"GET /": "unchanged"}), "WARNED"),
        (replace(CLEAN, since="main"), "PASSED"),
        (replace(CLEAN, results=()), "WARNED"),
        (sample.foreign(), "FAILED"),
        (sample.partial(), "FAILED"),
        (replace(CLEAN, exit_code=3), "FAILED"),
    ],
    ids=["clean", "accepted", "narrowed", "since", "nothing", "findings", "partial", "inconclusive"],
)
def test_only_a_clean_run_has_passed(report: Report, result: str) -> None:
    """A run that proves nothing has failed: the standard knows no third."""
    assert _statement(report)["predicate"]["result"] == result


def test_encodes_as_the_specification_says() -> None:
    """The example of the DSSE specification, protocol 1.0.2."""
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert envelope.encoded("http://example.com/HelloWorld", b"hello world") == expected


def test_a_signed_statement_opens_with_the_right_key_alone() -> None:
    """The signature is over the statement as it stands in the envelope."""
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    sealed = intoto.render(CLEAN, envelope.Signer.of_pem(_pem(key)))
    opened = envelope.open_unverified(sealed)
    assert opened.payload.decode() == intoto.render(CLEAN)
    assert opened.is_signed_by(envelope.Verifier.of_pem(_public(key)))
    assert not opened.is_signed_by(envelope.Verifier.of_pem(_public(other)))


def test_a_key_id_decides_nothing() -> None:
    """An envelope may claim any; only the signature counts."""
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    theirs = envelope.Verifier.of_pem(_public(other))
    sealed = json.loads(intoto.render(CLEAN, envelope.Signer.of_pem(_pem(key))))
    sealed["signatures"][0]["keyid"] = theirs.key_id
    assert not envelope.open_unverified(json.dumps(sealed)).is_signed_by(theirs)


@pytest.mark.parametrize("part", ["payload", "payloadType"])
def test_an_altered_envelope_does_not_hold(part: str) -> None:
    """Neither the statement nor the type that it is read as can be exchanged."""
    key = Ed25519PrivateKey.generate()
    sealed = json.loads(intoto.render(CLEAN, envelope.Signer.of_pem(_pem(key))))
    sealed[part] = base64.b64encode(b"{}").decode()
    assert not envelope.open_unverified(json.dumps(sealed)).is_signed_by(envelope.Verifier.of_pem(_public(key)))


def test_either_alphabet_of_base64_is_read() -> None:
    """The specification asks it of a reader."""
    key = Ed25519PrivateKey.generate()
    sealed = json.loads(intoto.render(CLEAN, envelope.Signer.of_pem(_pem(key))))
    sealed["signatures"][0]["sig"] = base64.urlsafe_b64encode(base64.b64decode(sealed["signatures"][0]["sig"])).decode()
    assert envelope.open_unverified(json.dumps(sealed)).is_signed_by(envelope.Verifier.of_pem(_public(key)))


@pytest.mark.parametrize("text", ["no json", '{"payload": 5}', '{"payload": "e30=", "payloadType": "x", "signatures": [{"sig": "%"}]}'])
def test_a_broken_envelope_is_refused(text: str) -> None:
    """It is neither an unsigned statement nor a signed one."""
    with pytest.raises(ValueError):  # noqa: PT011 - the JSON reader's own kind as well
        envelope.open_unverified(text)


def test_a_protected_key_needs_its_passphrase() -> None:
    """And works with it; no message quotes either."""
    pem = _pem(Ed25519PrivateKey.generate(), passphrase=b"river-and-rye")
    assert envelope.Signer.of_pem(pem, passphrase=b"river-and-rye").key_id
    with pytest.raises(KeyUnusable, match="RINGWORK_SIGN_PASSPHRASE"):
        envelope.Signer.of_pem(pem)
    with pytest.raises(KeyUnusable) as refused:
        envelope.Signer.of_pem(pem, passphrase=b"another-word")
    assert "another-word" not in str(refused.value)


def test_a_key_of_another_kind_is_refused() -> None:
    """With the command that makes the right one."""
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(KeyUnusable, match="ed25519"):
        envelope.Signer.of_pem(_pem(other))
    with pytest.raises(KeyUnusable, match="Ed25519"):
        envelope.Verifier.of_pem(_public(other))
    for read in (envelope.Signer.of_pem, envelope.Verifier.of_pem):
        with pytest.raises(KeyUnusable, match="openssl"):
            read(b"no key at all")
    with pytest.raises(KeyUnusable, match="no passphrase"):
        envelope.Signer.of_pem(_pem(Ed25519PrivateKey.generate()), passphrase=b"needless")
