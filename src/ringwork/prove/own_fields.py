"""Which fields the application sets itself, and which value a request would have to bring to set one in its place.

Against a name that is taken for a hole: a title is there to be written. Roles, owners, prices and states are not, unless the operation
says so.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ringwork.prove.rows import Kept
from ringwork.survey.facts import AppFacts

_FLAGS = re.compile(
    r"(?:is_?)?(?:admin|administrator|staff|super_?user|root|moderator)|is_?(?:manager|supervisor|operator|employee|clerk)", re.IGNORECASE
)  # `manager` alone names somebody
_ROLES = re.compile(r"(?:user_?)?(?:roles?|permissions?|groups?|access_?level|privileges?|user_?type|account_?type)", re.IGNORECASE)
_OWNERS = re.compile(
    r"(?:owner|user|author|account|customer|client|member|creator|created_?by|tenant|org|organi[sz]ation|company|team)_?(?:id|name|uuid|pk)?",
    re.IGNORECASE,
)
_AMOUNTS = re.compile(
    r"(?:account_?)?(?:balance|credits?|price|unit_?price|total|amount|amount_?due|discount|points|quota|credit_?limit|reward|fee|cost)(?:_?cents)?",
    re.IGNORECASE,
)
_GRANTS = re.compile(r"(?:is_?|email_?)?(?:verified|approved|confirmed|paid|premium|featured|trusted|vip|validated)", re.IGNORECASE)
# Not `state` alone, which is part of an address, nor what people decide of their own things (`published`, `max_guests`).
_STATES = re.compile(r"(?:\w+_)?(?:status|plan|tier|subscription)|\w+_state", re.IGNORECASE)
_TRUE, _FALSE = frozenset({"1", "true", "on", "yes", "t"}), frozenset({"", "0", "false", "off", "no", "f", "none"})
USUAL = ("is_admin", "role", "is_staff", "is_superuser", "admin")
"""What accounts are often given that are kept as objects of any shape: tried also where none is kept yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A field and the value by which a request claims it. kind: flag, role, owner, amount, grant or state. was: what is kept without it."""

    name: str
    kind: str
    value: Any
    was: Any = None

    @property
    def is_power(self) -> bool:
        """Whether it says what its bearer may do."""
        return self.kind in {"flag", "role"}

    @property
    def names(self) -> tuple[str, ...]:
        """Under which the operation may know it: forms and serializers leave the `_id` of an owner out."""
        return (self.name, self.name.removesuffix("_id")) if self.kind == "owner" and self.name.endswith("_id") else (self.name,)

    def is_kept(self, values: Mapping[str, Any]) -> bool:
        """Whether a row or object holds the claimed value, and not what it holds by itself."""
        return self.name in values and same(self.value, values[self.name]) and not same(self.was, values[self.name])


def kind_of(name: str) -> str:
    """Which kind of field a name tells; "" for one that users may well write."""
    kinds = (("flag", _FLAGS), ("role", _ROLES), ("owner", _OWNERS), ("amount", _AMOUNTS), ("grant", _GRANTS), ("state", _STATES))
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    if plain.lower() in {"username", "user_name", "client_name", "customer_name", "company"}:
        return ""  # what people are called is theirs to write
    return next((kind for kind, names in kinds if names.fullmatch(plain)), "")


def same(sent: Any, kept: Any) -> bool:
    """Whether a kept value is the one that was sent, whatever type the store makes of it."""
    if isinstance(sent, bool):
        return str(kept).lower() in (_TRUE if sent else _FALSE)
    if isinstance(sent, int) and type(kept) in {int, float}:
        return bool(sent == kept)
    if isinstance(sent, int):
        return re.fullmatch(rf"{sent}(?:\.0+)?", str(kept)) is not None
    return str(sent) == str(kept)


def claims(rows: Sequence[Kept], again: Sequence[Kept], theirs: Sequence[Kept], sent: Mapping[str, Any]) -> list[Claim]:
    """The fields of what one request left behind that it did not send, each with another value.

    again: what the same user's next request left. theirs: another user's, whose name or number an owner is claimed by.
    """
    found = dict[str, Claim]()
    for row in rows:
        mine = next((one.values for one in again if one.store == row.store), {})
        other = next((one.values for one in theirs if one.store == row.store), {})
        for name, value in row.values.items():
            kind = kind_of(name)
            if not kind or name in sent or name in found:
                continue
            if kind == "owner":
                # Set by who asks: the same for both requests of one user, and another for the other's.
                if value not in (None, "") and mine.get(name) == value and other.get(name) not in (None, "", value):
                    found[name] = Claim(name=name, kind=kind, value=other[name], was=value)
                continue
            claimed = _other(kind, value)
            if claimed is not None:
                found[name] = Claim(name=name, kind=kind, value=claimed, was=value)
    return list(found.values())


def _other(kind: str, value: Any) -> Any:
    """A value that gives more than this one; None where there is none."""
    is_number = type(value) in {int, float} or (isinstance(value, str) and re.fullmatch(r"-?\d+(?:\.\d+)?", value) is not None)
    if kind in {"flag", "grant"}:
        return True if str(value).lower() in _FALSE and value is not None else None
    if kind == "role":
        return None if str(value).lower() == "admin" else 9 if is_number else "admin"
    if kind == "amount":
        return 40_000 + secrets.randbelow(20_000) if is_number else None
    return "approved" if isinstance(value, str) and value != "approved" and not is_number else None


def usual(rows: Sequence[Kept], sent: Mapping[str, Any]) -> list[Claim]:
    """What an account that is kept as an object may be given beside what it has."""
    free = [row.values for row in rows if not row.store.startswith("sqlite:")]
    if not free:
        return []
    unseen = [name for name in USUAL if name not in sent and not any(name in values for values in free)]
    return [Claim(name=name, kind=kind_of(name), value="admin" if name == "role" else True) for name in unseen]


def own_flags(rows: Sequence[Kept], sent: Mapping[str, Any], sources: Sources) -> list[Claim]:
    """Flags of an application's own names, `is_organiser`, that are off by themselves, and without which its own code refuses somebody.

    Against a list of names that never ends: what a flag is for stands where it is asked.
    """
    found = dict[str, Claim]()
    for row in rows:
        for name, value in row.values.items():
            is_off = value is not None and str(value).lower() in _FALSE - {""}
            if is_off and name not in sent and not kind_of(name) and sources.refuses_without(name):
                found.setdefault(name, Claim(name=name, kind="flag", value=True, was=value))
    return list(found.values())


_GIVEN = re.compile(
    r"request|data|body|form|payload|json|args|params|given|cleaned|validated|\bcls\b|Column|Field\(|models\.", re.IGNORECASE
)
"""Words of what came from a client, and of declarations."""


class Sources:
    """What the application's own modules say of a field, read as text."""

    def __init__(self, facts: AppFacts) -> None:
        texts = list[str]()
        for name in facts.sources:
            path = Path(facts.root, name)
            if path.suffix == ".py" and path.is_file():
                texts.append(path.read_text(encoding="utf-8", errors="replace"))
        self._text = "\n".join(texts)

    def names(self, field: str) -> bool:
        """Whether they ask for it, as an attribute or by its name."""
        return re.search(rf"[\"']{re.escape(field)}[\"']|\.{re.escape(field)}\b", self._text) is not None

    def decides(self, field: str) -> bool:
        """Whether the application's own code works the field out, or sets it to a value of its own: nobody is asked for it then."""
        key = re.escape(field)
        written = rf"(?:\.{key}|\[\s*[\"']{key}[\"']\s*\])\s*([+\-*/]?=)(?!=)\s*([^\n#]*)"
        for match in re.finditer(written, self._text):
            if match[1] != "=" or not _GIVEN.search(match[2]):
                return True
        return re.search(rf"\bset\b[^;\"']*\b{key}\s*=\s*(?:{key}\b|[\d'])", self._text, re.IGNORECASE) is not None

    def where_asked(self, field: str, value: Any) -> str:
        """A line of theirs that decides by a field where they know the value too, "" for none: `if user.role == "admin"`.

        Against a role that a registration offers and nobody asks for later: only what is compared gives something.
        """
        key, said = re.escape(field), re.escape(str(value))
        asks = re.compile(rf"(?:\.{key}|[\"']{key}[\"']\s*\]?\)?)\s*(?:==|!=|>=|<=|>|<|(?:not\s+)?in\b)|(?:==|!=|\bin)\s*[\w.]*\.{key}\b")
        line = next((code.strip() for code in self._text.splitlines() if asks.search(code.partition("#")[0])), "")
        is_known = type(value) is int or re.search(rf"[\"']{said}[\"']", self._text) is not None
        return line[:120] if is_known else ""

    def refuses_without(self, field: str) -> bool:
        """Whether their code refuses somebody who does not have a flag: `if not user.is_organiser: abort(403)`.

        Against a flag of a thing, which its owner is meant to set: it has to be somebody's who asks.
        """
        who = r"(?:current_user|user|account|me|member|viewer|identity|profile|principal)(?:\(\))?"
        held = rf"{who}(?:\.{re.escape(field)}\b|\[\s*[\"']{re.escape(field)}[\"']\s*\])"
        refused = r"(?:raise\b|abort\(|[^\n]*(?:\b40[13]\b|[Ff]orbidden|PermissionDenied|redirect\())"
        return re.search(rf"if\b[^\n:]*\bnot\s+(?:\w+\.)*{held}[^\n:]*:\s*(?:return\s+)?{refused}", self._text) is not None

    def value_asked(self, field: str, was: Any) -> str:
        """The text that their own code compares a field with and that is not its value so far, "" for none: `user.role != "keeper"`.

        Against a claim of a role that this application does not know.
        """
        key = re.escape(field)
        for match in re.finditer(rf"(?:\.{key}|[\"']{key}[\"']\s*\]?\)?)\s*(?:==|!=)\s*[\"']([\w-]{{2,40}})[\"']", self._text):
            if match[1] != str(was):
                return match[1]
        return ""

    def may_read(self, field: str, models: Sequence[str]) -> bool:
        """Whether some code may take it from a request on purpose: it stands in quotes as a key, or in a class that is no model.

        Against a price that its seller is meant to set, in a schema that nobody here knows.
        """
        key = re.escape(field)
        if re.search(rf"(?:\[\s*|\.(?:get|pop|getlist)\(\s*)[\"']{key}[\"']", self._text):
            return True
        for match in re.finditer(rf"^[ \t]+{key}\s*[:=][^\n]*", self._text, re.MULTILINE):
            head = re.findall(r"^[ \t]*class (\w+)", self._text[: match.start()], re.MULTILINE)
            if not head or head[-1] not in models:
                return True
        return False
