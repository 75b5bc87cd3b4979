"""The catalogue of controls: what must hold, why, how one would know, and who still holds when it falls.

Against a defence that exists in words only: a misspelt id, a code that no standard has or a row that nobody can address
is a fault with file and row (`CatalogueInvalid`), never something that a report silently leaves out.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from types import MappingProxyType

from ringwork.controls import address, requirements, standards
from ringwork.controls.table import Table, hint, near
from ringwork.errors import CatalogueInvalid
from ringwork.names import CheckId, ControlId

HEADER = "catalogue.toml"
"""The file of what all rows share; every other file is a layer."""

_COMPONENT = re.compile(r"[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*)+")
_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_HOW = re.compile(r"(?P<attack>.+\.) Proven: (?P<proven>.+?); violated: (?P<violated>.+?); not verified: (?P<not_verified>.+)\.")
_SELDOM = frozenset({"llm_2025"})  # the only standard that a row may leave out


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One way to look at a control.

    name: the part of the id after the slash. kind: one of `Catalogue.kinds`. severity: of what it finds, never graver than its control's.
    attack: what is sent or looked at. proven, violated, not_verified: when it ends so; sentences without a full stop.
    """

    id: CheckId
    name: str
    kind: str
    severity: str
    attack: str
    proven: str
    violated: str
    not_verified: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entailment:
    """A control that falls too when the row's own is out, and why."""

    control: ControlId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One row.

    layer, stem: the two halves of the id. guarded: False where nothing in a running application could enforce it.
    component: the module that enforces it where that is no guard on a request's path ("crypto/chance"), else "".
    frameworks: framework name to what differs there; often empty. standards: key of `Catalogue.standards` to codes,
    weaknesses as "CWE-352"; every standard is a key. backed_by: who still limits the same attack. entails: who falls too.
    """

    id: ControlId
    layer: str
    stem: str
    title: str
    aliases: tuple[str, ...]
    profile: str
    owner: str
    guarded: bool
    component: str
    severity: str
    threat: str
    enforce: str
    frameworks: Mapping[str, str] = field(hash=False)
    checks: tuple[CheckRow, ...]
    standards: Mapping[str, tuple[str, ...]] = field(hash=False)
    backed_by: tuple[ControlId, ...]
    entails: tuple[Entailment, ...]

    @property
    def places(self) -> tuple[address.Place, ...]:
        """Where its row, guard, proof, tests, breached clinic and page stand, whether they exist or not."""
        return address.places_of(self.id, guarded=self.guarded, component=self.component)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All rows, in the order of the layers and of their files, and what they share.

    kinds: kind of check to its meaning. severities: gravest first. profiles: smallest first; each holds those before it.
    standards: key to title and edition. not_mapped: reason to the codes that no control answers.
    requirements: key of a standard to its headings, each with its title; not every standard has them.
    """

    schema: int
    name: str
    status: str
    date: str
    kinds: Mapping[str, str] = field(hash=False)
    verdicts: tuple[str, ...]
    layers: tuple[str, ...]
    severities: tuple[str, ...]
    profiles: tuple[str, ...]
    owners: tuple[str, ...]
    standards: Mapping[str, str] = field(hash=False)
    not_mapped: Mapping[str, tuple[str, ...]] = field(hash=False)
    requirements: requirements.Names = field(hash=False)
    controls: tuple[Control, ...]

    def find(self, word: str) -> Control | None:
        """The control with this id, alias or bare stem (every stem is used once), in any case of letters; else None."""
        wanted = word.strip().lower()
        return next((row for row in self.controls if wanted in (row.id, row.stem, *row.aliases)), None)

    def near(self, word: str) -> tuple[ControlId, ...]:
        """Up to three controls whose id, stem or alias looks like `word`, best first; empty when none does."""
        names, asked = {name: row.id for row in self.controls for name in (row.id, row.stem, *row.aliases)}, word.strip().lower()
        # Short names look like many words: of those, one letter may be wrong.
        alike = [name for name in near(asked, names) if len(name) > 6 or near(asked, [name], cutoff=0.75)]
        return tuple(dict.fromkeys(names[name] for name in alike))

    def of_profile(self, profile: str) -> tuple[Control, ...]:
        """The controls that a profile asks for: its own and those of every smaller one."""
        asked = self.profiles[: self.profiles.index(profile) + 1]
        return tuple(row for row in self.controls if row.profile in asked)


@functools.cache
def load() -> Catalogue:
    """The catalogue of this package, read once. Raises CatalogueInvalid with every fault."""
    files = [file for file in resources.files("ringwork.controls").iterdir() if file.name.endswith(".toml")]
    return read({file.name: file.read_text(encoding="utf-8") for file in files})


def read(texts: Mapping[str, str]) -> Catalogue:
    """The catalogue out of file name to TOML text.

    Raises CatalogueInvalid with the faults of all rows; with those of syntax and header alone when there are some,
    because the rows cannot be judged without them.
    """
    faults: list[str] = []
    tables = {name: _parse(name, text, faults) for name, text in sorted(texts.items())}
    header = _read_header(tables.pop(HEADER, Table({}, place=HEADER, faults=faults)))
    if faults:
        raise CatalogueInvalid(faults)
    strays = sorted(tables.keys() - {address.row_file(layer) for layer in header.layers})
    faults.extend(f"{name}: {HEADER} names no layer with this file" for name in strays)
    rows = tuple(row for layer in header.layers for row in _read_layer(layer, tables, header, faults))
    places = {row.id: f"{address.row_file(row.layer)}: {row.id}" for row in rows}
    faults.extend(f"{places[row.id]}: {fault}" for row in rows for fault in _faults_of_references(row, places))
    faults.extend(_faults_of_names(rows))
    faults.extend(_faults_of_not_mapped(rows, header))
    faults.extend(f"{HEADER}: {fault}" for fault in requirements.faults(header.requirements, _codes_named(rows, header)))
    if faults:
        raise CatalogueInvalid(faults)
    return replace(header, controls=rows)


def _parse(name: str, text: str, faults: list[str]) -> Table:
    try:
        return Table(tomllib.loads(text), place=name, faults=faults)
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{name}: is no TOML: {error}")
        return Table({}, place=name, faults=[])  # what is missing now is missing because of this one fault


def _read_header(file: Table) -> Catalogue:
    """The catalogue without its rows."""
    schema, head = file.number("schema"), file.table("catalogue")
    kinds, meaning = head.words("kinds"), _texts(head.table("kind_meaning"))
    if kinds != tuple(meaning):
        head.fault("kind_meaning must explain each of kinds, in their order")
    titles = _texts(head.table("standards"))
    for name in sorted(titles.keys() ^ standards.CODES.keys()):
        head.fault(f"standards: {name!r} must stand both here and in standards.py, which knows its codes")
    unmapped = head.table("not_mapped")
    header = Catalogue(
        schema=schema,
        name=head.text("name"),
        status=head.text("status"),
        date=str(head.raw("date")),
        kinds=meaning,
        verdicts=head.words("verdicts"),
        layers=head.words("layers"),
        severities=head.words("severities"),
        profiles=head.words("profiles"),
        owners=head.words("owners"),
        standards=titles,
        not_mapped=MappingProxyType({reason: unmapped.words(reason) for reason in unmapped.names()}),
        requirements=requirements.read(head.table("requirements"), titles),
        controls=(),
    )
    head.end()
    file.end()
    return header


def _texts(source: Table) -> Mapping[str, str]:
    return MappingProxyType({key: source.text(key) for key in source.names()})


def _read_layer(layer: str, tables: Mapping[str, Table], header: Catalogue, faults: list[str]) -> Iterator[Control]:
    name = address.row_file(layer)
    file = tables.get(name)
    if file is None:
        faults.append(f"{name}: this file of the layer {layer!r} is missing")
        return
    for row in file.tables("control"):
        yield _read_control(row, layer, name, header)
    file.end()


def _read_control(row: Table, layer: str, file: str, header: Catalogue) -> Control:
    id_ = row.text("id")
    row.place = f"{file}: {id_}" if id_ else row.place
    claimed_layer, _, stem = id_.partition(".")
    if id_ and (claimed_layer != layer or not _WORD.fullmatch(stem)):
        row.fault(f"the id must read {layer}.<stem>, the stem in lower-case words joined by hyphens")
    severity = row.one_of("severity", header.severities)
    control = Control(
        id=ControlId(id_),
        layer=layer,
        stem=stem,
        title=row.text("title"),
        aliases=row.words("aliases"),
        profile=row.one_of("profile", header.profiles),
        owner=row.one_of("owner", header.owners),
        guarded=row.flag("guarded", default=True),
        component=row.text("component") if row.has("component") else "",
        severity=severity,
        threat=row.text("threat"),
        enforce=row.text("enforce"),
        frameworks=_texts(row.table("frameworks")) if row.has("frameworks") else MappingProxyType({}),
        checks=tuple(_read_check(check, id_, severity, header) for check in row.tables("verify")),
        standards=MappingProxyType({name: _read_codes(row, name) for name in header.standards}),
        backed_by=tuple(map(ControlId, row.words("backed_by"))),
        entails=tuple(_read_entailment(item) for item in row.tables("entails")),
    )
    row.end()
    if control.component and not (control.guarded and _COMPONENT.fullmatch(control.component)):
        row.fault('component must be a module below the package, "crypto/chance", of a control that is guarded')
    return control


def _read_check(row: Table, control: str, most: str, header: Catalogue) -> CheckRow:
    kind, name, how = row.one_of("kind", tuple(header.kinds)), row.text("check"), row.text("how")
    severity = row.one_of("severity", header.severities) if row.has("severity") else most
    row.end()
    if name and not _WORD.fullmatch(name):
        row.fault("the check must be named in lower-case words joined by hyphens")
    grades = header.severities
    if severity in grades and most in grades and row.has("severity") and grades.index(severity) <= grades.index(most):
        row.fault(f"severity is {severity!r}, which is not below the control's {most!r}; leave it out, or grade the control")
    parts = _HOW.fullmatch(how)
    if how and parts is None:
        row.fault("how must read '<what is done>. Proven: <...>; violated: <...>; not verified: <...>.'")
    said = parts.groupdict() if parts else dict.fromkeys(("attack", "proven", "violated", "not_verified"), "")
    return CheckRow(id=CheckId(f"{control}/{name}"), name=name, kind=kind, severity=severity, **said)


def _read_codes(row: Table, standard: str) -> tuple[str, ...]:
    if standard == standards.CWE:
        codes = tuple(f"CWE-{number}" for number in row.numbers(standard))
    elif standard in _SELDOM and not row.has(standard):
        return ()
    else:
        codes = row.words(standard)
    for code in codes:
        if not standards.is_code(standard, code):
            row.fault(f"{standard} names {code!r}, which is no code of that standard")
    return codes


def _read_entailment(row: Table) -> Entailment:
    entailment = Entailment(control=ControlId(row.text("control")), reason=row.text("reason"))
    row.end()
    return entailment


def _faults_of_references(row: Control, known: Collection[str]) -> Iterator[str]:
    """What is wrong with the ids that a row names."""
    named = [("backed_by", id_) for id_ in row.backed_by] + [("entails", item.control) for item in row.entails if item.control]
    for key, id_ in named:
        if id_ == row.id:
            yield f"{key} names the row itself"
        elif id_ not in known:
            yield f"{key} names {id_!r}, which no row has{hint(id_, known)}"
    for id_ in sorted({item.control for item in row.entails}.intersection(row.backed_by)):
        yield f"{id_!r} cannot both hold (backed_by) and fall (entails) when the row is out"
    # Against a false feeling of depth: a second defence of the same layer tends to fall together with the first.
    if not any(id_ in known and not id_.startswith(f"{row.layer}.") for id_ in row.backed_by):
        yield "backed_by must name at least one control of another layer"


def _faults_of_names(rows: Sequence[Control]) -> Iterator[str]:
    """Names that would lead a reader to more than one row, and checks that share an id."""
    owners: dict[str, ControlId] = {}
    for row in rows:
        place = f"{address.row_file(row.layer)}: {row.id}"
        for name in filter(None, (row.id, row.stem, *row.aliases)):
            if name in owners:
                yield f"{place}: {name!r} already names {owners[name]}"
            owners.setdefault(name, row.id)
        for check, times in Counter(check.name for check in row.checks).items():
            if check and times > 1:
                yield f"{place}: verify has {check!r} {times} times"


def _codes_named(rows: Sequence[Control], header: Catalogue) -> Iterator[tuple[str, str]]:
    """Each code that a row or `not_mapped` names, after its standard."""
    for row in rows:
        yield from ((standard, code) for standard, codes in row.standards.items() for code in codes)
    for reason, codes in header.not_mapped.items():
        yield from ((reason.partition("_")[0], code) for code in codes)


def _faults_of_not_mapped(rows: Sequence[Control], header: Catalogue) -> Iterator[str]:
    """Codes that are said to have no control although one names them, or that no standard has."""
    mapped = {code for row in rows for codes in row.standards.values() for code in codes}
    for reason, codes in header.not_mapped.items():
        place, standard = f"{HEADER}: not_mapped: {reason}", reason.partition("_")[0]
        if standard not in standards.CODES:
            yield f"{place}: the key must begin with a standard, as asvs_ does"
            continue
        for code in codes:
            if not standards.is_code(standard, code):
                yield f"{place}: {code!r} is no code of {standard}"
            elif code in mapped:
                yield f"{place}: {code!r} is mapped by a row"
