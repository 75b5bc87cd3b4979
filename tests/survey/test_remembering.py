"""What own passwords hash to is remembered; whatever else is hashed is worked out every time."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable
from typing import Any

import argon2
import pytest

from ringwork.survey.harness import remembering
from ringwork.survey.wire import entry

OWN, WRONG, SALT = b"anna-likes-long-walks", b"anna-likes-short-walks", b"a salt of hers"


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The memory before functions that note each time they really work."""
    noted: list[str] = []

    def noting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def work(*args: Any, **keywords: Any) -> Any:
            noted.append(name)
            return real(*args, **keywords)

        return work

    monkeypatch.setattr(remembering, "_known", {})
    monkeypatch.setattr(remembering, "_computed", {})
    monkeypatch.setattr(remembering, "_refused", set(remembering._refused))
    for name in ("pbkdf2_hmac", "scrypt"):
        monkeypatch.setattr(hashlib, name, noting(name, getattr(hashlib, name)))
    monkeypatch.setattr(argon2.PasswordHasher, "verify", noting("verify", argon2.PasswordHasher.verify))
    remembering.install()
    remembering.install_beside()
    return noted


def _pbkdf2(password: bytes = OWN, *, salt: bytes = SALT, rounds: int = 7, digest: str = "sha256", length: int | None = None) -> bytes:
    return hashlib.pbkdf2_hmac(digest, password, salt, rounds, length)


def test_an_own_password_is_hashed_once(worked: list[str]) -> None:
    """The result is the real one, however the arguments are written."""
    made = _pbkdf2()
    assert remembering.keep([OWN.decode()]) == 1
    assert hashlib.pbkdf2_hmac("sha256", bytearray(OWN), salt=SALT, iterations=7) == made == _pbkdf2()
    assert worked == ["pbkdf2_hmac"]


def test_another_password_is_worked_out_every_time(worked: list[str]) -> None:
    """Against a login whose time would tell that the memory, and not the application, was asked."""
    _pbkdf2()
    remembering.keep([OWN.decode()])
    assert _pbkdf2(WRONG) == _pbkdf2(WRONG) != _pbkdf2()
    assert len(worked) == 3


@pytest.mark.parametrize("other", [{"salt": b"another"}, {"rounds": 8}, {"digest": "sha512"}, {"length": 20}], ids=str)
def test_another_salt_or_cost_is_worked_out(worked: list[str], other: dict[str, Any]) -> None:
    """Only exactly the same question has the same answer."""
    first = _pbkdf2()
    remembering.keep([OWN.decode()])
    assert _pbkdf2(**other) != first
    assert len(worked) == 2


def test_what_is_hashed_after_the_memory_was_made_is_worked_out(worked: list[str]) -> None:
    """A copy does not answer from what it has only just done itself: a second attempt costs what the first did."""
    remembering.keep([OWN.decode()])
    assert _pbkdf2() == _pbkdf2()
    assert len(worked) == 2


def test_passwords_of_nobody_here_are_let_go(worked: list[str]) -> None:
    """What the application hashed for others while it was imported stays nowhere."""
    _pbkdf2(WRONG)
    assert remembering.keep([OWN.decode()]) == 0
    assert remembering.computed([WRONG.decode()]) == []


def test_what_one_copy_worked_out_is_known_to_the_next(worked: list[str]) -> None:
    """As JSON has it, between processes."""
    scrypted = hashlib.scrypt(OWN, salt=SALT, n=16, r=1, p=1)
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    stored = hasher.hash(OWN)
    hasher.verify(stored, OWN)
    told = remembering.computed([OWN.decode()])
    assert remembering.learn(told) == 2
    assert hashlib.scrypt(OWN, salt=SALT, n=16, r=1, p=1) == scrypted
    assert hasher.verify(stored.encode(), OWN.decode()) is True
    assert worked == ["scrypt", "verify"]


def test_a_wrong_password_is_refused_by_the_real_function(worked: list[str]) -> None:
    """Each time, also where the right one is remembered."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    stored = hasher.hash(OWN)
    hasher.verify(stored, OWN)
    remembering.keep([OWN.decode()])
    for _ in range(2):
        with pytest.raises(argon2.exceptions.VerifyMismatchError):
            hasher.verify(stored, WRONG)
    assert worked == ["verify"] * 3


def test_a_library_that_compares_is_remembered_too(worked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By either name of its second argument, as its callers write it."""
    asked: list[bytes] = []

    def checkpw(password: bytes, hashed_password: bytes) -> bool:
        asked.append(password)
        return password == OWN

    def hashpw(password: bytes, salt: bytes) -> bytes:
        asked.append(password)
        return salt + password

    monkeypatch.setitem(remembering.sys.modules, "bcrypt", types.SimpleNamespace(checkpw=checkpw, hashpw=hashpw))  # type: ignore[arg-type]
    remembering.install_beside()
    bcrypt: Any = remembering.sys.modules["bcrypt"]
    assert (bcrypt.checkpw(OWN, SALT), bcrypt.hashpw(OWN, SALT)) == (True, SALT + OWN)
    remembering.keep([OWN.decode()])
    assert (bcrypt.checkpw(OWN, hashed_password=SALT), bcrypt.hashpw(OWN, salt=SALT), bcrypt.checkpw(WRONG, SALT)) == (
        True, SALT + OWN, False,
    )  # fmt: skip
    assert asked == [OWN, OWN, WRONG]


def test_forgets_on_demand(worked: list[str]) -> None:
    """Where time is measured, every password costs what it costs."""
    _pbkdf2()
    remembering.keep([OWN.decode()])
    remembering.forget()
    _pbkdf2()
    assert len(worked) == 2


@pytest.mark.parametrize(
    "arguments", [("sha256", "text", SALT, 7), ("sha256", OWN), ("sha256", OWN, 3, 7), ("none", OWN, SALT, 7)], ids=str
)
def test_wrong_arguments_are_refused_as_ever(worked: list[str], arguments: tuple[Any, ...]) -> None:
    """The memory has no opinion on them."""
    _pbkdf2(b"text")
    remembering.keep(["text"])
    with pytest.raises((TypeError, ValueError)):
        hashlib.pbkdf2_hmac(*arguments)
    assert len(worked) == 2


def test_a_password_that_was_made_up_to_be_refused_costs_next_to_nothing(worked: list[str]) -> None:
    """Whatever comes out is nobody's: not what another cost gives, and by every function the same each time."""
    made_up = entry.wrong_password().encode()
    quick = _pbkdf2(made_up, rounds=1)
    assert _pbkdf2(made_up, rounds=200_000_000) == quick != _pbkdf2(made_up, salt=b"another", rounds=1)
    assert hashlib.scrypt(made_up, salt=SALT, n=2**40, r=8, p=1) == hashlib.scrypt(made_up, salt=SALT, n=2, r=1, p=1)
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        hasher.verify(hasher.hash(OWN), made_up)
    assert "verify" not in worked


def test_a_made_up_password_is_refused_by_bcrypt_at_its_least_cost(worked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is compared with no hash, and hashed like one of the cost 4."""
    salts: list[bytes] = []

    def hashpw(_: bytes, salt: bytes) -> bytes:
        salts.append(salt)
        return salt

    monkeypatch.setitem(
        remembering.sys.modules,
        "bcrypt",
        types.SimpleNamespace(checkpw=lambda *_: True, hashpw=hashpw),
    )
    remembering.install_beside()
    bcrypt: Any = remembering.sys.modules["bcrypt"]
    made_up, salt = entry.wrong_password().encode(), b"$2b$12$abcdefghijklmnopqrstuu"
    assert (bcrypt.checkpw(made_up, salt), bcrypt.checkpw(OWN, salt)) == (False, True)
    assert bcrypt.hashpw(made_up, salt) == b"$2b$04$abcdefghijklmnopqrstuu"
    bcrypt.hashpw(WRONG, salt)
    assert salts == [b"$2b$04$abcdefghijklmnopqrstuu", salt]


def test_a_made_up_password_costs_what_it_costs_where_time_is_measured(worked: list[str]) -> None:
    """Against a login that seems to answer alike fast for everybody."""
    made_up = entry.wrong_password().encode()
    quick = _pbkdf2(made_up)
    remembering.forget()
    assert _pbkdf2(made_up) != quick
