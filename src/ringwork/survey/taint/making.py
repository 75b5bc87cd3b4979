"""New objects of the project's classes: what __init__, or what stands in its place, makes of what it is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ringwork.survey.taint import described, kept_passwords, mattering, records, sinks, summaries, uses, values
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import Defined, DefinedClass
from ringwork.survey.taint.values import Kind, Value

_NEW = "<new>"


def construct(
    run: Run, owner: DefinedClass, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int, spread: Sequence[Value]
) -> Value:
    """A new object of a class of the project."""
    fresh = Value(Kind.OBJECT, (owner, {}), owner.dotted)
    own = run.project.method(owner, "__init__")
    if own is not None:
        return _made(run, own, fresh, arguments, keywords, at, spread)
    bases = run.project.bases(owner.dotted)
    if "**" in keywords and any(base.rpartition(".")[2] in kept_passwords.STORED for base in bases):
        # Whoever sends a whole mapping chooses which columns of a row he fills.
        is_mild = uses.PRIVILEGES.isdisjoint({*owner.attributes, *owner.annotations})
        sinks.arrive(run, "bind", owner.name, mattering.part("bind", "**", keywords["**"]), at, weak=is_mild)
    if keywords:
        kept_passwords.filled(run, owner, keywords, at)
    for base in bases:
        described_by = run.models.function(f"{base}.__init__") or (run.models.function(base) if run.models.is_type(base) else None)
        if described_by is not None:
            described.call(run, described_by, base, fresh, arguments, keywords, at)
    given = dict(zip(records.fields(run, owner), arguments, strict=False))
    given.update({name: value for name, value in keywords.items() if name != "**"})
    made = Value(Kind.OBJECT, (owner, given), owner.dotted, values.merge([values.within(one) for one in spread]))
    after = run.project.method(owner, "__post_init__")
    return _made(run, after, made, [], {}, at, ()) if after is not None else made


def _made(
    run: Run,
    own: Defined,
    fresh: Value,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    at: int,
    spread: Sequence[Value],
) -> Value:
    held = run.frame.state.names
    held[_NEW] = fresh  # so that what is done to it while it is made is done to it
    summaries.defined(run, own, arguments, keywords, at, receiver=fresh, spread=spread)
    return held.pop(_NEW, fresh)
