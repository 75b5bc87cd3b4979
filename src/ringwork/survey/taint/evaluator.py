"""The parts of the reading tied together: one run over a project's functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ringwork.survey.taint import (
    answers,
    around,
    attributes,
    calling,
    described,
    environ,
    expressions,
    ir,
    making,
    records,
    shown,
    sinks,
    statements,
    summaries,
    unknowns,
    uses,
    values,
)
from ringwork.survey.taint.frames import Found, Frame, Run, State
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.model import Models
from ringwork.survey.taint.parts import Function
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.units import Defined, Unit
from ringwork.survey.taint.values import NO_WORDS, NOTHING, UNKNOWN, Atom, Kind, Mark, Taint, Value

_NOBODY = "nobody"
"""What a function answers that no request calls."""


def _answers(own: Defined, handler: Handler | None) -> str:
    """What becomes of what a function returns: the addresses that a view of Django names are where it leads to."""
    if handler is None:
        return _NOBODY
    return "redirect" if handler.framework == "django" and handler.instance and own.node.name in _ADDRESSES else handler.answers


_ADDRESSES = frozenset({"get_success_url", "get_redirect_url"})


def _is_broad(kind: ir.Expression) -> bool:
    name = kind.name if isinstance(kind, ir.Attribute) else kind.id if isinstance(kind, ir.Name) else ""
    return name in {"Exception", "BaseException"} or name.endswith(("DatabaseError", "SQLAlchemyError", "OperationalError"))


_REQUESTS = (
    ("django", "django.http.HttpRequest"),
    ("rest_framework", "rest_framework.request.Request"),
    ("aiohttp", "aiohttp.web.Request"),
    ("starlette", "starlette.requests.Request"),
    ("fastapi", "starlette.requests.Request"),
    ("pyramid", "pyramid.request.Request"),
    ("sanic", "sanic.request.Request"),
)


def _request_of(unit: Unit) -> str:
    """What a parameter named `request` is in a module that imports one of the frameworks."""
    roots = {target.partition(".")[0] for target in unit.imports.values()}
    return next((type_ for root, type_ in _REQUESTS if root in roots), "")


_HELD = {**dict(_REQUESTS), "aiohttp": "aiohttp.web.Request"}
"""What the objects of class views keep as their request, by framework."""


def _is_event(own: Defined, parameter: ir.Parameter) -> bool:
    """Whether a function is what AWS Lambda calls: `handler(event, context)`, by its documentation, with the request as the event."""
    names = [one.name for one in own.node.parameters]
    return names == ["event", "context"] and parameter.name == "event" and own.owner is None and "<locals>" not in own.qualname


def _or_default(parameter: ir.Parameter, value: Value) -> Value:
    """What a parameter may be where nobody gives it: its default is as good as what a caller chose."""
    default = parameter.default
    if type(default) is ir.Constant and isinstance(default.value, str | bool):
        return values.join(values.constant(default.value), value)
    return value


class Evaluator(Run):
    """Reads functions of one project."""

    def __init__(self, project: Project, models: Models) -> None:
        super().__init__(project, models, expressions=expressions.EXPRESSIONS, statements=statements.STATEMENTS, apply=calling.apply)
        self._answers: tuple[Frame, str, str] | None = None

    def described(self, function: Function, receiver: Value, name: str, at: int) -> Value:
        """Reading a described attribute."""
        return described.attribute(self, function, receiver, name, at)

    def called(
        self, function: Function, name: str, receiver: Value, arguments: Sequence[Value], keywords: Mapping[str, Value], at: int
    ) -> Value:
        """Calling a described function or method."""
        return described.call(self, function, name, receiver, arguments, keywords, at)

    def apart(self, value: Value) -> Value:
        """A named tuple as the plain tuple that it is; anything else as it is."""
        return records.as_tuple(self, value)

    def at_top(self, unit: Unit, node: ir.Expression) -> Value:
        """What an expression gives at the top level of a module."""
        if type(node) is ir.Constant:
            return values.constant(node.value)
        before, self.frame = self.frame, Frame(unit, None, State({}))
        try:
            return self.value(node)
        finally:
            self.frame = before

    def returning(self, value: Value, at: int) -> None:
        """The function being read returns this."""
        frame = self.frame
        if self._answers is not None and self._answers[0] is frame:
            self._answered(value, at)
            if frame.defined is not None:
                shown.returned(self, frame.defined, value, at)
        frame.returned.append((value, frame.state.facts, frame.state.names))

    def _answered(self, value: Value, at: int) -> None:
        """What a handler returns becomes an answer: plain text of one that answers pages is markup."""
        _, form, name = self._answers or (None, "", "")
        is_plain = value.kind in {Kind.KEYED, Kind.ITEMS} or (
            value.kind is Kind.UNKNOWN and value.type in {"", "builtins.str", "builtins.dict"}
        )
        if is_plain and form != _NOBODY:
            sinks.arrive(self, "error-detail", f"the answer of {name}", value, at)
        if form == answers.GATEWAY:
            value, form = answers.page(value), "html"
        if form == "redirect":
            sinks.arrive(self, "redirect", f"the address that {name} gives", value, at, part="whole")
        if form not in {"html", "chunks"}:
            return
        for one in values.alternatives(attributes.element(self, value) if form == "chunks" else value):
            body = one.data[0] if one.kind is Kind.ITEMS and one.type == "builtins.tuple" and one.data else one
            if body.kind in {Kind.TEXT, Kind.UNKNOWN, Kind.METHOD, Kind.SEVERAL} and body.type in {"", "builtins.str", "builtins.bytes"}:
                sinks.arrive(self, "html", f"the answer of {name}", body, at)

    def raising(self, value: Value, at: int) -> None:
        """Nothing yet comes of an exception's text before it is caught."""

    def caught(self, handler: ir.Handler) -> Value:
        """The exception that a handler catches; of one that catches anything, the text is nobody's plan."""
        if handler.kinds and not any(_is_broad(kind) for kind in handler.kinds):
            return Value(Kind.UNKNOWN, None, "builtins.Exception")  # what was expected has a text that somebody chose
        place = f"{self.frame.unit.file}:{handler.at}"
        mark = Mark(NO_WORDS, self.here(handler.at, "an exception is caught"), weak=False)
        return Value(Kind.UNKNOWN, None, "builtins.Exception", {Atom("exception", "", place): mark})

    def kept(self, value: Value, name: str, at: int) -> None:
        """A random number under the name of a secret is one that can be guessed."""
        for atom, mark in value.taint.items():
            if atom.kind == "random" and mark.trail is not None and uses.is_secret(name):
                trail = self.here(at, f"is kept as {name.strip()}", mark.trail)
                self.tell(Found("weak-random", "random", atom, trail, mark.weak, self.frame.function, "", ""))

    def entered(self, value: Value, at: int) -> Value:
        """What `with value as ...` gives."""
        owner = value.data[0] if value.kind is Kind.OBJECT else self.project.class_(value.type) if value.type else None
        if owner is not None:
            own = self.project.method(owner, "__enter__") or self.project.method(owner, "__aenter__")
            return summaries.defined(self, own, [], {}, at, receiver=value) if own is not None else value
        if value.kind is Kind.KEYED and value.type == "builtins.list":
            return attributes.element(self, value)  # a generator that was made a context manager
        for name in ("__enter__", "__aenter__"):
            function = self.models.function(f"{value.type}.{name}") if value.type else None
            if function is not None:
                return self.called(function, f"{value.type}.{name}", value, [], {}, at)
        return value

    # -- entries ------------------------------------------------------------------------------------------------

    def read(self, own: Defined, handler: Handler | None = None) -> Frame:
        """Read one function for what it does by itself, or as the handler of a route."""
        given = {parameter.name: self._parameter(own, parameter, handler) for parameter in own.node.parameters}
        frame = Frame(own.unit, own, State({**around.factory(self, own), **given} if "<locals>" in own.qualname else given))
        self.frame = frame
        self.memory.entry(is_constant=handler is not None and bool(handler.path) and handler.is_constant)
        self._answers = (frame, _answers(own, handler), own.node.name)
        if handler is not None:
            around.before(self, own, handler)
            around.set_up(self, own, handler)
        self.block(own.node.body)
        self._answers = None
        if not frame.state.dead:
            frame.returned.append((values.NONE, frame.state.facts, frame.state.names))
        answers.settle(frame)
        if handler is None:
            unknowns.tell(self, own, frame)
        else:
            around.wrapped(self, own, handler, given)
            self._leave_out(frame, {name for name, brought in handler.segments.items() if not brought.is_text})
        return frame

    def _leave_out(self, frame: Frame, names: set[str]) -> None:
        """A part of the path that the route takes as digits alone is no text, however it was read."""
        for key, found in list(frame.found.items()):
            if found.atom.kind == "path" and found.atom.name in names:
                del frame.found[key]

    def read_top(self, unit: Unit) -> Frame:
        """Read the statements at the top level of a module."""
        frame = Frame(unit, None, State({}))
        self.frame = frame
        self.memory.entry()
        self.block(tuple(one for one in unit.module.body if not isinstance(one, ir.Function | ir.Class | ir.Import | ir.ImportFrom)))
        return frame

    def _parameter(self, own: Defined, parameter: ir.Parameter, handler: Handler | None) -> Value:
        if parameter.name in {"self", "cls"} and own.owner is not None:
            if parameter.name == "cls":
                return values.named(own.owner.dotted)
            return Value(Kind.OBJECT, (own.owner, self._instance(handler)), own.owner.dotted)
        brought = handler.brought.get(parameter.name) if handler is not None else None
        if brought is not None and handler is not None:
            return self.brought(own, parameter, brought, handler)
        type_ = attributes.type_of(self, own.unit, parameter.annotation) if parameter.annotation is not None else ""
        if not type_ and parameter.name == "request":
            type_ = _request_of(own.unit)
        if handler is None and _is_event(own, parameter):
            trail = values.Trail(own.unit.file, parameter.at, f"the event of a cloud's function comes in as {parameter.name}", None)
            return values.unknown({Atom("body", ""): Mark(NO_WORDS, trail, weak=False)})
        taint: Taint = {Atom("", f"{own.dotted}:{parameter.name}"): Mark(NO_WORDS, None, weak=False)} if handler is None else NOTHING
        if type_ in attributes.NUMBERS:
            taint = NOTHING
        if parameter.kind == "args":
            return Value(Kind.KEYED, ({}, values.unknown(taint, type_)), "builtins.list")
        if parameter.kind == "kwargs":
            return Value(Kind.KEYED, ({}, values.unknown(taint, type_)), "builtins.dict")
        if handler is None:
            return _or_default(parameter, values.unknown(taint, type_))
        is_known = type_ or parameter.default is not None or around.is_called_by_own(self, own)
        return values.unknown(taint, type_) if is_known else values.OPEN

    def _instance(self, handler: Handler | None) -> dict[str, Value]:
        """What a view's object holds when a request comes: its request, and what the path brought."""
        type_ = _HELD.get(handler.framework, "") if handler is not None else ""
        if handler is None or not type_:
            return {}
        is_rest = any(base.startswith("rest_framework.") for base in self.project.bases(handler.instance))
        fields = {"request": Value(Kind.UNKNOWN, None, "rest_framework.request.Request" if is_rest else type_)}
        if handler.framework == "django":
            inner = {
                name: values.unknown({Atom("path", name): Mark(NO_WORDS, None, weak=False)} if brought.is_text else NOTHING)
                for name, brought in {**handler.segments, **handler.brought}.items()
                if brought.source == "path"
            }
            fields["kwargs"] = Value(Kind.KEYED, (inner, None), "builtins.dict")
        return fields

    def brought(self, own: Defined, parameter: ir.Parameter, brought: Brought, handler: Handler) -> Value:
        """What a parameter of a handler holds when a request comes."""
        if brought.function:
            made = self._depended(own, brought, parameter, handler)
            if made is not None:
                return made
        if brought.type == environ.TYPE:
            return environ.of_request(own.unit.file, parameter.at)
        if not brought.source:
            return Value(Kind.UNKNOWN, None, brought.type) if brought.type else UNKNOWN
        owner = self.project.class_(brought.type)
        if not brought.is_text and (owner is None or attributes.is_enum(self, owner)):
            return Value(Kind.UNKNOWN, None, brought.type)
        name = brought.name or parameter.name
        said = f"{brought.source} {name} comes in as {parameter.name}"
        is_whole = brought.source in {"body", "form", "query"} and self.project.class_(brought.type) is not None
        atom = Atom(brought.source, "" if is_whole else name)
        trail = values.Trail(own.unit.file, parameter.at, said, None)
        return Value(Kind.UNKNOWN, None, brought.type, {atom: Mark(NO_WORDS, trail, weak=False)})

    def _depended(self, own: Defined, brought: Brought, parameter: ir.Parameter, handler: Handler) -> Value | None:
        """What a dependency returns, whose own parameters a request brings as well."""
        made = self.project.function(brought.function)
        owner = self.project.class_(brought.function) if made is None else None
        init = self.project.method(owner, "__init__") if owner is not None else None
        what = made or init
        if what is None:
            return None
        keywords = {}
        for inner in what.node.parameters:
            if inner.name in {"self", "cls"}:
                continue
            sub = handler.depends.get(brought.function, {}).get(inner.name)
            if sub is not None and sub.function != brought.function:
                keywords[inner.name] = self.brought(what, inner, sub, handler)
        before, self.frame = self.frame, Frame(own.unit, own, State({}))
        try:
            if made is not None:
                found = summaries.defined(self, made, [], keywords, parameter.at)
            elif owner is not None:
                found = making.construct(self, owner, [], keywords, parameter.at, ())
            else:
                return None
        finally:
            self.frame = before
        return attributes.element(self, found) if what.node.is_generator else found
