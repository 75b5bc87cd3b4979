"""What a client's certificate says of its owner."""

from __future__ import annotations

import ssl
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.crypto import client_certificates
from ringwork.crypto.client_certificates import LIMIT_BYTES
from ringwork.errors import ExtraMissing
from ringwork.survey.wire import forge

AUTHORITY = forge.make_authority()
PEM = AUTHORITY.client(["spiffe://clinic.example/ward", "Ward.Internal", "10.0.0.7"])[0].decode("ascii")


def test_reads_each_kind_of_name_by_itself() -> None:
    """URIs as they stand, host names in lower case, addresses not at all; PEM and DER alike."""
    found = client_certificates.read(PEM)
    assert (found.uris, found.hosts) == (("spiffe://clinic.example/ward",), ("ward.internal",))
    assert found.is_for_clients
    assert not found.is_authority
    assert client_certificates.read(ssl.PEM_cert_to_DER_cert(PEM)) == found


def test_reads_days_serial_and_purpose() -> None:
    """What the guard decides by."""
    found = client_certificates.read(AUTHORITY.client([], days=(1, 3), serial=255, purpose=forge.FOR_SERVERS)[0].decode("ascii"))
    assert (found.uris, found.hosts, found.serial, found.is_for_clients) == ((), (), "ff", False)
    assert found.not_after - found.not_before == 2 * 86_400
    assert client_certificates.read(AUTHORITY.certificate_pem.decode("ascii")).is_authority


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_takes_any_bytes_without_another_fault(raw: bytes | str) -> None:
    """Hostile bytes of a header are a ValueError, and nothing else."""
    with pytest.raises(ValueError, match=r"."):
        client_certificates.read(raw)


def test_reads_nothing_that_is_too_long() -> None:
    """A header of megabytes is not parsed."""
    with pytest.raises(ValueError, match="more than"):
        client_certificates.read(b"0" * (LIMIT_BYTES + 1))


def test_names_the_extra_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cryptography nobody is let in, and the message says what to install."""
    client_certificates.read.cache_clear()
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[tls\]"):
        client_certificates.read(PEM)
