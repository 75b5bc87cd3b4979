"""Which columns hold what nobody but the application should read: those that are encrypted, and those whose names say that they should be.

Against a proof that looks only where somebody thought of it already. The names are few: what identifies a person to the state or a bank,
what is known of their health and beliefs, and secrets that open something by themselves. Passwords are none of them: those are
hashed, which another control proves. Source: OWASP ASVS 5.0, 14.1.1; GDPR, article 9; PCI DSS 4.0, 3.3 and 3.5.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ringwork.survey.facts import FieldFacts

_STATE = (
    "ssn|social_security(_(number|no))?|national_(id|insurance(_number)?)|nino|tax_(id|number)|passport(_(number|no))?|nhs_number"
    "|id_card(_number)?|driv(ing|er|ers)_licen[cs]e(_number)?|aadhaar|cpf|bsn|personnummer"
)
_BANK = "iban|bank_account(_number)?|account_number|(credit_)?card_number|cvv|cvc"
_HEALTH = (
    "diagnos[ie]s|medical_(notes?|history|record|data|condition)|clinical_notes?|health_(data|record|notes?)|allerg(y|ies)|medications?"
    "|prescriptions?|blood_type|hiv_status|disabilit(y|ies)"
)
_BELIEF = "religion|ethnicity|sexual_orientation|political_(opinion|views?)|union_membership|criminal_record"
_OPENS = (
    "(access|refresh|auth|session|bearer|oauth|reset|api|bot|device|invite)_token|token|api_(key|secret)|secret"
    "|(client|webhook|shared)_secret|(totp|otp|mfa|two_factor)_(secret|key)|(recovery|backup)_codes?|private_key|encryption_key"
)

_KINDS: Mapping[str, re.Pattern[str]] = {
    "it identifies a person": re.compile(_STATE),
    "it is a bank's": re.compile(_BANK),
    "it tells of somebody's health": re.compile(_HEALTH),
    "it tells what somebody believes or is": re.compile(_BELIEF),
    "it opens something by itself": re.compile(_OPENS),
}
_SECRETS = "it opens something by itself"
_OF_PATIENTS = re.compile(r"patient|medical|clinical|therap|diagnos|treatment|health", re.IGNORECASE)
_TEXTS = re.compile(r"notes?|history|symptoms|findings|condition")
_NEVER = frozenset({"bool", "time", "timedelta", "NoneType"})
_PREFIX = re.compile(r"^(?:user|customer|client|patient|person|employee|member|owner|account)_(?=.)")
_DIGESTS = re.compile(r"hash|digest|hmac|sha(1|224|256|384|512)|blake2|pbkdf2|scrypt|argon2|bcrypt|make_password", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitive:
    """A column to prove. reason: why it is one. hashed_at: where the application is seen to store a digest in it, "" for nowhere."""

    field: FieldFacts
    reason: str
    hashed_at: str = ""

    @property
    def is_encrypted(self) -> bool:
        """Whether the application means to encrypt it."""
        return bool(self.field.encrypted_by)


def find(fields: Iterable[FieldFacts], sources: Iterable[tuple[str, str]]) -> list[Sensitive]:
    """Encrypted columns first, then those named like something that should be. sources: name and text of the application's modules."""
    known = list(fields)
    declared = [Sensitive(field=one, reason=f"it is encrypted by {one.encrypted_by}") for one in known if one.encrypted_by]
    named = [(one, reason_of(one)) for one in known if not one.encrypted_by]
    secrets = {one.attribute for one, reason in named if reason == _SECRETS}
    hashed = _hashed(secrets, sources) if secrets else {}
    return declared + [
        Sensitive(field=one, reason=f"its name says that {reason}", hashed_at=hashed.get(one.attribute, "") if reason == _SECRETS else "")
        for one, reason in named
        if reason
    ]


def reason_of(field: FieldFacts) -> str:
    """Why a plain column should be encrypted, by its name; "" where it says nothing of the kind."""
    if field.reference or field.holds in _NEVER:
        return ""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field.attribute).lower().strip("_")
    for one in dict.fromkeys((name, _PREFIX.sub("", name))):
        for reason, pattern in _KINDS.items():
            if pattern.fullmatch(one):
                return reason
    about = f"{field.model.rpartition(':')[2]} {field.table}"
    return "it tells of somebody's health" if _TEXTS.fullmatch(name) and _OF_PATIENTS.search(about) else ""


def _hashed(names: set[str], sources: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Where a digest is given to one of these names, as a keyword, an attribute or a key."""
    found = dict[str, str]()
    for file, text in sources:
        if not any(name in text for name in names) or not _DIGESTS.search(text):
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            for name, value in _given(node):
                if name in names and _DIGESTS.search(ast.unparse(value)):
                    found.setdefault(name, f"{file}, line {value.lineno}")
    return found


def _given(node: ast.AST) -> Iterable[tuple[str, ast.expr]]:
    if isinstance(node, ast.Call):
        return [(one.arg, one.value) for one in node.keywords if one.arg is not None]
    if isinstance(node, ast.Assign):
        return [(one.attr, node.value) for one in node.targets if isinstance(one, ast.Attribute)]
    return []
