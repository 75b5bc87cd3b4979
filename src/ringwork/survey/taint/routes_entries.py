"""Functions that a request reaches and that no route of the four frameworks names: plain WSGI, error handlers, other frameworks, resolvers.

Against a hole that is not looked for because nobody knows the framework: what such a function is called with is told by its decorator, by
the class that it stands in, by what registers it, or by its parameters alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ringwork.survey.taint import answers, environ, ir, routes_classes, routes_litestar
from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.routes_entry import asked, entry, is_page, names_of, segments
from ringwork.survey.taint.routes_parameters import Reading
from ringwork.survey.taint.routes_scope import Scope, argument, dotted, text, texts, written
from ringwork.survey.taint.routes_wiring import Wiring, imports_of, scope_of, target_of
from ringwork.survey.taint.units import Defined

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_FLASK = frozenset({"flask", "quart"})
_STARLETTE = frozenset({"starlette", "fastapi"})


def handlers(wiring: Wiring) -> Iterator[Handler]:
    """All of them, by module; those that a route of the four frameworks names are left to the caller to take out."""
    imported = frozenset().union(*map(imports_of, wiring.project.units()))
    callable_, event = wiring.project.saying("start_response"), wiring.project.saying("handler") & wiring.project.saying("event")
    for unit in wiring.project.units():
        names = imports_of(unit)
        decorated = [reader for libraries, reader in _DECORATED if names & libraries]
        for own in unit.functions.values():
            for reader in decorated:
                for decorator in own.node.decorators:
                    yield from reader(_Decorated(scope_of(wiring.project, own), own, decorator))
            if unit.name in callable_ or unit.name in event:
                yield from _by_parameters(own)
        yield from routes_classes.handlers(wiring.project, unit, has_falcon="falcon" in imported)
    yield from _registered(wiring, imported)


@dataclass(frozen=True, slots=True)
class _Decorated:
    """A function and one of its decorators."""

    scope: Scope
    own: Defined
    decorator: ir.Expression

    @property
    def call(self) -> ir.Call | None:
        """The decorator, where it is called."""
        return self.decorator if isinstance(self.decorator, ir.Call) else None

    @property
    def name(self) -> str:
        """The decorator's, as it is written, without what stands before the dot."""
        return written(self.decorator).rpartition(".")[2]


# -- by decorator -----------------------------------------------------------------------------------------------


def _bottle(one: _Decorated) -> Iterator[Handler]:
    """@route("/notes/<name>"), @app.get("/notes"), @error(404)."""
    name, call = one.name, one.call
    if call is None or name not in {"route", "error", *_VERBS} or imports_of(one.own.unit) & _FLASK:
        return
    path = text(one.scope, argument(call, 0, "path"), gaps=True) or ""
    if name == "error" or path.startswith("/") or not call.arguments:
        yield _of_bottle(one.own, path, (name,) if name in _VERBS else texts(one.scope, argument(call, 1, "method")))


def _of_bottle(own: Defined, path: str, methods: tuple[str, ...]) -> Handler:
    return entry(own, "bottle", path=path, methods=methods, answers="html", brought=segments(path))


def _sanic(one: _Decorated) -> Iterator[Handler]:
    """@app.get("/notes/<name:str>") before f(request, name)."""
    name, call = one.name, one.call
    path = text(one.scope, argument(call, 0, "uri"), gaps=True) if call is not None else None
    if path is None or not path.startswith("/") or name not in {"route", "websocket", *_VERBS} or imports_of(one.own.unit) & _FLASK:
        return
    given = names_of(one.own)
    brought = {given[0]: Brought(type="sanic.request.Request", is_text=False)} if given else {}
    yield entry(
        one.own,
        "sanic",
        path=path,
        methods=(name,) if name in _VERBS else (),
        brought=brought | segments(path),
        kind="websocket" if name == "websocket" else "http",
    )


def _pyramid(one: _Decorated) -> Iterator[Handler]:
    """@view_config(route_name="notes") on a function, or on a method of a class that keeps its request."""
    if one.name.endswith("view_config"):
        yield _of_pyramid(one.own)


def _of_pyramid(own: Defined) -> Handler:
    """A view is called with the request, or with a context before it."""
    names = names_of(own)
    return entry(own, "pyramid", brought={names[-1]: Brought(type="pyramid.request.Request", is_text=False)} if names else {})


def _flask_error(one: _Decorated) -> Iterator[Handler]:
    """@app.errorhandler(404): what it returns is a page, and it reads the request of whoever made the error."""
    if one.name in {"errorhandler", "app_errorhandler"}:
        yield _of_flask_error(one.own, argument(one.call, 0, "code") if one.call is not None else None)


def _of_flask_error(own: Defined, caught: ir.Expression | None) -> Handler:
    names = names_of(own)
    return entry(own, "flask", answers="html", brought={names[0]: _EXCEPTION} if names and _is_any_fault(caught) else {})


_EXCEPTION = Brought(source="exception", type="builtins.Exception")


def _is_any_fault(caught: ir.Expression | None) -> bool:
    """Whether a handler gets what nobody foresaw, whose text nobody chose for a stranger; what was expected has one that somebody wrote."""
    return (
        (isinstance(caught, ir.Constant) and caught.value == 500) or written(caught) in {"Exception", "BaseException"} if caught else False
    )


def _starlette_error(one: _Decorated) -> Iterator[Handler]:
    """@app.exception_handler(404) before f(request, error)."""
    if one.name == "exception_handler":
        yield _of_starlette(one.own, argument(one.call, 0, "exc_class_or_status_code") if one.call is not None else None)


def _of_starlette(own: Defined, caught: ir.Expression | None) -> Handler:
    names = names_of(own)
    brought = {names[0]: Brought(type="starlette.requests.Request", is_text=False)} if names else {}
    return entry(own, "starlette", brought=brought | ({names[1]: _EXCEPTION} if len(names) > 1 and _is_any_fault(caught) else {}))


def _resolver(one: _Decorated) -> Iterator[Handler]:
    """@strawberry.field and @strawberry.mutation, @query.field("notes") of Ariadne: the arguments are the client's."""
    name = dotted(one.scope, one.call.function if one.call is not None else one.decorator)
    if name in {"strawberry.field", "strawberry.mutation", "strawberry.subscription"}:
        yield entry(one.own, "graphql", brought=asked(one.scope, one.own, skip=0))
    elif (
        one.name in {"field", "mutation", "source"}
        and one.call is not None
        and one.call.arguments
        and "ariadne" in imports_of(one.own.unit)
    ):
        yield entry(one.own, "graphql", brought=asked(one.scope, one.own, skip=2))


def _ninja(one: _Decorated) -> Iterator[Handler]:
    """@api.get("/notes/{note_id}") before f(request, ...), whose other parameters are told as FastAPI's are."""
    path = text(one.scope, argument(one.call, 0, "path"), gaps=True) if one.call is not None else None
    if path is None or one.name not in _VERBS or not names_of(one.own):
        return
    reading = Reading(one.scope, segments(path))
    first = names_of(one.own)[0]
    brought = reading.of(one.own, skip_self=True) | {first: Brought(type="django.http.HttpRequest", is_text=False)}
    yield entry(one.own, "ninja", path=path, methods=(one.name,), brought=brought)


_DECORATED: tuple[tuple[frozenset[str], Callable[[_Decorated], Iterator[Handler]]], ...] = (
    (frozenset({"bottle"}), _bottle),
    (frozenset({"sanic"}), _sanic),
    (frozenset({"pyramid"}), _pyramid),
    (_FLASK, _flask_error),
    (_STARLETTE, _starlette_error),
    (frozenset({"ninja"}), _ninja),
    (frozenset({"litestar"}), lambda one: routes_litestar.handlers(one.scope, one.own, one.decorator)),
    (frozenset({"strawberry", "ariadne"}), _resolver),
)


# -- by parameters ----------------------------------------------------------------------------------------------


def _by_parameters(own: Defined) -> Iterator[Handler]:
    """WSGI's callable, and a function that is called with an event of a cloud's gateway."""
    names = names_of(own)
    if names == ["environ", "start_response"] and (own.owner is None or own.node.name == "__call__"):
        yield entry(
            own,
            "wsgi",
            answers="chunks" if is_page(own.unit, own) else "",
            brought={
                "environ": Brought(type=environ.TYPE),
                "start_response": Brought(type="wsgiref.types.StartResponse"),
            },
        )
    elif own.owner is None and "handler" in own.node.name and [name.lstrip("_") for name in names] == ["event", "context"]:
        yield entry(own, "lambda", answers=answers.GATEWAY, brought={names[0]: Brought(source="body")})


# -- by registration --------------------------------------------------------------------------------------------


def _registered(wiring: Wiring, imported: frozenset[str]) -> Iterator[Handler]:
    for call, scope in wiring.said.called("route"):
        given = argument(call, -1, "callback")
        own = _function(scope, given)
        if own is not None:
            path = text(scope, argument(call, 0, "path"), gaps=True) or ""
            yield _of_bottle(own, path, texts(scope, argument(call, 1, "method")))
    if "pyramid" in imported:
        for name in ("add_view", "add_notfound_view", "add_forbidden_view", "add_exception_view"):
            for call, scope in wiring.said.called(name):
                own = _function(scope, argument(call, 0, "view"))
                if own is not None:
                    yield _of_pyramid(own)
    for call, scope in wiring.said.called("register_error_handler"):
        own = _function(scope, argument(call, 1, "f"))
        if own is not None:
            yield _of_flask_error(own, argument(call, 0, "code_or_exception"))
    for call, scope in wiring.said.called("add_exception_handler"):
        own = _function(scope, argument(call, 1, "handler"))
        if own is not None:
            yield _of_starlette(own, argument(call, 0, "exc_class_or_status_code"))
    yield from _of_django(wiring)


def _function(scope: Scope, expression: ir.Expression | None) -> Defined | None:
    found = target_of(scope, expression)[0] if expression is not None else None
    return found if isinstance(found, Defined) else None


def _of_django(wiring: Wiring) -> Iterator[Handler]:
    """handler404 = "shop.views.missing", in a URLconf."""
    for unit in wiring.project.units():
        for name in ("handler400", "handler403", "handler404", "handler500"):
            if name not in unit.gives:
                continue
            value = unit.assigned[name]
            named = value.value if isinstance(value, ir.Constant) else wiring.project.resolve(unit, value)
            own = wiring.project.function(str(named))
            if own is not None and (names := names_of(own)):
                yield entry(own, "django", brought={names[0]: Brought(type="django.http.HttpRequest", is_text=False)})
