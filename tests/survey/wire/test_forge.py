from __future__ import annotations

import datetime
import ipaddress

import jwt
import pytest
from cryptography import x509

from ringwork.survey.wire.forge import forged_token, make_authority, parts_of


def _leaf(names):
    return x509.load_pem_x509_certificate(make_authority().leaf(names)[0])


def test_names_hosts_and_addresses():
    """Both kinds stand as what they are, so that clients match them."""
    names = _leaf(["shop.example", "127.0.0.1", "::1"]).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["shop.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]


def test_lasts_a_day():
    """A certificate of a run is of no use tomorrow."""
    leaf = _leaf(["shop.example"])
    left = leaf.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(hours=23) < left <= datetime.timedelta(days=1)


def test_is_signed_by_its_own_authority_only():
    """Each run makes an authority of its own."""
    authority = make_authority()
    leaf = x509.load_pem_x509_certificate(authority.leaf(["shop.example"])[0])
    leaf.verify_directly_issued_by(authority.certificate)
    assert make_authority().certificate_pem != authority.certificate_pem


def test_makes_no_leaf_into_an_authority():
    """A leaf signs nothing."""
    assert _leaf(["shop.example"]).extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_forges_a_token_that_a_library_can_read_and_nobody_issued(algorithm):
    """It has the right form, so that a check that reads claims without the signature is found out."""
    forged = forged_token(subject="ada", algorithm=algorithm)
    assert jwt.decode(forged, options={"verify_signature": False})["sub"] == "ada"
    with pytest.raises(jwt.InvalidTokenError):
        jwt.decode(forged, "a key of at least thirty-two bytes, for tests", algorithms=["HS256"])


def test_takes_over_what_the_application_issued():
    """The forged token says the same as a real one, expiry apart, under another signature."""
    real = jwt.encode({"sub": "ada", "iss": "shop", "exp": 4102444800}, "a key of at least thirty-two bytes, for tests", algorithm="HS256")
    forged = forged_token(real, exp=1)
    assert jwt.decode(forged, options={"verify_signature": False, "verify_exp": False}) == {"sub": "ada", "iss": "shop", "exp": 1}
    assert forged.rpartition(".")[2] != real.rpartition(".")[2]


def test_takes_the_signature_off():
    """An unsigned token ends in its last dot."""
    forged = forged_token(algorithm="none")
    assert forged.endswith(".")
    assert jwt.get_unverified_header(forged)["alg"] == "none"


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "e30.e30", "bnVsbA.bnVsbA.x", "\u00e9.\u00e9.\u00e9"])
def test_reads_no_token_where_there_is_none(text):
    """Opaque tokens are left alone."""
    assert parts_of(text) is None
