"""Whether what is sensitive lies in the store as anything but itself, and whether a stored value that was altered or moved is refused.

Against a copied database, backup or log of statements that can simply be read, and against somebody who writes to the database and makes
the application show one person's secret to another. Canaries are stored through the application's own models in a copy, the raw
files and the log are searched, and what lies there is altered and read again. Source: OWASP ASVS 5.0, 11.3.1 to 11.3.5 and 14.2.4.
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ringwork.errors import TargetFailed
from ringwork.names import CheckId
from ringwork.prove import reading, searching, sensitive, shipped, witness
from ringwork.prove.check import Altered, Check, Kind, ProbeRoute, Stage, Stored, Tampered
from ringwork.prove.evidence import Evidence, Exchanged, Observation, Outcome
from ringwork.prove.sensitive import Sensitive
from ringwork.prove.witness import Cast, shown
from ringwork.survey.facts import FieldFacts, RouteFacts
from ringwork.survey.wire.client import FORM

CONTROL = "data.encryption-at-rest"
IN_FILES, IN_LOG, BY_ROUTE = "canary in the raw files of the store", "canary in the log of statements", "canary stored by a request"
_MOST_ROUTES, _MOST_FIELDS = 4, 40
_CONTROL_NAME = "the prover's own plain value"
_NO_MODELS = "no model of SQLAlchemy or Django was found in the application, so what it stores is not seen from here"
_UNLOCK = "keep what is sensitive in columns of SQLAlchemy or Django models; docs/sealing.md shows how they are sealed"
_WRITE = {
    "sqlalchemy": "{name}: Mapped[{kind}] = sealed({kind}), from ringwork.sealed.sqlalchemy",
    "django": "{name} = SealedField({kind}), from ringwork.sealed.django.fields",
}

_KINDS = frozenset({"str", "bytes", "int", "Decimal", "date", "datetime", "UUID"})


# -- dump-search ---------------------------------------------------------------------------------------------


def dump_search(stage: Stage) -> Evidence:
    """Store a canary in each sensitive field, then search the raw files, and what was logged when statements were shown and failed."""
    check = CheckId(f"{CONTROL}/dump-search")
    found = _sensitive(stage)
    if isinstance(found, str):
        return _nothing(check, stage, found)
    dump = Dump(stage, found[:_MOST_FIELDS])
    return Evidence(check=check, observations=tuple(dump.observations()))


def _sensitive(stage: Stage) -> list[Sensitive] | str:
    """What is to be proven; else why there is nothing."""
    fields = stage.facts.fields
    if not fields:
        return _NO_MODELS
    root = Path(stage.facts.root)
    found = sensitive.find(fields, ((name, shipped.text_of(root / name)) for name in stage.facts.sources))
    models = len({field.model for field in fields})
    return found or f"none of {len(fields)} columns of {models} models is encrypted, or named like something that should be"


def _nothing(check: CheckId, stage: Stage, why: str) -> Evidence:
    if stage.facts.fields:
        return Evidence(check=check, not_applicable=why)
    return Evidence(check=check, not_verified=why, unlock=_UNLOCK)


class Dump:
    """One round of canaries in one copy."""

    def __init__(self, stage: Stage, found: Sequence[Sensitive]) -> None:
        self.stage, self.served, self.found = stage, stage.served, found
        self.control = witness.marker("rwcontrol")
        self.began = time.time_ns()
        witness.wake(stage)
        marks = {one.field.name: witness.marker("") for one in found}
        self.rows = {(row.orm, row.name): row for row in self.served.store([one.field for one in found], marks=marks, control=self.control)}

    def observations(self) -> Iterator[Observation]:
        """What was found of each field, in files, in the log, and by requests."""
        forms = {key: searching.forms(row.holds, row.text) for key, row in self.rows.items() if not row.problem}
        looked_for = {_key(key): spellings for key, spellings in forms.items() if spellings}
        searched = searching.search(self.served.folder, {**looked_for, _CONTROL_NAME: _plain(self.control)}, since_ns=self.began)
        records = "\n".join(self.served.records()).encode()
        log_works = self.control.encode() in records
        for one in self.found:
            row = self.rows[one.field.orm, one.field.name]
            reason = self._untried(one, row, searched, is_searchable=bool(looked_for.get(_key((row.orm, row.name)))))
            if reason:
                yield _at(one, IN_FILES, Outcome.UNTRIED, reason)
                continue
            yield self._in_files(one, row, searched)
            yield from self._in_log(one, row, searching.spelled_in(records, looked_for[_key((row.orm, row.name))]), works=log_works)
        if not self.stage.brief:
            yield from Requests(self).observations()

    def _untried(self, one: Sensitive, row: Stored, searched: searching.Searched, *, is_searchable: bool) -> str:
        if row.problem:
            return row.problem
        if row.text not in row.read:
            return "what was stored was not read back the same, so it cannot be looked for"
        if not is_searchable:
            return f"a value of type {row.holds} is too short to be told from chance in raw bytes"
        if not searched.hits.get(_CONTROL_NAME):
            return "a plain value in the same store was not found either, so the search says nothing"
        if one.hashed_at and not one.is_encrypted:
            return f"the application stores a digest in it ({one.hashed_at}), which the model itself does not make"
        return ""

    def _in_files(self, one: Sensitive, row: Stored, searched: searching.Searched) -> Observation:
        hits = searched.hits.get(_key((row.orm, row.name)), ())
        if hits:
            detail = f"{_said(hits)}; {one.reason}{_write_instead(one)}"
            return _at(one, IN_FILES, Outcome.BROKEN, detail, control=_read_back(row), read=searched.size_bytes)
        detail = f"not in {searched.size_bytes} bytes of raw files, in which a plain value of the same store was found"
        return _at(one, IN_FILES, Outcome.HELD, detail, control=_read_back(row), read=searched.size_bytes)

    def _in_log(self, one: Sensitive, row: Stored, spelled: str, *, works: bool) -> Iterator[Observation]:
        if not one.is_encrypted:
            return  # a plain column stands in plain in whatever is written of it
        if spelled:
            cause = "encryption failed" if row.failed else "its statement was shown or failed"
            detail = f"when {cause}, the value stood in the log ({spelled}); seal before the statement, and set hide_parameters=True"
            yield _at(one, IN_LOG, Outcome.BROKEN, detail, control=_read_back(row))
        elif works:
            detail = "statements were logged, and failed, and the value was in no record" + (
                ", also when encryption failed" if row.failed else ""
            )
            yield _at(one, IN_LOG, Outcome.HELD, detail, control=_read_back(row))
        else:
            yield _at(one, IN_LOG, Outcome.UNTRIED, "a record of the prover's own was not captured either")


def _key(named: tuple[str, str]) -> str:
    return ":".join(named)


def _plain(text: str) -> Mapping[str, bytes]:
    return {"utf-8": text.encode()}


def _said(hits: Sequence[searching.Hit]) -> str:
    places = ", ".join(f"{hit.place} ({hit.spelled})" for hit in hits[:3])
    return f"the canary stands in {places}"


def _write_instead(one: Sensitive) -> str:
    if one.field.encrypted_by == "ringwork":
        return ""  # it is written as it should be, and still does not hold
    kind = one.field.holds if one.field.holds in _KINDS else "Json" if one.field.holds in {"dict", "list"} else "str"
    return f"; write {_WRITE[one.field.orm].format(name=one.field.attribute, kind=kind)}" if one.field.orm in _WRITE else ""


def _read_back(row: Stored) -> Exchanged:
    return Exchanged(request=f"{row.name} = {row.text!r}, stored by the model in {row.kept_in}", answer=f"the model read back {row.read!r}")


def _at(
    one: Sensitive,
    attack: str,
    outcome: Outcome,
    detail: str,
    *,
    control: Exchanged | None = None,
    read: int = 0,
    told: Sequence[Exchanged] = (),
) -> Observation:
    field = one.field
    return Observation(
        attack=attack, where=_where(field), outcome=outcome, detail=detail, control=control, read=read, file=field.file, line=field.line,
        exchanged=tuple(told),
    )  # fmt: skip


def _where(field: FieldFacts) -> str:
    return f"{field.name} ({field.table}.{field.column})"


# -- by the application's own routes --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Requests:
    """Canaries that come in by requests of permitted users, and are looked for in the same way."""

    dump: Dump

    def observations(self) -> Iterator[Observation]:
        """One for each route that was seen to store what it was sent in a sensitive field; silence where none did."""
        cast, tried = Cast(self.dump.stage), 0
        for route in witness.changes(self.dump.stage.facts):
            targets = [one for one in self.dump.found for p in route.parameters if p.name in {one.field.attribute, one.field.column}]
            if not targets or tried >= _MOST_ROUTES:
                continue
            tried += 1
            with contextlib.suppress(TargetFailed, OSError, ValueError):
                yield from self._by(cast, route, targets)

    def _by(self, cast: Cast, route: RouteFacts, targets: Sequence[Sensitive]) -> Iterator[Observation]:
        mark, began, served = witness.marker("rw"), time.time_ns(), self.dump.served
        name = next(p.name for p in route.parameters for one in targets if p.name in {one.field.attribute, one.field.column})
        for who, client in cast.everybody(route):
            kind, body = cast.stage.body(route) or ("", b"")
            path = cast.stage.fill(route, client=client)
            token = cast.stage.token(path, client) if kind.startswith(FORM) else ("", "")
            answer = client.send(
                witness.unsafe_method(route), path, headers=[("content-type", kind)], body=_with(kind, body, {name: mark}, token)
            )
            if not witness.is_served(answer):
                continue
            for one in targets:
                if served.has_stored(one.field, mark):
                    searched = searching.search(served.folder, {mark: searching.forms("str", mark)}, since_ns=began)
                    hits, told = searched.hits.get(mark, ()), shown(answer, who)
                    outcome = Outcome.BROKEN if hits and (one.is_encrypted or not one.hashed_at) else Outcome.HELD
                    detail = f"sent by {route.name}: {_said(hits)}" if hits else f"sent by {route.name}, read back, and in no raw file"
                    yield _at(one, BY_ROUTE, outcome, detail, control=told, read=searched.size_bytes)
                    return
            return


def _with(kind: str, body: bytes, given: Mapping[str, str], token: tuple[str, str]) -> bytes:
    """A valid body with these values in it, and the token of its form."""
    if kind.startswith("application/json"):
        return json.dumps({**json.loads(body), **given}).encode()
    fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
    return urllib.parse.urlencode({**fields, **given, **({token[0]: token[1]} if token[0] else {})}).encode()


# -- tamper-and-swap -----------------------------------------------------------------------------------------

_MEANT: Mapping[str, str] = {
    "unchanged": "what was altered is read as before, so part of it is not authenticated",
    "other": "the value of the other place is read: one person's secret is shown to another",
    "plain": "a text that nobody encrypted is taken for a value of the application's",
    "nothing": "it is read as empty, and nobody is told",
    "stored": "the stored text itself is handed out as the value: what does not decrypt is taken as it is",
    "altered": "another value is read, and nobody is told",
    "equal": "the same bytes lie in the store each time, so equal values can be told in a dump",
}
"""What the application did with it, where it should have refused."""

_MEND: Mapping[str, str] = {
    "same value twice": "use a fresh nonce for each value",
    "bits flipped": "authenticate what is stored, and let a failure raise",
    "cut short": "authenticate what is stored, and let a failure raise",
    "moved to another row": "bind it to its row: ringwork's sealed() takes table, column and row as associated data",
    "moved to another column": "bind it to its column, by a key or associated data of its own",
    "plain text in its place": "never take what does not decrypt for a value; read old rows by a list of them",
}


def tamper_and_swap(stage: Stage) -> Evidence:
    """Alter, cut, move and replace what each encrypted field stores, and let the application read it."""
    check = CheckId(f"{CONTROL}/tamper-and-swap")
    found = _sensitive(stage)
    if isinstance(found, str):
        return _nothing(check, stage, found)
    encrypted = [one for one in found if one.is_encrypted]
    if not encrypted:
        return Evidence(check=check, not_applicable="no column of its models is encrypted, so there is nothing to alter; see dump-search")
    witness.wake(stage)
    seen = list[Observation]()
    for one in encrypted[:_MOST_FIELDS]:
        others = sorted(
            (o.field for o in encrypted if o.field != one.field and o.field.orm == one.field.orm), key=lambda o: _distance(o, one.field)
        )
        marks = [witness.marker("") for _ in range(3)]
        seen += _judged(one, stage.served.tamper(one.field, others[:2], marks=marks, brief=stage.brief))
        if stage.brief and any(o.outcome is Outcome.BROKEN for o in seen):
            break
    return Evidence(check=check, observations=tuple(seen))


def _distance(other: FieldFacts, field: FieldFacts) -> tuple[bool, bool, bool]:
    """Nearest first: what has the same key and form is what a moved value could pass for."""
    return other.encrypted_by != field.encrypted_by, other.engine != field.engine, other.model != field.model


def _judged(one: Sensitive, told: Tampered) -> Iterator[Observation]:
    if told.problem:
        yield _at(one, "stored value altered", Outcome.UNTRIED, told.problem)
        return
    control = Exchanged(request=f"the untouched value of {one.field.name} in {told.kept_in}", answer="read back the same, before and after")
    for attack in dict.fromkeys(row.attack for row in told.rows):
        rows = [row for row in told.rows if row.attack == attack]
        taken = [row for row in rows if row.became in _MEANT]
        refused = [row for row in rows if row.became in {"refused", "differs"}]
        if taken:
            detail = f"{_first(taken)}{_MEND[attack]}"
            yield _at(one, attack, Outcome.BROKEN, detail, control=control, told=[_step(row) for row in taken[:3]])
        elif refused:
            said = next((row.said for row in refused if row.said), "")
            detail = (
                f"{len(refused)} of {len(rows)} refused" + (f": {said}" if said else "")
                if refused[0].became == "refused"
                else "stored differently each time"
            )
            yield _at(one, attack, Outcome.HELD, detail, control=control, told=[_step(row) for row in refused[:1]])
        else:
            yield _at(one, attack, Outcome.UNTRIED, f"it could not be made: {rows[0].said}")


def _first(taken: Sequence[Altered]) -> str:
    more = f" (and {len(taken) - 1} more like it)" if len(taken) > 1 else ""
    return f"{taken[0].step}{more}: {_MEANT[taken[0].became]}; "


def _step(row: Altered) -> Exchanged:
    return Exchanged(request=f"{row.attack}: {row.step}", answer=f"{row.became}{': ' + row.said if row.said else ''}")


CHECKS: tuple[Check, ...] = (
    Check(id=CheckId(f"{CONTROL}/dump-search"), kind=Kind.LIVE, run=dump_search, planted=ProbeRoute.PLAIN_FIELDS),
    Check(id=CheckId(f"{CONTROL}/tamper-and-swap"), kind=Kind.LIVE, run=tamper_and_swap, planted=ProbeRoute.PLAIN_FIELDS),
    reading.check(f"{CONTROL}/weak-engine"),
)
