"""Sealed values: they open where they were sealed, and nowhere else; held to published vectors and to their written format."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pickle
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers import aead
from hypothesis import given
from hypothesis import strategies as st

from ringwork.crypto import sealing
from ringwork.crypto.places import Place
from ringwork.crypto.sealing import Bound, Cipher, Profile, Suite, bind, from_text, kid_of, read_header, to_text
from ringwork.errors import ExtraMissing, SealBroken
from ringwork.frozen import replace
from ringwork.secret import Secret

VECTORS = Path(__file__).parent.parent / "vectors"
KEY = Secret(bytes(range(32)))
KID = 7
PLACE = Place(table="patients", column="note", row=(UUID(int=5),), tenant="ward", version=3)
SIV = Cipher(KEY, kid=KID, table="patients", column="note")
STRICT = Cipher(KEY, kid=KID, table="patients", column="note", suite=Suite.XAES_256_GCM)
CIPHERS = pytest.mark.parametrize("cipher", [SIV, STRICT], ids=["siv", "xaes"])
PROFILES = pytest.mark.parametrize("profile", list(Profile), ids=[each.name for each in Profile])


def _cases(name: str) -> list[Any]:
    return [pytest.param(case, id=case["case"]) for case in json.loads((VECTORS / name).read_text())["cases"]]


@pytest.mark.parametrize("case", _cases("aes_256_gcm_siv_wycheproof.json"))
def test_encrypts_as_published(case: dict[str, str]) -> None:
    """RFC 8452 and Wycheproof: the cipher behind suite 1 makes the published values and refuses the altered ones."""
    cipher = sealing._aead(Suite.AES_256_GCM_SIV, bytes.fromhex(case["key"]))
    assert cipher is not None
    nonce, aad, plaintext, sealed = (bytes.fromhex(case[name]) for name in ("iv", "aad", "msg", "ct"))
    sealed += bytes.fromhex(case["tag"])
    if case["result"] == "valid":
        assert cipher.encrypt(nonce, plaintext, aad) == sealed
        assert cipher.decrypt(nonce, sealed, aad) == plaintext
    else:
        with pytest.raises(InvalidTag):
            cipher.decrypt(nonce, sealed, aad)


@given(
    st.binary(max_size=3000),
    st.sampled_from([SIV, STRICT]),
    st.sampled_from(Profile),
    st.lists(st.one_of(st.integers(), st.text(st.characters(codec="utf-8")), st.uuids()), min_size=1, max_size=3).map(tuple),
)
def test_opens_what_it_sealed(plaintext: bytes, cipher: Cipher, profile: Profile, row: tuple[int, ...]) -> None:
    """Any bytes, any row, each profile and suite."""
    place = replace(PLACE, row=row)
    assert cipher.open(cipher.seal(plaintext, place, profile=profile), place, profile=profile) == plaintext


@pytest.mark.parametrize(("size", "siv", "strict"), [(0, 38, 50), (32, 38, 50), (2048, 38, 50), (2049, 50, 50), (4096, 50, 50)])
def test_adds_the_same_few_bytes_to_every_value(size: int, siv: int, strict: int) -> None:
    """Thirty-eight up to 2 KiB, fifty above and for strict profiles; both kinds open in one column."""
    sealed = SIV.seal(bytes(size), PLACE)
    assert len(sealed) == size + siv
    assert len(STRICT.seal(bytes(size), PLACE)) == size + strict
    assert SIV.open(sealed, PLACE) == bytes(size)
    assert read_header(sealed).suite is (Suite.AES_256_GCM_SIV if siv == 38 else Suite.XAES_256_GCM)


@CIPHERS
def test_seals_the_same_value_differently_each_time(cipher: Cipher) -> None:
    """Against a reader who finds equal values, or values with an equal beginning."""
    sealed = {cipher.seal(b"same value", PLACE)[10:] for _ in range(500)}
    assert len(sealed) == 500
    assert len({each[:12] for each in sealed}) == 500
    assert len({each[-26:-16] for each in sealed}) == 500


@CIPHERS
@PROFILES
def test_refuses_every_altered_bit(cipher: Cipher, profile: Profile) -> None:
    """Header, nonce, ciphertext and tag: no single bit may differ."""
    sealed = cipher.seal(b"secret", PLACE, profile=profile)
    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            cipher.open(bytes(altered), PLACE, profile=profile)
    assert cipher.open(sealed, PLACE, profile=profile) == b"secret"


@CIPHERS
def test_refuses_every_cut_and_every_addition(cipher: Cipher) -> None:
    """Cut at any place from either end, or with a byte more."""
    sealed = cipher.seal(b"a value of some length", PLACE)
    for at in range(len(sealed)):
        for cut in (sealed[:at], sealed[at + 1 :]):
            with pytest.raises(SealBroken):
                cipher.open(cut, PLACE)
    for longer in (sealed + b"\0", b"\0" + sealed, sealed + sealed):
        with pytest.raises(SealBroken):
            cipher.open(longer, PLACE)


@CIPHERS
@pytest.mark.parametrize(
    ("profile", "moved"),
    [
        (Profile.ROW, {"row": (UUID(int=6),)}),
        (Profile.ROW, {"row": (UUID(int=5), UUID(int=5))}),
        (Profile.ROW, {"row": (UUID(int=5).bytes,)}),
        (Profile.TENANT, {"row": (UUID(int=6),)}),
        (Profile.TENANT, {"tenant": "other"}),
        (Profile.VERSION, {"row": (UUID(int=6),)}),
        (Profile.VERSION, {"tenant": "other"}),
        (Profile.VERSION, {"tenant": None}),
        (Profile.VERSION, {"version": 2}),
    ],
)
def test_refuses_a_value_that_was_moved(cipher: Cipher, profile: Profile, moved: dict[str, Any]) -> None:
    """Against a value that somebody with write access copies to his own row, tenant, or from an older state of the row."""
    sealed = cipher.seal(b"secret", PLACE, profile=profile)
    with pytest.raises(SealBroken, match=r"patients\.note: the value does not open"):
        cipher.open(sealed, replace(PLACE, **moved), profile=profile)


@pytest.mark.parametrize("suite", list(Suite))
@pytest.mark.parametrize(("table", "column"), [("patients", "name"), ("doctors", "note"), ("patientsn", "ote"), ("", "")])
def test_refuses_a_value_of_another_column(suite: Suite, table: str, column: str) -> None:
    """Against a value that is copied to a column which more people read; the same key, another cell."""
    sealed = Cipher(KEY, kid=KID, table="patients", column="note", suite=suite).seal(b"secret", PLACE)
    if not table:
        with pytest.raises(ValueError, match="name table and column"):
            Cipher(KEY, kid=KID, table=table, column=column, suite=suite)
        return
    other = Cipher(KEY, kid=KID, table=table, column=column, suite=suite)
    with pytest.raises(SealBroken):
        other.open(sealed, replace(PLACE, table=table, column=column))


@PROFILES
@pytest.mark.parametrize("claimed", list(Profile), ids=[each.name for each in Profile])
def test_lets_the_reader_choose_the_profile(profile: Profile, claimed: Profile) -> None:
    """Against a value whose header asks for less than its column does."""
    sealed = SIV.seal(b"secret", PLACE, profile=profile)
    if claimed is profile:
        assert SIV.open(sealed, PLACE, profile=claimed) == b"secret"
        return
    with pytest.raises(SealBroken, match=f"bound by {profile.name}, and {claimed.name} is asked for"):
        SIV.open(sealed, PLACE, profile=claimed)
    relabelled = sealed[:8] + claimed.to_bytes(2, "big") + sealed[10:]
    with pytest.raises(SealBroken, match="does not open"):
        SIV.open(relabelled, PLACE, profile=claimed)


def test_reads_only_the_suites_that_the_reader_named() -> None:
    """A strict column reads no other cipher, unless it says so while old values are sealed anew."""
    sealed = SIV.seal(b"secret", PLACE)
    with pytest.raises(SealBroken, match="AES_256_GCM_SIV is not read here"):
        STRICT.open(sealed, PLACE)
    moving = Cipher(KEY, kid=KID, table="patients", column="note", suite=Suite.XAES_256_GCM, opens=(Suite.AES_256_GCM_SIV,))
    assert moving.open(sealed, PLACE) == b"secret"
    assert read_header(moving.seal(b"secret", PLACE)).suite is Suite.XAES_256_GCM
    relabelled = sealed[:2] + b"\x02" + sealed[3:]
    with pytest.raises(SealBroken):
        moving.open(relabelled, PLACE)


@pytest.mark.parametrize(
    "other", [Cipher(KEY, kid=8, table="patients", column="note"), Cipher(Secret(b"x" * 32), kid=KID, table="patients", column="note")]
)
def test_refuses_a_value_of_another_key(other: Cipher) -> None:
    """Another number, or another key under the same number."""
    with pytest.raises(SealBroken):
        other.open(SIV.seal(b"secret", PLACE), PLACE)
    relabelled = SIV.seal(b"secret", PLACE)[:4] + other.kid.to_bytes(4, "big") + SIV.seal(b"secret", PLACE)[8:]
    with pytest.raises(SealBroken):
        other.open(relabelled, PLACE)


@pytest.mark.parametrize(
    "stored", [b"role=admin", b"", b"\xb3", None, "role=admin", 7, b"\xb3\x01\x01\0\0\0\0\x07\0\x01" + b"role=admin", b"A" * 80]
)
def test_refuses_what_was_never_sealed(stored: Any) -> None:
    """Against plain text written into the column: it raises, and is never a trusted value."""
    for cipher in (SIV, STRICT):
        with pytest.raises(SealBroken, match=r"^patients\.note: "):
            cipher.open(stored, PLACE)


@given(st.binary(max_size=120))
def test_refuses_any_bytes(stored: bytes) -> None:
    """Whatever stands in the column, the answer is SealBroken."""
    for claimed in (stored, SIV.seal(b"", PLACE)[:10] + stored):
        with pytest.raises(SealBroken):
            SIV.open(claimed, PLACE)


def test_opens_what_a_driver_returns_as_a_view() -> None:
    """Some drivers give a memoryview; others a bytearray."""
    sealed = SIV.seal(b"secret", PLACE)
    assert SIV.open(memoryview(sealed), PLACE) == SIV.open(bytearray(sealed), PLACE) == b"secret"  # type: ignore[arg-type]


def test_reads_the_header_as_it_is_written() -> None:
    """The number of the key stands in every value, so that no key is ever tried."""
    header = read_header(STRICT.seal(b"", PLACE, profile=Profile.TENANT))
    assert (header.suite, header.kid, header.profile) == (Suite.XAES_256_GCM, KID, Profile.TENANT)
    sealed = SIV.seal(b"", PLACE)
    for at, value in ((0, 0), (1, 2), (2, 0), (2, 3), (3, 1), (8, 1), (9, 4)):
        with pytest.raises(SealBroken):
            read_header(sealed[:at] + bytes([value]) + sealed[at + 1 :])
    with pytest.raises(SealBroken, match="cut short"):
        read_header(sealed[:-1])
    assert kid_of(sealed) == KID
    for stored in (b"", b"plain text", b"\xb3\x02" + sealed[2:], sealed[:9], None):
        with pytest.raises(SealBroken):
            kid_of(stored)  # type: ignore[arg-type]


def _by_hand(sealed: bytes, *labels: bytes, tail: bytes, count: int) -> bytes:
    """Format 1, opened from its description alone."""
    suite, nonce_end = {1: b"AES_256_GCM_SIV", 2: b"XAES_256_GCM"}[sealed[2]], {1: 22, 2: 34}[sealed[2]]
    info = b"".join(len(part).to_bytes(4, "big") + part for part in (suite, *labels))
    extracted = hmac.digest(b"ringwork sealed column 1", KEY.reveal(), hashlib.sha256)
    key = hmac.digest(extracted, (3).to_bytes(4, "big") + info + b"\x01", hashlib.sha256)
    covered = sealed[:10] + count.to_bytes(4, "big") + b"".join(len(part).to_bytes(4, "big") + part for part in labels) + tail
    return aead.AESGCMSIV(key).decrypt(sealed[10:nonce_end], sealed[nonce_end:], covered)


def test_writes_the_format_that_is_described() -> None:
    """A second reader, made from the description, opens what was sealed."""
    row = b"\0\0\0\x15" + b"\0\0\0\x10\x04" + UUID(int=5).bytes
    plain = SIV.seal(b"secret", PLACE)
    assert plain[:10].hex() == "b3010100000000070001"
    assert _by_hand(plain, b"patients", b"note", tail=row, count=3) == b"secret"
    full = SIV.seal(b"secret", PLACE, profile=Profile.VERSION)
    assert _by_hand(full, b"patients", b"note", tail=row + b"\0\0\0\x04ward" + b"\0\0\0\x08" + (3).to_bytes(8, "big"), count=5) == b"secret"
    unbound = SIV.seal(b"secret", PLACE, profile=Profile.UNBOUND)
    assert _by_hand(unbound, b"patients", b"note", tail=b"", count=2) == b"secret"


@pytest.mark.parametrize("case", _cases("sealed_format_1.json"))
def test_opens_values_of_the_first_day(case: dict[str, Any]) -> None:
    """What was stored once opens for ever: a change of format is a new version beside this one."""
    row = tuple(UUID(part) if len(str(part)) == 36 else part for part in case["row"])
    place = Place(table="patients", column="note", row=row, tenant=case["tenant"], version=case["version"])
    cipher = Cipher(KEY, kid=case["kid"], table="patients", column="note", suite=Suite(case["suite"]))
    opened = cipher.open(from_text(case["sealed"]), place, profile=Profile(case["profile"]))
    assert opened == bytes.fromhex(case["plaintext"])


def test_refuses_a_place_of_another_column_before_it_seals() -> None:
    """A mistake of the program is told as one, with what to ask for."""
    for use in (lambda place: SIV.seal(b"", place), lambda place: SIV.open(b"", place)):
        with pytest.raises(ValueError, match=r"seals patients\.note; ask the keyring for one of patients\.name"):
            use(replace(PLACE, column="name"))


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        (Profile.ROW, replace(PLACE, row=())),
        (Profile.TENANT, replace(PLACE, tenant=None)),
        (Profile.VERSION, replace(PLACE, version=None)),
    ],
)
def test_refuses_a_place_without_what_the_profile_binds(profile: Profile, place: Place) -> None:
    """Nothing is bound to "nobody": the missing part is named."""
    with pytest.raises(ValueError, match="the place names no"):
        SIV.seal(b"", place, profile=profile)


@CIPHERS
@PROFILES
@pytest.mark.parametrize("size", [20, 3000])
def test_seals_the_same_for_a_row_that_is_bound_once(cipher: Cipher, profile: Profile, size: int) -> None:
    """The short way of the object mappers is the same format, and refuses the same."""
    bound = bind(PLACE.row, profile=profile, tenant=PLACE.tenant, version=PLACE.version)
    assert cipher.open(cipher.seal_bound(bytes(size), bound, profile), PLACE, profile=profile) == bytes(size)
    sealed = cipher.seal(bytes(size), PLACE, profile=profile)
    assert cipher.open_bound(sealed, bound, profile) == bytes(size)
    for broken, other in ((sealed, Bound(bound + b"\0")), (sealed[:-1], bound), (b"plain", bound)):
        with pytest.raises(SealBroken):
            cipher.open_bound(broken, other, profile)


def test_takes_no_number_for_a_profile() -> None:
    """A number that happens to fit says less than a name."""
    with pytest.raises(TypeError, match="name the profile"):
        bind((1,), profile=2)  # type: ignore[arg-type]


def test_binds_a_version_without_tenants_too() -> None:
    """Where nobody owns rows, a version is bound all the same."""
    place = replace(PLACE, tenant=None)
    assert SIV.open(SIV.seal(b"x", place, profile=Profile.VERSION), place, profile=Profile.VERSION) == b"x"


@pytest.mark.parametrize("changes", [{"key": Secret(bytes(16))}, {"key": Secret(bytes(33))}, {"kid": -1}, {"kid": 1 << 32}])
def test_takes_no_key_or_number_of_another_size(changes: dict[str, Any]) -> None:
    """A short key is no key; a number that does not fit would name another."""
    given_ = {"key": KEY, "kid": 1, "table": "patients", "column": "note", **changes}
    with pytest.raises(ValueError, match=r"32 random bytes|whole number"):
        Cipher(given_.pop("key"), **given_)


def test_takes_no_value_that_is_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column is no place for gigabytes; and text is encoded by whoever knows what it is."""
    monkeypatch.setattr(sealing, "LARGEST_BYTES", 1 << 20)
    with pytest.raises(ValueError, match="belongs in a file"):
        SIV.seal(bytes((1 << 20) + 1), PLACE)
    with pytest.raises(TypeError):
        SIV.seal("text", PLACE)  # type: ignore[arg-type]


def test_falls_to_xaes_where_the_library_has_no_siv(monkeypatch: pytest.MonkeyPatch) -> None:
    """An older OpenSSL seals with AES-GCM, says so, and never reads what it cannot."""
    sealed = SIV.seal(b"secret", PLACE)

    def missing(key: bytes) -> None:
        raise UnsupportedAlgorithm("AES-GCM-SIV is not supported by this version of OpenSSL")

    monkeypatch.setattr(aead, "AESGCMSIV", missing)
    cipher = Cipher(KEY, kid=KID, table="patients", column="note")
    assert cipher.suite is Suite.XAES_256_GCM
    assert STRICT.open(cipher.seal(b"secret", PLACE), PLACE) == b"secret"
    with pytest.raises(SealBroken, match="AES_256_GCM_SIV is not read here"):
        cipher.open(sealed, PLACE)


def test_names_the_extra_where_cryptography_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library nothing is sealed, and the way to it is told."""
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(ExtraMissing, match=r"ringwork\[sealing\]"):
        Cipher(KEY, kid=KID, table="patients", column="note")


def test_shows_no_key_and_travels_nowhere() -> None:
    """Against a key in a log, a pickle or a cache."""
    assert repr(SIV) == "Cipher(kid=7, patients.note, AES_256_GCM_SIV)"
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(SIV)


def test_serves_many_threads_at_once() -> None:
    """Against one thread's value under another's key or row: nothing in a cipher changes."""
    wrong: list[str] = []
    other = Cipher(Secret(b"y" * 32), kid=9, table="patients", column="note")

    def work(cipher: Cipher, number: int) -> None:
        place = replace(PLACE, row=(number,))
        for turn in range(300):
            plaintext = b"%d of %d" % (turn, number)
            if cipher.open(cipher.seal(plaintext, place), place) != plaintext:
                wrong.append(f"{turn} of {number}")

    threads = [threading.Thread(target=work, args=(cipher, number)) for number, cipher in enumerate([SIV, other, STRICT] * 2)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


@given(st.binary(max_size=100))
def test_writes_one_text_for_each_value(sealed: bytes) -> None:
    """For columns of text: there and back."""
    assert from_text(to_text(sealed)) == sealed


def test_reads_no_text_that_it_did_not_write() -> None:
    """Against two texts that mean one value: padding, other alphabets, spaces and left-over bits are refused."""
    sealed = SIV.seal(b"xy", PLACE)
    text = to_text(sealed)
    twin = text[:-1] + chr(ord(text[-1]) + 1)
    assert base64.urlsafe_b64decode(twin + "=" * (-len(twin) % 4)) == sealed
    for claimed in (
        twin,
        text + "=",
        text + "==",
        text + "\n",
        " " + text,
        text.replace(text[4], "+", 1),
        "é" + text,
        "a",
        text[:-1] + "\0",
    ):
        with pytest.raises(SealBroken, match="not sealed"):
            from_text(claimed)
    with pytest.raises(SealBroken):
        from_text(sealed)  # type: ignore[arg-type]
