"""Values of which nobody says whence they come: what somebody who is not read gives a function, and what code gives that nobody described.

Against a hole that waits for its caller: a statement put together in a library is as dangerous as who calls it. No request was seen to get
there, so that each is no more than a hint; but a value that a statement takes into its text, where the driver takes a parameter, is wrong
whoever calls, and so is any part that a function which nobody calls takes into the text of a statement.
"""

from __future__ import annotations

import itertools
import re

from ringwork.survey.taint import ir, pieces, unbound, values
from ringwork.survey.taint.frames import Found, Frame, Reach, Run
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.values import Atom, Kind, Trail, Value
from ringwork.survey.taint.walk import names, walk

_COMPOSED = frozenset({"sql", "soql", "xpath", "ldap", "template", "orm", "html", "xml-text"})
"""Kinds of places where such a value matters as a part of a text; as a whole it is what the function is for."""
_WHOLE = frozenset({"command", "code", "deserialise"})
"""Kinds of places where it matters as a whole too."""
GIVEN = "() is given "
_REGISTERS = re.compile(r"command|argument|option|task|fixture|callback|hook|group|receiver|listens_for")
"""Decorators by whose means the one who starts a program, or its framework, calls a function that the project never names."""
_TEXTS = re.compile(r"^(?:str|bytes|Any|AnyStr|LiteralString|object|Text)$")
"""Types of parameters that may be any text; an enumeration, a number or a model says what is meant."""
_VALUE = re.compile(
    r"""^\s*(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|CALL|EXEC|MERGE)\b.*(?:(?:=|<|>|\bLIKE)\s*(?:'%?)?|(?:\bVALUES|\bIN)\s*\(\s*'?|,\s*')$""",
    re.IGNORECASE | re.DOTALL,
)
"""Text of a statement up to a place where a parameter may stand: no name of a table or column, and no order."""
_QUOTED = "A value is written into the statement's text; whatever it is, the driver binds it better."
_MARKED_UP = "A value is written between tags; whatever it is, it has to be escaped there."
_SHELL = "A shell takes this apart, wherever it comes from; start the program with a list of arguments, without a shell."
_SAYS = {"xml-text": _MARKED_UP, "command": _SHELL}
"""What is wrong with such a text whatever it says."""
OF_CALLER = "Whoever calls this chooses a part of the statement; take the name from a list of those that are meant, or quote it."
"""Of a part of a statement that a function takes from its caller, where the project has none."""
RUN_FOR_CALLER = "Whoever calls this chooses what is run; run nothing that was handed over, or take it from a list of what is meant."
_BROUGHT = "Nothing in this file says what stands here; hand it over as a parameter, or take it from a list of what is meant."
OF_CALLERS = frozenset({OF_CALLER, RUN_FOR_CALLER})
"""What is wrong only as long as the project names such a function nowhere."""
_FILES = re.compile(r"(?:^|_)(?:f|fd|fp|file|fileobj|filename|folder|handle|path|stream)$", re.IGNORECASE)
"""What a function is called whose caller gives it a file: what a file holds is known to who keeps it."""


def arrive(run: Run, kind: str, sink: str, value: Value, at: int) -> None:
    """A value that brings nothing from a request comes to a place: where it is put together from what nobody knows, that is told."""
    if kind in _WHOLE:
        is_open = any(_is_open(part) for one in values.alternatives(value) for part in (one, *_parts(one)))
    else:
        is_open = kind in _COMPOSED and any(_is_open(part) for one in values.alternatives(value) for part in _parts(one))
    if is_open:
        trail = run.here(at, f"text that is put together reaches {sink}")
        is_quoted = kind == "sql" and any(_is_bound_better(one) for one in values.alternatives(value))
        said = _QUOTED if is_quoted else _SAYS.get(kind, "") or _brought(run, kind, value)
        run.tell(Found(kind, sink, Atom("local", ""), trail, not said, run.frame.function, "", said))


def _brought(run: Run, kind: str, value: Value) -> str:
    """What is wrong with a text into which a name goes that nothing in the module binds."""
    each = [part for one in values.alternatives(value) for part in ((one, *_parts(one)) if kind in _WHOLE else _parts(one))]
    said = _BROUGHT if kind in _WHOLE or kind in {"sql", "template"} else ""
    return said if said and any(unbound.is_brought(run.frame, part) for part in each) else ""


def _is_bound_better(value: Value) -> bool:
    """Whether an unknown part stands where the driver takes a parameter: behind a comparison, or between quotes."""
    parts = value.data if value.kind is Kind.TEXT else ()
    return any(
        type(part) is Value and _is_open(part) and type(before) is str and _VALUE.search(before) is not None
        for before, part in itertools.pairwise(parts)
    )


def _parts(value: Value) -> tuple[Value, ...]:
    """What stands beside constants in a text, or in the list of words of a command."""
    if value.kind is Kind.TEXT:
        return tuple(part for part in value.data if type(part) is Value)
    if value.kind is Kind.ITEMS:
        return tuple(part for item in value.data for part in (item, *_parts(item)))
    return ()


def _is_open(value: Value) -> bool:
    if value.kind is Kind.METHOD:
        return _is_open(value.data[0])
    return unbound.is_open(value) and not value.type


def tell(run: Run, own: Defined, frame: Frame) -> None:
    """What a function does with what it is given, where nothing in its module calls it."""
    if not frame.reaches or own.node.name in _called(run, own.unit, is_plain=own.owner is None and "<locals>" not in own.qualname):
        return
    for parameter in own.node.parameters:
        for reach in frame.reaches.get(Atom("", f"{own.dotted}:{parameter.name}"), {}).values():
            if reach.kind in _WHOLE or (reach.kind in _COMPOSED and reach.context.strip("\x00\x01 ")):
                trail = _behind(Trail(own.unit.file, parameter.at, f"{own.node.name}{GIVEN}{parameter.name}", None), reach.trail)
                said = _said(own, parameter, reach)
                atom = Atom("local", parameter.name)
                is_weak = not said or reach.weak
                run.tell(Found(reach.kind, reach.sink, atom, trail, is_weak, reach.function, reach.context, said, reach.told))


def _said(own: Defined, parameter: ir.Parameter, reach: Reach) -> str:
    """What is wrong whoever calls a function that reaches this; "" for what is no more than a hint."""
    if reach.kind == "sql" and "-'" not in reach.words and _VALUE.search(reach.context) is not None:
        return _QUOTED
    if reach.kind == "xml-text":
        return _MARKED_UP
    # What a class or another function has may be called by it, and what a decorator registers by whoever starts the program.
    is_plain = own.owner is None and "<locals>" not in own.qualname and not any(map(_is_registered, own.node.decorators))
    is_plain = is_plain and (parameter.annotation is None or any(map(_TEXTS.search, names((parameter.annotation,)))))
    is_part = bool(reach.context.strip("\x00\x01 '\""))
    said = {"sql": OF_CALLER, "command": _SHELL, "code": RUN_FOR_CALLER}.get(reach.kind, "") if is_part else ""
    if not is_part and reach.kind in _WHOLE and not pieces.names(reach.words) and _FILES.search(parameter.name) is None:
        said = RUN_FOR_CALLER
    return said if is_plain and not pieces.known(reach.words) - pieces.names(reach.words) else ""


def _is_registered(decorator: ir.Expression) -> bool:
    made = decorator.function if isinstance(decorator, ir.Call) else decorator
    return _REGISTERS.search(made.name if isinstance(made, ir.Attribute) else made.id if isinstance(made, ir.Name) else "") is not None


def _behind(first: Trail, rest: Trail) -> Trail:
    steps: list[Trail] = []
    here: Trail | None = rest
    while here is not None:
        steps.append(here)
        here = here.before
    found = first
    for step in reversed(steps):
        found = Trail(step.file, step.at, step.said, found, step.function)
    return found


def _called(run: Run, unit: Unit, *, is_plain: bool) -> frozenset[str]:
    """The last names of all that a module calls. is_plain: as a module calls its own functions, without a dot before them."""
    known = run.calls_in.get(unit.file)
    if known is None:
        functions = [part.function for part in walk(unit.module.body) if isinstance(part, ir.Call)]
        named = frozenset(one.name for one in functions if isinstance(one, ir.Attribute))
        plain = frozenset(one.id for one in functions if isinstance(one, ir.Name))
        known = run.calls_in[unit.file] = (plain, named | plain)
    return known[0] if is_plain else known[1]
