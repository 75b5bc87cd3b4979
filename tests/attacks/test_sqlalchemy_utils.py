"""Attacks that succeed on the encrypted columns of sqlalchemy-utils, and fail on sealed values: A1 to A4, A6 to A8 of data-protection.md.

Each attack is one function that is run on both. What it comes to is true of theirs and false of ours.
"""

from __future__ import annotations

import hashlib
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from sqlalchemy_utils.types.encrypted.encrypted_type import AesEngine, AesGcmEngine, FernetEngine

from ringwork.crypto import sealing
from ringwork.errors import KeyRefused, SealBroken
from ringwork.keys.keyring import memory_keyring
from ringwork.secret import Secret
from tests.attacks.vaults import PASSPHRASE, Sealed, SealedColumns, SqlalchemyUtils, Vault

Make = Callable[[], Vault]
OURS: tuple[Make, ...] = (Sealed, lambda: Sealed(sealing.Suite.XAES_256_GCM), SealedColumns)


def _on(*theirs: Make) -> pytest.MarkDecorator:
    """The attack on each of theirs, where it succeeds, and on ours, where it does not."""
    cases = [(make, True) for make in theirs] + [(make, False) for make in OURS]
    return pytest.mark.parametrize(("make", "succeeds"), cases, ids=[make().name for make, _ in cases])


def _engine(engine: type[Any], padding: str | None = None) -> Make:
    return lambda: SqlalchemyUtils(engine, padding=padding)


def _accepted(vault: Vault, cell: bytes) -> str | None:
    """What the library makes of a forged cell; None where it refuses."""
    try:
        return vault.try_cell(cell)
    except (ValueError, IndexError, SealBroken, KeyRefused):
        return None


def sees_equal_values(vault: Vault) -> bool:
    """A1: whoever reads the database sees who shares a value with whom, and whose values begin alike."""
    for row, column in ((1, "secret"), (2, "secret"), (3, "public")):
        vault.store(row, column, "alice@example.org")
    vault.store(4, "secret", "DE89370400440532013000")
    vault.store(5, "secret", "DE89370400440532999111")
    whole = vault.cell(1, "secret") == vault.cell(2, "secret") == vault.cell(3, "public")
    blocks = [{vault.cell(row, "secret")[at : at + 16] for at in range(len(vault.cell(row, "secret")) - 15)} for row in (4, 5)]
    return whole and bool(blocks[0] & blocks[1])


@_on(SqlalchemyUtils)
def test_a01_equal_values_are_seen_only_in_theirs(make: Make, *, succeeds: bool) -> None:
    """Their default engine has one IV for all: rows, columns and tables are compared without the key."""
    assert sees_equal_values(make()) is succeeds


def reads_the_secret_of_another(vault: Vault, *, into: tuple[int, str]) -> bool:
    """A2: copy the cell of a victim to a row, or a column, that the attacker may read."""
    vault.store(1, "secret", "the victim's diagnosis")
    vault.store(into[0], into[1], "the attacker's own")
    assert vault.read(*into) == "the attacker's own"
    vault.overwrite(*into, vault.cell(1, "secret"))
    try:
        return vault.read(*into) == "the victim's diagnosis"
    except SealBroken:
        return False


@pytest.mark.parametrize("into", [(2, "secret"), (1, "public"), (2, "public")], ids=["row", "column", "both"])
@_on(SqlalchemyUtils, _engine(AesGcmEngine), _engine(FernetEngine))
def test_a02_a_copied_cell_is_read_only_in_theirs(make: Make, into: tuple[int, str], *, succeeds: bool) -> None:
    """All three engines, authenticated ones too, open a cell wherever it stands."""
    assert reads_the_secret_of_another(make(), into=into) is succeeds


def cuts_a_value_short(vault: Vault) -> bool:
    """A3: drop the end of a cell, so that a limit or a scope is gone."""
    value = "limit=100;role=u;expires=2026-01-01;scope=read-only"
    vault.store(1, "secret", value)
    cell = vault.cell(1, "secret")
    found = [_accepted(vault, cell[:at]) for at in range(16, len(cell))]
    return any(text is not None and text != value and value.startswith(text) for text in found)


@_on(_engine(AesEngine), _engine(AesEngine, "zeroes"), _engine(AesEngine, "oneandzeroes"))
def test_a03_a_value_is_cut_short_only_in_theirs(make: Make, *, succeeds: bool) -> None:
    """Three of their four paddings take a cut at the edge of a block; ours takes none at any byte."""
    assert cuts_a_value_short(make()) is succeeds


def rewrites_an_amount(vault: Vault, *, tries: int) -> bool:
    """A4: change a number in the middle of a known value, without the key; repeat until the block before it is text again."""
    value, wanted = "note=padpadpadpapadpadpadpadpada;amount=0000100;currency=EUR", b"9999999"
    vault.store(1, "secret", value)
    cell, chance = vault.cell(1, "secret"), random.Random(2)
    # The block before the amount begins here: in theirs 16 bytes to each block, in ours as far from the end.
    at = value.index("0000100")
    before = at // 16 * 16 - 16 + (0 if len(cell) % 16 == 0 else len(cell) - len(value) - 16)
    free = [spot for spot in range(16) if not at % 16 <= spot < at % 16 + 7]
    for _ in range(tries):
        forged = bytearray(cell)
        for spot, (old, new) in enumerate(zip(b"0000100", wanted, strict=True)):
            forged[before + at % 16 + spot] ^= old ^ new
        for spot in chance.sample(free, 5):
            forged[before + spot] ^= chance.randrange(1, 8)
        text = _accepted(vault, bytes(forged))
        if text is not None and "9999999" in text:
            vault.overwrite(1, "secret", bytes(forged))
            return "9999999" in vault.read(1, "secret")
    return False


def test_a04_an_amount_is_rewritten_in_theirs() -> None:
    """CBC without a tag: a few thousand tries, a fraction of a second, and the application reads another amount."""
    assert rewrites_an_amount(SqlalchemyUtils(), tries=60_000)


@pytest.mark.parametrize("make", OURS, ids=[make().name for make in OURS])
def test_a04_no_edit_is_taken_by_ours(make: Make) -> None:
    """The same edits at every place where the amount could stand: none opens at all."""
    vault = make()
    assert not rewrites_an_amount(vault, tries=50 if isinstance(vault, SealedColumns) else 2_000)
    cell = vault.cell(1, "secret")
    for at in range(len(cell) - 7):
        forged = cell[:at] + bytes(a ^ b ^ c for a, b, c in zip(cell[at:], b"0000100", b"9999999", strict=False)) + cell[at + 7 :]
        assert forged == cell or _accepted(vault, forged) is None


def loses_a_value(vault: Vault, value: str) -> bool:
    """A6: an honest value that does not come back."""
    vault.store(1, "secret", value)
    try:
        return vault.read(1, "secret") != value
    except ValueError:
        return True


@pytest.mark.parametrize(
    ("make", "value", "succeeds"),
    [
        (_engine(AesEngine), "rating ***", True),
        (_engine(AesEngine, "oneandzeroes"), "caf\u00c0", True),
        *((make, value, False) for make in OURS for value in ("rating ***", "two bytes\0\0", "caf\u00c0", "", "*", "\0", "\x80")),
    ],
)
def test_a06_an_honest_value_is_lost_only_in_theirs(make: Make, value: str, *, succeeds: bool) -> None:
    """What ends like padding is shortened, or can never be read again; ours keeps every text."""
    assert loses_a_value(make(), value) is succeeds


TENANTS = ("tenant-A", "tenant-B")


def crosses_tenants(seal: Callable[[str], bytes], is_other: Callable[[str, bytes], bool], *, most: int) -> bool:
    """A7: two threads, each for its own tenant, write through the one column object that all share."""
    crossed: list[str] = []
    start = threading.Barrier(2)

    def work(tenant: str) -> None:
        start.wait()
        for turn in range(most):
            sealed = seal(tenant)
            if is_other(tenant, sealed):
                crossed.append(tenant)
            if crossed and turn % 50 == 0:
                return

    threads = [threading.Thread(target=work, args=(tenant,)) for tenant in TENANTS]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    return bool(crossed)


def test_a07_values_cross_tenants_in_theirs() -> None:
    """A key from a callable is kept on the engine, which the other thread sets anew in between."""
    current = threading.local()
    vault = SqlalchemyUtils(AesGcmEngine, key=lambda: current.key)

    def seal(tenant: str) -> bytes:
        current.key = tenant
        return str(vault.kind.process_bind_param("the data of " + tenant, None)).encode()

    def is_other(tenant: str, sealed: bytes) -> bool:
        other = AesGcmEngine()
        other._update_key(next(each for each in TENANTS if each != tenant))
        try:
            return other.decrypt(sealed.decode()) == "the data of " + tenant
        except Exception:  # noqa: BLE001  # its own class for each kind of wrong key
            return False

    assert crosses_tenants(seal, is_other, most=100_000)


def test_a07_no_value_crosses_tenants_in_ours() -> None:
    """A tenant is handed in with each value, and nothing that is shared ever changes."""
    ring = memory_keyring()
    kids = {tenant: ring.to_seal("people", "secret", tenant=tenant).kid for tenant in TENANTS}
    assert len(set(kids.values())) == 2

    def seal(tenant: str) -> bytes:
        cipher = ring.to_seal("people", "secret", tenant=tenant)
        bound = sealing.bind((1,), profile=sealing.Profile.TENANT, tenant=tenant)
        return cipher.seal_bound(tenant.encode(), bound, sealing.Profile.TENANT)

    def is_other(tenant: str, sealed: bytes) -> bool:
        return sealing.kid_of(sealed) != kids[tenant]

    assert not crosses_tenants(seal, is_other, most=5_000)


def guesses_the_passphrase(first_block: bytes, plaintext: bytes, guesses: list[str]) -> str | None:
    """A8: one hash a guess, no salt: a list of common passphrases is through in no time."""
    for guess in guesses:
        key = hashlib.sha256(guess.encode()).digest()
        if Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor().update(plaintext) == first_block:
            return guess
    return None


def test_a08_a_passphrase_is_guessed_in_theirs() -> None:
    """Anybody with the database and one known value tries tens of thousands a second on one core."""
    vault = SqlalchemyUtils()
    vault.store(1, "secret", "known first blk!")
    guesses = [f"guess{number}" for number in range(5_000)] + [PASSPHRASE]
    assert guesses_the_passphrase(vault.cell(1, "secret")[:16], b"known first blk!", guesses) == PASSPHRASE


@pytest.mark.parametrize("passphrase", [PASSPHRASE, "a passphrase of thirty-three chars"])
def test_a08_a_passphrase_is_no_key_in_ours(passphrase: str) -> None:
    """There is nothing to guess: keys are 32 random bytes, and text is refused as one."""
    with pytest.raises(ValueError, match="give 32 random bytes"):
        sealing.Cipher(Secret(passphrase.encode()), kid=1, table="people", column="secret")
