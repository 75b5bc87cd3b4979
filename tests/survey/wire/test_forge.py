from __future__ import annotations

import datetime
import ipaddress

from cryptography import x509

from ringwork.survey.wire.forge import make_authority


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
