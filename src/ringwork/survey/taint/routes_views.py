"""What the class views of Django and Django REST framework answer to, and which of their methods the framework calls."""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint import ir, routes_checks
from ringwork.survey.taint.project import Project
from ringwork.survey.taint.routes_scope import Known, Scope, argument, class_value, dotted, follow, text, texts, written
from ringwork.survey.taint.routes_wiring import scope_of
from ringwork.survey.taint.units import Defined, DefinedClass

VERBS = ("get", "post", "put", "patch", "delete", "trace")
_METHODS = frozenset(verb.upper() for verb in VERBS)
_REQUIRED = {"require_GET": ("GET",), "require_POST": ("POST",), "require_safe": ("GET", "HEAD")}

_OFFERED = {
    **dict.fromkeys(
        ["TemplateView", "ListView", "DetailView", "ArchiveIndexView", "YearArchiveView", "MonthArchiveView", "WeekArchiveView"], "get"
    ),
    **dict.fromkeys(["DayArchiveView", "TodayArchiveView", "DateDetailView", "ListAPIView", "RetrieveAPIView"], "get"),
    **dict.fromkeys(
        ["FormView", "CreateView", "UpdateView", "LoginView", "PasswordChangeView", "PasswordResetView", "ProcessFormView"], "get post put"
    ),
    "PasswordResetConfirmView": "get post put",
    "DeleteView": "get post delete",
    "LogoutView": "post",
    "RedirectView": "get post put patch delete",
    "CreateAPIView": "post",
    "DestroyAPIView": "delete",
    "UpdateAPIView": "put patch",
    "ListCreateAPIView": "get post",
    "RetrieveUpdateAPIView": "get put patch",
    "RetrieveDestroyAPIView": "get delete",
    "RetrieveUpdateDestroyAPIView": "get put patch delete",
    "ObtainAuthToken": "post",
}
"""What the libraries' own views answer to."""

_ACTIONS = {
    "ModelViewSet": "list create retrieve update partial_update destroy",
    "ReadOnlyModelViewSet": "list retrieve",
    "ListModelMixin": "list",
    "CreateModelMixin": "create",
    "RetrieveModelMixin": "retrieve",
    "UpdateModelMixin": "update partial_update",
    "DestroyModelMixin": "destroy",
}
HOOKS = {
    **dict.fromkeys(
        [
            "setup",
            "dispatch",
            "get_queryset",
            "get_object",
            "get_context_data",
            "get_form_kwargs",
            "get_form",
            "get_form_class",
            "get_initial",
        ],
        "",
    ),
    **dict.fromkeys(["get_success_url", "get_template_names", "get_redirect_url", "get_serializer_class", "get_serializer_context"], ""),
    **dict.fromkeys(
        ["filter_queryset", "render_to_response", "get_serializer", "initial", "finalize_response", "get_permissions", "paginate_queryset"],
        "",
    ),
    "form_valid": "POST",
    "form_invalid": "POST",
    "perform_create": "POST",
    "perform_update": "PUT",
    "perform_destroy": "DELETE",
}
"""Methods that a library's view calls, with the method of the request where there is one."""
ACTIONS = ("list", "create", "retrieve", "update", "partial_update", "destroy")


def last_names(project: Project, owner: DefinedClass) -> list[str]:
    """The short names of all bases."""
    return [base.rpartition(".")[2] for base in project.bases(owner.dotted)]


def is_view(project: Project, owner: DefinedClass) -> bool:
    """Whether a class is a view of Django or Django REST framework."""
    bases = project.bases(owner.dotted)
    return any(
        base.startswith(("django.views", "django.contrib.auth.views", "rest_framework.", "django.contrib.auth.mixins"))
        or base.endswith(("View", "ViewSet"))
        for base in bases
    )


def is_rest(project: Project, owner: DefinedClass) -> bool:
    """Whether Django REST framework calls it."""
    return any(base.startswith("rest_framework.") or base.endswith(("APIView", "ViewSet")) for base in project.bases(owner.dotted))


def verbs(project: Project, owner: DefinedClass) -> dict[str, Defined | None]:
    """The methods that a class view answers to, with the project's own function for each; None where the library's stands."""
    found: dict[str, Defined | None] = {}
    for name in last_names(project, owner):
        found.update(dict.fromkeys(_OFFERED.get(name, "").split()))
    for verb in VERBS:
        if (method := project.method(owner, verb)) is not None:
            found[verb] = method
    return {verb: found[verb] for verb in VERBS if verb in found and verb in allowed(project, owner)}


def allowed(project: Project, owner: DefinedClass) -> tuple[str, ...]:
    """http_method_names of a class, else all."""
    known = class_value(project, owner, "http_method_names")
    listed = texts(known.scope, known.expression) if known is not None else ()
    return tuple(name.lower() for name in listed) or VERBS


def actions(project: Project, owner: DefinedClass) -> dict[str, Defined | None]:
    """The ordinary actions of a view set, with the project's own function for each; None where the library's stands."""
    found: dict[str, Defined | None] = {}
    for name in last_names(project, owner):
        found.update(dict.fromkeys(_ACTIONS.get(name, "").split()))
    for name in ACTIONS:
        if (method := project.method(owner, name)) is not None:
            found[name] = method
    return found


def hooks(project: Project, owner: DefinedClass) -> Iterator[Defined]:
    """The class's own methods, and those of its bases in the project, that the library calls."""
    for name in HOOKS:
        method = project.method(owner, name)
        if method is not None:
            yield method


_PARTS = frozenset({"GET", "POST", "FILES", "COOKIES", "META"})
"""Parts of a request that Django's alone has under these names."""


def is_function_view(view: Defined, *, is_place: bool) -> bool:
    """Whether a function is a view by its look: it takes a request first, and stands where views do or reads what only Django's has."""
    first = view.first
    if first != "request":
        return False
    if is_place and not view.qualname.startswith("_"):
        return True
    parts = (node for node in routes_checks.nodes(view.node.body) if isinstance(node, ir.Attribute) and node.name in _PARTS)
    return any(isinstance(node.of, ir.Name) and node.of.id == first for node in parts)


def is_test(file: str) -> bool:
    """Whether a file holds tests."""
    parts = file.split("/")
    return "tests" in parts or parts[-1].startswith(("test_", "tests", "conftest"))


def names_exempt(decorator: ir.Expression) -> bool:
    """Whether a decorator takes the proof of origin away, given to method_decorator or by itself."""
    if written(decorator).rpartition(".")[2] == "csrf_exempt":
        return True
    given = decorator.arguments if isinstance(decorator, ir.Call) else ()
    return any(names_exempt(one) for part in given for one in (part.items if isinstance(part, ir.Sequence) else (part,)))


def is_marked(project: Project, method: Defined) -> bool:
    """Whether the method has a rule of ringwork of its own, by which it is listed apart."""
    scope = scope_of(project, method)
    names = (dotted(scope, one.function if isinstance(one, ir.Call) else one) for one in method.node.decorators)
    return any(name.startswith("ringwork.") for name in names)


def listed_methods(scope: Scope, decorators: tuple[ir.Expression, ...]) -> tuple[str, ...]:
    """What require_http_methods and its like, and api_view, let through."""
    for decorator in decorators:
        name = written(decorator).rpartition(".")[2]
        if name in _REQUIRED:
            return _REQUIRED[name]
        if name in {"require_http_methods", "api_view"}:
            given = decorator.arguments[:1] if isinstance(decorator, ir.Call) else ()
            return tuple(sorted(method.upper() for one in given for method in texts(scope, one))) or ("GET",)
        if name == "method_decorator" and isinstance(decorator, ir.Call) and (found := listed_methods(scope, decorator.arguments[:1])):
            return found
    return ()


def seen_methods(view: Defined) -> Iterator[str]:
    """What the code of a function asks for by name: `request.method == "POST"`, `request.POST`."""
    for node in routes_checks.nodes(view.node.body):
        if isinstance(node, ir.Attribute) and node.name in {"POST", "FILES"}:
            yield "POST"
        elif isinstance(node, ir.Constant) and isinstance(node.value, str) and node.value in _METHODS:
            yield node.value


def mapped(known: Known) -> dict[str, str] | None:
    """The actions of `ViewSet.as_view({"get": "list"})`, by method."""
    scope, expression = known
    while isinstance(expression, ir.Call):
        if isinstance(expression.function, ir.Attribute) and expression.function.name == "as_view":
            given = follow(Known(scope, expression.arguments[0])) if expression.arguments else None
            if given is None or not isinstance(given.expression, ir.Mapping):
                return None
            pairs = ((text(given.scope, key), text(given.scope, value)) for key, value in given.expression.items if key is not None)
            return {verb: action for verb, action in pairs if verb and action}
        if not expression.arguments:
            return None
        expression = expression.arguments[0]
    return None


def trailing(router: Known | None) -> str:
    """The slash at the end of a router's paths, unless it was told to leave it out."""
    call = router.expression if router is not None else None
    given = argument(call, 0, "trailing_slash") if isinstance(call, ir.Call) else None
    return "" if isinstance(given, ir.Constant) and given.value is False else "/"
