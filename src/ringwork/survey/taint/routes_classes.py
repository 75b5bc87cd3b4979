"""Classes whose methods a request reaches, told by their base or by the form of their methods: falcon, tornado, Channels, GraphQL, views.

Against a handler that is missed because its class is registered by code that cannot be followed: the class itself says what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringwork.survey.taint.handlers import Brought, Handler
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_entry import asked, entry, is_page, names_of, parameters
from ringwork.survey.taint.routes_scope import around, written
from ringwork.survey.taint.units import DefinedClass, Unit

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")


def handlers(project: Project, unit: Unit, *, has_falcon: bool) -> Iterator[Handler]:
    """Those of the classes of one module. has_falcon: whether the project uses falcon, whose resources need no base class."""
    for owner in unit.classes.values():
        if has_falcon:
            yield from _falcon(project, owner)
        bases = project.bases(owner.dotted)
        for is_kind, reader in _BY_BASE:
            if any(is_kind(base) for base in bases):
                yield from reader(project, owner)


def _falcon(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """on_get(self, req, resp, note_id), and with a suffix on_get_collection.

    Source: https://falcon.readthedocs.io/en/stable/api/routing.html
    """
    for name, own in owner.methods.items():
        names = names_of(own)
        verb = name.removeprefix("on_").partition("_")[0]
        if not name.startswith("on_") or verb not in _VERBS or len(names) < 2:
            continue
        # What is said of the type of the answer may stand in a function beside it.
        shown = "falcon.PageResponse" if is_page(owner.unit) else "falcon.Response"
        brought = {names[0]: Brought(type="falcon.Request", is_text=False), names[1]: Brought(type=shown, is_text=False)}
        yield entry(own, "falcon", methods=(verb,), brought=brought | {name: Brought(source="path", name=name) for name in names[2:]})


def _tornado(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """The verbs of a RequestHandler, whose parameters the path brings; a WebSocket's messages."""
    for verb in _VERBS:
        if (own := owner.methods.get(verb)) is not None:
            brought = {parameter.name: Brought(source="path", name=parameter.name) for parameter in parameters(own)}
            yield entry(own, "tornado", methods=(verb,), brought=brought)
    if (own := owner.methods.get("on_message")) is not None and (names := names_of(own)):
        yield entry(own, "tornado", kind="websocket", brought={names[0]: Brought(source="message", name=names[0])})


def _channels(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """receive(text_data, bytes_data) and receive_json(content) of a consumer.

    Source: https://channels.readthedocs.io/en/stable/topics/consumers.html
    """
    for name in ("receive", "receive_json"):
        if (own := owner.methods.get(name)) is not None:
            brought = {one.name: Brought(source="message", name=one.name) for one in parameters(own) if one.kind != "args"}
            yield entry(own, "channels", kind="websocket", brought=brought)


def _socketio(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """on_message(self, data) of a namespace of Socket.IO."""
    for name, own in owner.methods.items():
        if name.startswith("on_") and name not in {"on_connect", "on_disconnect", "on_error"}:
            brought = {one.name: Brought(source="message", name=one.name) for one in parameters(own) if one.name != "sid"}
            yield entry(own, "socketio", kind="websocket", brought=brought)


def _graphene(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """resolve_note(root, info, note_id) and mutate(root, info, title): what stands behind the information is the client's.

    Source: https://docs.graphene-python.org/en/latest/types/objecttypes/
    """
    for name, own in owner.methods.items():
        if name.startswith("resolve_") or name in {"mutate", "mutate_and_get_payload", "perform_mutation"}:
            known = len(parameters(own)) - len(own.node.parameters)  # a receiver that is named self was left out
            yield entry(own, "graphql", brought=asked(around(project, own), own, skip=2 + known))


def _view(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """Every public method of a FlaskView of Flask-Classful is a route, its parameters are the path's."""
    for name, own in owner.methods.items():
        if not name.startswith("_") and not name.startswith(("before_", "after_")):
            brought = {one: Brought(source="path", name=one) for one in names_of(own)}
            yield entry(own, "flask", methods=(name,) if name in _VERBS else ("GET",), brought=brought, answers="html")


def _exposed(project: Project, owner: DefinedClass) -> Iterator[Handler]:
    """@expose("/") of Flask-Admin and Flask-AppBuilder."""
    for own in owner.methods.values():
        if any(written(one).rpartition(".")[2] == "expose" for one in own.node.decorators):
            yield entry(own, "flask", brought={one: Brought(source="path", name=one) for one in names_of(own)}, answers="html")


def _ends(*names: str) -> Callable[[str], bool]:
    return lambda base: base.endswith(names)


_BY_BASE: tuple[tuple[Callable[[str], bool], Callable[[Project, DefinedClass], Iterator[Handler]]], ...] = (
    (_ends("tornado.web.RequestHandler", "tornado.websocket.WebSocketHandler"), _tornado),
    (lambda base: base.startswith("channels.") and base.endswith("Consumer"), _channels),
    (_ends("socketio.Namespace", "socketio.AsyncNamespace", "flask_socketio.Namespace"), _socketio),
    (lambda base: base.partition(".")[0] in {"graphene", "graphene_django"}, _graphene),
    (_ends("flask_classful.FlaskView", "flask_classy.FlaskView"), _view),
    (_ends("flask_admin.BaseView", "flask_appbuilder.BaseView"), _exposed),
)
