"""What is read from certificates: time, names, strength, key, and whether a chain holds together."""

from __future__ import annotations

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from ringwork.crypto import certificates
from ringwork.errors import CertificateUnusable
from ringwork.secret import Secret
from ringwork.survey.wire import forge
from ringwork.survey.wire.forge import Leaf

AUTHORITY = forge.make_authority()
SHA256 = hashes.SHA256()


def made(key, *, names: tuple[str, ...] = ("shop.test",), over=SHA256) -> bytes:
    """A certificate signed by itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=10))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
    return builder.sign(key, over).public_bytes(Encoding.PEM)


def test_reads_names_time_and_strength() -> None:
    """What a server is asked about is read as it stands."""
    one = certificates.read_chain(made(rsa.generate_private_key(65537, 2048), names=("shop.test", "*.shop.test")))[0]
    assert (one.names, one.key, one.signed_over, one.serial) == (("shop.test", "*.shop.test"), "RSA 2048", "sha256", "7")
    assert one.not_after - one.not_before == 10 * 86_400
    assert one.strong
    assert one.development == "it is signed by itself"


@pytest.mark.parametrize(("key", "strong"), [(rsa.generate_private_key(65537, 1024), False), (rsa.generate_private_key(65537, 2048), True)])
def test_calls_a_key_weak_that_can_be_computed(key, *, strong: bool) -> None:
    """RSA below 2048 bits is no protection any more."""
    assert certificates.read_chain(made(key))[0].strong is strong


def test_takes_a_key_of_a_modern_curve_for_strong() -> None:
    """Ed25519 has no hash of its own to be asked for."""
    one = certificates.read_chain(made(ed25519.Ed25519PrivateKey.generate(), over=None))[0]
    assert (one.key, one.strong, one.signed_over) == ("Ed25519", True, "its own")


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("shop.test", True),
        ("SHOP.test.", True),
        ("www.shop.test", True),
        ("a.b.shop.test", False),
        ("notshop.test", False),
        ("test", False),
        ("127.0.0.1", False),
    ],
)
def test_knows_for_whom_it_is(host: str, *, fits: bool) -> None:
    """A wildcard stands for one label, and never for an address."""
    assert certificates.read_chain(made(ed25519.Ed25519PrivateKey.generate(), names=("shop.test", "*.shop.test"), over=None))[0].is_for(
        host
    ) is (fits)


def test_knows_an_address() -> None:
    """Names and addresses are of different kinds."""
    one = certificates.read_chain(AUTHORITY.leaf(["127.0.0.1", "::1"])[0])[0]
    assert one.is_for("127.0.0.1")
    assert one.is_for("[::1]")
    assert not one.is_for("127.0.0.2")


def test_finds_where_a_chain_breaks() -> None:
    """Two certificates that do not belong together are a server that some clients cannot reach."""
    leaf = AUTHORITY.leaf(["shop.test"])[0]
    assert certificates.breaks(leaf + AUTHORITY.certificate_pem) == ""
    assert "certificate 1 was not issued by certificate 2" in certificates.breaks(leaf + forge.make_authority().certificate_pem)
    assert certificates.breaks(AUTHORITY.certificate_pem + leaf)


def test_tells_whether_a_key_belongs_to_a_certificate() -> None:
    """A pair that was mixed up ends a server at its start."""
    (leaf, key), (_, other) = AUTHORITY.leaf(["shop.test"]), AUTHORITY.leaf(["shop.test"])
    assert certificates.key_fits(leaf, Secret(key))
    assert not certificates.key_fits(leaf, Secret(other))


def test_refuses_a_locked_key_and_says_so() -> None:
    """A server cannot ask for a passphrase."""
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"word"))
    with pytest.raises(CertificateUnusable, match="passphrase"):
        certificates.key_fits(AUTHORITY.leaf(["shop.test"])[0], Secret(locked))


@pytest.mark.parametrize(
    "pem", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"x" * 2_000_000]
)
def test_refuses_what_is_no_certificate(pem: bytes) -> None:
    """Hostile and broken files end in one error, not in the library's many."""
    with pytest.raises(CertificateUnusable):
        certificates.read_chain(pem)


def test_quotes_nothing_of_what_is_no_key() -> None:
    """A file that was named by mistake may hold another secret."""
    with pytest.raises(CertificateUnusable) as caught:
        certificates.key_fits(AUTHORITY.leaf(["shop.test"])[0], Secret(b"password=hunter2"))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "told"), [(Leaf.DEVELOPMENT, "made for development"), (Leaf.SELF_SIGNED, "signed by itself"), (Leaf.GOOD, "")]
)
def test_knows_a_development_certificate_by_its_mark(kind: Leaf, told: str) -> None:
    """The prover writes the mark down once more, and both mean the same."""
    found = certificates.read_chain(AUTHORITY.leaf(["shop.test"], kind)[0])[0].development
    assert told in found
    assert bool(found) is bool(told)
    assert forge.DEVELOPMENT_OID == certificates.DEVELOPMENT_OID


def test_needs_no_unencrypted_key_to_read_a_chain() -> None:
    """A file with key and chain in one is read for its chain."""
    leaf, key = AUTHORITY.leaf(["shop.test"])
    assert len(certificates.read_chain(key + leaf)) == 1
