"""What the class views of Django and Django REST framework answer to, and which of their methods the framework calls."""

from __future__ import annotations

from collections.abc import Iterator

from ringwork.survey.taint.project import Defined, DefinedClass, Project
from ringwork.survey.taint.routes_scope import class_value, texts

VERBS = ("get", "post", "put", "patch", "delete", "trace")

_OFFERED = {
    **dict.fromkeys("TemplateView ListView DetailView ArchiveIndexView YearArchiveView MonthArchiveView WeekArchiveView".split(), "get"),
    **dict.fromkeys("DayArchiveView TodayArchiveView DateDetailView ListAPIView RetrieveAPIView".split(), "get"),
    **dict.fromkeys("FormView CreateView UpdateView LoginView PasswordChangeView PasswordResetView ProcessFormView".split(), "get post put"),
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
    **dict.fromkeys("setup dispatch get_queryset get_object get_context_data get_form_kwargs get_form get_form_class get_initial".split(), ""),
    **dict.fromkeys("get_success_url get_template_names get_redirect_url get_serializer_class get_serializer_context".split(), ""),
    **dict.fromkeys("filter_queryset render_to_response get_serializer initial finalize_response get_permissions paginate_queryset".split(), ""),
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
