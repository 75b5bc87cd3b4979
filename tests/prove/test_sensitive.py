"""Which columns are judged: those that are encrypted, those whose names say what they hold, and no other."""

from __future__ import annotations

import dataclasses

import pytest

from ringwork.prove import sensitive
from ringwork.survey.facts import FieldFacts

PLAIN = FieldFacts(model="shop.models:Customer", orm="sqlalchemy", table="customers", column="x", attribute="x", holds="str")


def named(name: str, **more) -> FieldFacts:
    return dataclasses.replace(PLAIN, column=name, attribute=name, **more)


@pytest.mark.parametrize(
    "name",
    [
        "ssn", "socialSecurityNumber", "national_id", "passport_number", "tax_id",
        "iban", "user_iban", "card_number", "cvv", "diagnosis",
        "medical_notes", "allergies", "religion", "api_key", "access_token", "refreshToken", "totp_secret", "recovery_codes", "private_key",
    ],
)  # fmt: skip
def test_names_what_should_be_encrypted(name: str) -> None:
    """The name says whom or what a value gives away."""
    assert next(one.reason for one in sensitive.find([named(name)], [])).startswith("its name says that it")


@pytest.mark.parametrize(
    "name",
    [
        "name", "email", "city", "note", "notes", "text", "title", "password", "password_hash", "token_hash", "api_key_digest",
        "token_type", "card_number_last4", "secretary", "tokens_used", "diagnosis_code_count", "ibanez", "public_key", "csrf_token",
        "has_diagnosis",
    ],
)  # fmt: skip
def test_leaves_honest_columns_alone(name: str) -> None:
    """A report full of false accusations is read by nobody."""
    assert sensitive.find([named(name)], []) == []


def test_takes_notes_for_sensitive_where_they_are_about_patients() -> None:
    """A note on an order says where to leave it; one on a patient says what he has."""
    assert sensitive.find([named("notes", model="clinic:Patient", table="patients")], [])
    assert not sensitive.find([named("notes", model="shop:Order", table="orders")], [])


@pytest.mark.parametrize("more", [{"holds": "bool"}, {"reference": True}])
def test_leaves_flags_and_references_alone(more) -> None:
    """A foreign key named diagnosis points to a row; a flag is one bit."""
    assert sensitive.find([named("diagnosis", **more)], []) == []


def test_judges_whatever_the_application_encrypts() -> None:
    """What it encrypts it holds for sensitive itself, whatever the name."""
    assert [one.is_encrypted for one in sensitive.find([named("remarks", encrypted_by="its own")], [])] == [True]


@pytest.mark.parametrize(
    ("source", "hashed"),
    [
        ("db.add(Login(token=hashlib.sha256(raw).hexdigest()))", True),
        ("login.token = make_hash(raw)", True),
        ("login.token = secrets.token_urlsafe()\nother.digest = sha256(x)", False),
        ("db.add(Login(token=raw))", False),
    ],
)
def test_sees_where_a_digest_is_stored_instead(source: str, hashed: bool) -> None:
    """A token that is kept as its digest is kept as it should be, though the column is plain."""
    found = sensitive.find([named("token")], [("auth.py", source)])
    assert [bool(one.hashed_at) for one in found] == [hashed]
