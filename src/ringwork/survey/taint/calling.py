"""Calls: of functions of the project through their summaries, of classes, of libraries through their models, and of what nobody knows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ringwork.survey.taint import (
    assigning,
    attributes,
    builtin_functions,
    closures,
    described,
    facts,
    ir,
    kept_passwords,
    making,
    mattering,
    methods,
    queued,
    records,
    sinks,
    summaries,
    values,
)
from ringwork.survey.taint.frames import Run
from ringwork.survey.taint.units import Defined
from ringwork.survey.taint.values import UNKNOWN, Kind, Value
from ringwork.survey.taint.walk import names

_DUCKS = {
    "execute": ("sql", 0), "executemany": ("sql", 0), "executescript": ("sql", 0), "mogrify": ("sql", 0),
    "find_one": ("nosql", 0), "find_one_and_update": ("nosql", 0), "find_one_and_delete": ("nosql", 0), "update_one": ("nosql", 0),
    "update_many": ("nosql", 0), "delete_one": ("nosql", 0), "delete_many": ("nosql", 0), "replace_one": ("nosql", 0),
    "count_documents": ("nosql", 0), "exec_command": ("command", 0), "eval": ("code", 0),
}  # fmt: skip
"""Methods of objects of unknown type that hardly mean anything else."""
_CLAUSES = frozenset({"raw", "having", "group_by", "distinct", "order_by", "filter"})
"""Methods of queries that take a statement, or a part of one, where they are given a text that is put together."""
_MANAGER = "django.db.models.Manager"
_SERVING = frozenset({"run", "serve", "run_app", "run_simple", "start_server"})
_APPLICATIONS = frozenset({"app", "application"})
"""What Flask's application is called, whose own server is for a developer's machine."""
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 # what is looked for
_QUOTES = re.compile(r"quot|escap", re.IGNORECASE)
_STATEMENT = re.compile(
    r"\s*(?:SELECT\s|select\s.*\sfrom\s|INSERT\s+INTO\s|insert\s+into\s|UPDATE\s+\S+\s+SET\s|update\s+\S+\s+set\s|DELETE\s+FROM\s|delete\s+from\s)",
    re.DOTALL,
)
"""How a statement of SQL begins, and no sentence that is meant for a person."""
_TELLING = frozenset({
    "add", "append", "critical", "debug", "encode", "error", "exception", "extend", "format", "info", "insert", "join", "log", "print",
    "put", "replace", "send", "split", "strip", "warn", "warning", "write",
})  # fmt: skip
"""Methods that keep a text or tell it to somebody, whatever it says."""
_MAKING = frozenset({"create", "update", "get_or_create", "update_or_create"})
_MOST_CANDIDATES = 4
_COMMON = frozenset({
    "get", "post", "put", "delete", "patch", "head", "options", "add", "append", "insert", "remove", "pop", "update", "save", "create",
    "load", "read", "write", "open", "close", "run", "start", "stop", "send", "execute", "commit", "query", "filter", "all", "first",
    "one", "count", "find", "search", "match", "items", "keys", "values", "copy", "join", "split", "format", "strip", "encode",
    "decode", "sort", "index", "extend", "clear", "set", "process", "handle", "validate", "check", "build", "init", "setup", "render",
    "log", "info", "error", "warning", "debug", "exception", "is_valid", "dispatch", "register", "connect", "fetch",
})  # fmt: skip
"""Names that say nothing of whose method it is."""
_DICTS = frozenset({"get", "pop", "setdefault", "keys", "values", "items", "copy"})


def apply(
    run: Run,
    callee: Value,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    node: ir.Call | None,
    spread: Sequence[Value],
) -> Value:
    """callee(*arguments, **keywords). node: where, None for a call that no text shows. spread: unpacked values of unknown length."""
    at = node.at if node is not None else 0
    if callee.kind is Kind.SEVERAL:
        able = [one for one in callee.data if one.kind is not Kind.CONSTANT] or [UNKNOWN]
        each = [apply(run, one, arguments, keywords, node, spread) for one in able]
        found = each[0]
        for other in each[1:]:
            found = values.join(found, other)
        return _sure(found, each)
    if callee.kind is Kind.NAMED:
        return _named(run, callee.data, arguments, keywords, node, spread)
    if callee.kind is Kind.METHOD:
        return _method(run, callee.data[0], callee.data[1], arguments, keywords, node, spread)
    if callee.kind is Kind.LOCAL:
        what = callee.data[0]
        around = closures.captured(run.scopes.of(closures.node_of(callee)), closures.around(callee))
        if isinstance(what, ir.Lambda):
            return summaries.in_place(run, what, callee.data[1].unit, around, arguments, keywords)
        return summaries.defined(run, what, arguments, keywords, at, spread=spread, around=around)
    if callee.kind is Kind.OBJECT and callee.type == records.PARTIAL:
        held = callee.data[1]
        # Where it is called something happens; what stands there are not the arguments of the function itself.
        called = ir.Call(at, ir.Broken(at, ()), (), ())
        return apply(run, held["function"], [*held["given"].data, *arguments], {**held["named"].data[0], **keywords}, called, spread)
    if callee.kind is Kind.OBJECT and (record := records.made(callee, arguments, keywords, spread)) is not None:
        return record
    if callee.kind is Kind.OBJECT and callee.data[0] is not None:
        own = run.project.method(callee.data[0], "__call__")
        if own is not None:
            return summaries.defined(run, own, arguments, keywords, at, receiver=callee, spread=spread)
    return summaries.nobody(callee, arguments, keywords, spread)


def _sure(found: Value, each: Sequence[Value]) -> Value:
    """What a question says that was asked of several: alternatives that are constants say nothing of the others."""
    asked = [one for one in each if one.kind is not Kind.CONSTANT]
    if found.facts is not None or not asked or any(one.facts is None for one in asked):
        return found
    true, false = asked[0].facts or facts.NEITHER
    for one in asked[1:]:
        other_true, other_false = one.facts or facts.NEITHER
        true, false = values.common(true, other_true), values.common(false, other_false)
    return Value(Kind.UNKNOWN, None, "builtins.bool", found.taint, (true, false))


def _named(
    run: Run, dotted: str, arguments: Sequence[Value], keywords: Mapping[str, Value], node: ir.Call | None, spread: Sequence[Value]
) -> Value:
    at = node.at if node is not None else 0
    if "*" in dotted:
        return _any_of(run, dotted, arguments, keywords, at, spread)
    if dotted == "builtins.getattr" and len(arguments) > 1:
        if (found := builtin_functions.attribute(run, arguments)) is not None:
            return found
        arguments = [builtin_functions.as_module(run, arguments[0]), *arguments[1:]]
    if dotted in {"importlib.import_module", "builtins.__import__"} and arguments and (prefix := attributes.text_before(arguments[0])):
        module = prefix if arguments[0].kind is Kind.CONSTANT else f"{prefix}*"
        if arguments[0].kind is Kind.CONSTANT:
            return attributes.named(run, module)
        if run.project.names_like(module):
            return values.named(module)
    own = run.project.function(dotted)
    if own is not None:
        receiver = None
        if own.owner is not None and not _is_static(own):
            receiver, arguments = (values.named(own.owner.dotted), arguments) if _is_class_method(own) else _first(arguments)
        return summaries.defined(run, own, arguments, keywords, at, receiver=receiver, spread=spread)
    owner = run.project.class_(dotted)
    if owner is not None:
        return making.construct(run, owner, arguments, keywords, at, spread)
    if queued.is_done(run, dotted, arguments, keywords, at):
        return UNKNOWN
    special = records.SPECIAL.get(dotted) if not spread else None
    if special is not None and (found := special(run, arguments, keywords, node)) is not None:
        return found
    if dotted.startswith("builtins.") and (found := _structured(run, dotted[9:], arguments, keywords, at)) is not None:
        return found
    described_by, receiver = run.models.function(dotted), UNKNOWN
    if described_by is None and (name := _managed(dotted)):
        described_by, receiver, dotted = run.models.function(name), UNKNOWN.typed(_MANAGER), name
    if described_by is not None:
        given = (
            {**keywords, "**": values.unknown(values.merge([values.within(one) for one in spread]))}
            if spread and "**" not in keywords
            else keywords
        )
        return described.call(run, described_by, run.models.canonical(dotted), receiver, arguments, given, at)
    if dotted.startswith("builtins."):
        found = builtin_functions.call(run, dotted[9:], arguments, keywords, at)
        if found is not None:
            return found
    if dotted == "typing.cast" and len(arguments) == 2:
        return arguments[1]
    head, _, last = dotted.rpartition(".")
    if head and _quacks(run, last, arguments, keywords, at, node.function if node is not None else None):
        return UNKNOWN
    return summaries.nobody(UNKNOWN, arguments, keywords, spread)


def _managed(dotted: str) -> str:
    """The method of Django's manager that is meant: of a model that is not here, as of another application, `objects` is the manager."""
    owner, _, last = dotted.rpartition(".")
    return f"{_MANAGER}.{last}" if owner.endswith(".objects") else ""


def _structured(run: Run, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int) -> Value | None:
    """Builtin functions that keep parts apart, and methods of text that are called by their type: str.lower(text)."""
    type_, _, method = name.partition(".")
    if method and type_ in {"str", "bytes"} and arguments and not keywords:
        return methods.text(run, arguments[0], method, arguments[1:], at)
    return builtin_functions.call(run, name, arguments, keywords, at) if name in builtin_functions.STRUCTURED else None


def _any_of(run: Run, pattern: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int, spread: Sequence[Value]) -> Value:
    """A call of a function whose name is put together: any of the project whose name fits."""
    found: Value | None = None
    for own in run.project.functions_like(pattern):
        made = summaries.defined(run, own, arguments, keywords, at, spread=spread)
        found = made if found is None else values.join(found, made)
    return found if found is not None else summaries.nobody(UNKNOWN, arguments, keywords, spread)


def _first(arguments: Sequence[Value]) -> tuple[Value, Sequence[Value]]:
    return (arguments[0], arguments[1:]) if arguments else (UNKNOWN, arguments)


def _is_static(own: Defined) -> bool:
    return any(isinstance(one, ir.Name) and one.id == "staticmethod" for one in own.node.decorators)


def _is_class_method(own: Defined) -> bool:
    return any(isinstance(one, ir.Name) and one.id == "classmethod" for one in own.node.decorators)


def _method(
    run: Run,
    receiver: Value,
    name: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    node: ir.Call | None,
    spread: Sequence[Value],
) -> Value:
    at = node.at if node is not None else 0
    target = node.function.of if node is not None and isinstance(node.function, ir.Attribute) else None
    if receiver.type == attributes.SUPER:
        return _above(run, receiver, name, arguments, keywords, at, spread)
    if (record := records.method(run, receiver, name, keywords)) is not None:
        return record
    owner = receiver.data[0] if receiver.kind is Kind.OBJECT else run.project.class_(receiver.type) if receiver.type else None
    if receiver.kind is Kind.NAMED:  # a class method that a class has of its base
        owner = run.project.class_(receiver.data)
    if owner is not None:
        own = run.project.method(owner, name)
        if own is not None:
            if _is_static(own):
                return summaries.defined(run, own, arguments, keywords, at, spread=spread)
            return summaries.defined(run, own, arguments, keywords, at, receiver=receiver, spread=spread, written=target)
        for base in run.project.bases(owner.dotted):
            described_by = run.models.function(f"{base}.{name}")
            if described_by is not None:
                queued.begun(run, owner, f"{base}.{name}", receiver, at)
                return _described(run, described_by, f"{base}.{name}", receiver, arguments, keywords, at, target, spread)
    if receiver.type:
        described_by = run.models.function(f"{receiver.type}.{name}")
        if described_by is not None:
            return _described(run, described_by, f"{receiver.type}.{name}", receiver, arguments, keywords, at, target, spread)
    if name == "update" and receiver.kind is Kind.METHOD and receiver.data[1] == "__dict__":
        for value in arguments:  # whoever sends a whole mapping chooses the names of its fields too
            sinks.arrive(run, "bind", "__dict__.update", value if value.kind is not Kind.KEYED else values.unknown(value.taint), at)
    if name in methods.SHIFTING and not (arguments and isinstance(arguments[0].data, str)):
        assigning.shifted(run, receiver)
    if receiver.kind in {Kind.ITEMS, Kind.KEYED} or (name in methods.CHANGING and not receiver.type):
        changed = methods.container(run, receiver, name, arguments, keywords)
        if changed is not None:
            assigning.change(run, receiver, changed[1], target)
            return changed[0]
    found = methods.text(run, receiver, name, arguments, at) if receiver.kind in _TEXTS and not keywords else None
    if found is not None:
        return found
    if name == "format" and receiver.kind in _TEXTS:
        return methods.text(run, receiver, name, [*arguments, *keywords.values()], at) or UNKNOWN
    return _unknown_method(run, receiver, name, arguments, keywords, at, spread, target)


_TEXTS = frozenset({Kind.CONSTANT, Kind.TEXT, Kind.UNKNOWN, Kind.METHOD, Kind.SEVERAL})


def _unknown_method(
    run: Run,
    receiver: Value,
    name: str,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    at: int,
    spread: Sequence[Value],
    target: ir.Expression | None,
) -> Value:
    if receiver.type not in methods.TEXTS and _quacks(run, name, arguments, keywords, at, target):
        return UNKNOWN
    candidates = run.project.methods_named(name) if not receiver.type and name not in _COMMON else ()
    if 0 < len(candidates) <= _MOST_CANDIDATES:
        return _candidates(run, candidates, receiver, arguments, keywords, at, spread)
    if name in methods.VIEWS and not arguments and receiver.type in methods.MAPPINGS and receiver.kind is Kind.UNKNOWN and receiver.taint:
        return methods.view_of(receiver, name)
    if name in _DICTS and arguments and arguments[0].kind is Kind.CONSTANT:
        taint = attributes.narrowed(values.within(receiver), str(arguments[0].data))
        return values.unknown(values.merge([taint, *(values.within(one) for one in arguments[1:])]))
    # What quotes says so by its name, whoever brought it.
    return summaries.nobody(receiver if _QUOTES.search(name) is None else UNKNOWN.tainted(receiver.taint), arguments, keywords, spread)


def _quacks(
    run: Run, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int, target: ir.Expression | None = None
) -> bool:
    """A method of something that nobody described, which hardly means anything else. True where its result is nobody's text."""
    duck = _DUCKS.get(name)
    if duck is not None and len(arguments) > duck[1] and (duck[0] == "sql" or not run.project.methods_named(name)):
        if arguments[duck[1]].kind is Kind.CONSTANT:
            kept_passwords.executed(run, name, arguments[duck[1]].data, arguments[duck[1] + 1 :], at)
        sinks.arrive(run, duck[0], name, mattering.part(duck[0], duck[1], arguments[duck[1]]), at)
        return duck[0] == "sql"
    if name in _CLAUSES and arguments and arguments[0].kind is Kind.TEXT:
        sinks.arrive(run, "sql", name, arguments[0], at, weak=name != "raw" and not _is_query(run, target))
    if name not in _TELLING and arguments and _is_statement(arguments[0]) and not run.project.methods_named(name):
        sinks.arrive(run, "sql", name, arguments[0], at)
        return True
    asked = keywords.get("shell")
    if asked is not None and asked.kind is Kind.CONSTANT and asked.data is True and arguments:
        sinks.arrive(run, "command", name, arguments[0], at)
    if name in _MAKING and "**" in keywords:
        sinks.arrive(run, "bind", name, keywords["**"], at, weak=True)
    host = keywords.get("host", arguments[0] if name == "run" and arguments else None)
    if name in _SERVING and host is not None and host.kind is Kind.CONSTANT and host.data in _EVERYWHERE:
        is_application = name == "run" and isinstance(target, ir.Name) and target.id in _APPLICATIONS and not run.memory.asks_around()[1]
        sinks.find(run, "bind-all", name, at, "It listens on every interface; name one.", weak=not is_application)
    return False


def _is_statement(value: Value) -> bool:
    """Whether a text that is put together reads as a statement of SQL, whatever takes it."""
    if value.kind is not Kind.TEXT or not values.within(value):
        return False
    return _STATEMENT.match("".join(part if type(part) is str else "?" for part in value.data)) is not None


def _is_query(run: Run, target: ir.Expression | None) -> bool:
    """Whether a clause is added to a query of SQLAlchemy, as its names say, whose clauses are SQL; Django's name fields."""
    if target is None or "django" in run.frame.unit.heads:
        return False
    return any(name == "query" or name.endswith("_query") for name in names(target))


def _candidates(
    run: Run,
    candidates: Sequence[Defined],
    receiver: Value,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    at: int,
    spread: Sequence[Value],
) -> Value:
    """A method of an object that nobody saw made: whichever class of the project has one of this name."""
    found: Value | None = None
    for own in candidates:
        mine = Value(Kind.OBJECT, (own.owner, {}), own.owner.dotted if own.owner is not None else "", values.within(receiver))
        made = summaries.defined(run, own, arguments, keywords, at, receiver=None if _is_static(own) else mine, spread=spread)
        found = made if found is None else values.join(found, made)
    return found if found is not None else UNKNOWN


def _above(
    run: Run, receiver: Value, name: str, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int, spread: Sequence[Value]
) -> Value:
    """super().name(...): the method of the nearest base that has it, on the same object."""
    owner, fields = receiver.data
    mine = run.frame.state.names.get(_self_of(run))
    if mine is None or mine.kind not in {Kind.OBJECT, Kind.NAMED}:
        mine = Value(Kind.OBJECT, (owner, fields), owner.dotted, receiver.taint)
    for base in run.project.bases(owner.dotted):
        inner = run.project.class_(base)
        own = inner.methods.get(name) if inner is not None else None
        if own is not None:
            return summaries.defined(run, own, arguments, keywords, at, receiver=None if _is_static(own) else mine, spread=spread)
        described_by = run.models.function(f"{base}.{name}") if inner is None else None
        if described_by is not None:
            return _described(run, described_by, f"{base}.{name}", mine, arguments, keywords, at, None, spread)
    if name in {"__init__", "__init_subclass__"}:
        return values.NONE
    return summaries.nobody(mine, arguments, keywords, spread)


def _self_of(run: Run) -> str:
    """What the method being read calls its object."""
    own = run.frame.defined
    return own.node.parameters[0].name if own is not None and own.owner is not None and own.node.parameters else "self"


def _described(
    run: Run,
    described_by: Any,
    name: str,
    receiver: Value,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    at: int,
    target: ir.Expression | None,
    spread: Sequence[Value],
) -> Value:
    run.changed = None
    if spread and "**" not in keywords:
        keywords = {**keywords, "**": values.unknown(values.merge([values.within(one) for one in spread]))}
    found = described.call(run, described_by, name, receiver, arguments, keywords, at)
    if run.changed is not None:
        assigning.change(run, receiver, run.changed, target)
    run.changed = None
    return found
