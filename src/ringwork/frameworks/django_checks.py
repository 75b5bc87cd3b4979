"""Django's own checks, recognised where they stand before a view: decorators, mixins, the admin, middleware, Django REST framework.

Against a guess that opens a route: what counts is found by identity, of functions and classes of Django itself and of what the
policy names. A test that an application wrote for `user_passes_test` is no rule unless `own_auth` names it: it may let anybody in.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.conf import settings

from ringwork import own_checks
from ringwork.frameworks.django_routes import class_of, inside, wrappers

MIDDLEWARE = "django.contrib.auth.middleware.LoginRequiredMiddleware"
_AUTH = "django.contrib.auth.decorators"
_MIXINS = "django.contrib.auth.mixins"
_ADMIN = "the admin's has_permission"
_SERVING = frozenset({"django.views.static", "django.contrib.staticfiles.views"})
_DECORATORS = (
    (_AUTH, "login_required"),
    (_AUTH, "permission_required"),
    ("django.contrib.admin.views.decorators", "staff_member_required"),
)


def standing_before(view: Any, named: Mapping[str, object]) -> tuple[str, ...]:
    """The checks that run before `view`, outermost first. named: what the policy names, by that name."""
    return tuple(dict.fromkeys([*_of_middleware(view), *_of_wrappers(view, named), *_of_class(view, named)]))


def is_open(view: Any) -> bool:
    """Whether its author declared it open to everybody: login_not_required, which Django's own login pages carry too.

    Against a mark that nobody made: Django REST framework puts it on every view, because it asks in its own way.
    """
    return getattr(view, "login_required", True) is False and not _is_rest_framework(class_of(view))


def serves_files(view: Any) -> bool:
    """Whether it is Django's own view of static or media files."""
    return any(_is_serve(one) for one in wrappers(view))


def asks_to_serve(view: Any) -> bool:
    """Whether the code of a view calls that one."""
    named = ((getattr(one, "__code__", None), getattr(one, "__globals__", {})) for one in wrappers(view))
    asked = [names.get(name) for code, names in named if code is not None for name in code.co_names]
    return any(_is_serve(one) or getattr(one, "__name__", "") in _SERVING for one in asked)


def _is_serve(one: Any) -> bool:
    return getattr(one, "__module__", "") in _SERVING and getattr(one, "__name__", "") == "serve"


def _of_middleware(view: Any) -> Iterator[str]:
    if MIDDLEWARE in settings.MIDDLEWARE and getattr(view, "login_required", True):
        yield "LoginRequiredMiddleware"


def _of_wrappers(view: Any, named: Mapping[str, object]) -> Iterator[str]:
    for wrapper in wrappers(view):
        if inside(wrapper) is None:
            return  # the view itself is no check of its own
        yield from (name for name, check in named.items() if own_checks.is_made_by(wrapper, check) or _test_of(wrapper) is check)
        yield from (name for module, name in _DECORATORS if _tests_by(wrapper, _loaded(module, name)))
        if any(own_checks.is_made_by(wrapper, maker) for maker in _admin_makers()):
            yield _ADMIN
        yield from _of_decorated_method(wrapper)


def _of_decorated_method(wrapper: Any) -> Iterator[str]:
    """What `method_decorator` puts before a method; it keeps the decorators, and applies them at each call."""
    maker = _loaded("django.utils.decorators", "_multi_decorate")
    if maker is None or not inspect.isfunction(wrapper) or not own_checks.is_made_by(wrapper, maker):
        return
    given = inspect.getclosurevars(wrapper).nonlocals.get("decorators", ())
    for decorator in given if isinstance(given, tuple | list) else (given,):
        yield from (name for module, name in _DECORATORS if decorator is not None and decorator is _loaded(module, name))
        yield from (name for module, name in _DECORATORS if _tests_by(decorator, _loaded(module, name)))


def _tests_by(wrapper: Any, decorator: Any) -> bool:
    """Whether `decorator` made the test that the wrapper of user_passes_test asks; both are Django's own functions."""
    test = _test_of(wrapper)
    code, outer = getattr(test, "__code__", None), getattr(decorator, "__code__", None)
    return isinstance(code, types.CodeType) and isinstance(outer, types.CodeType) and own_checks.holds(outer, code)


def _test_of(wrapper: Any) -> Any:
    maker = _loaded(_AUTH, "user_passes_test")
    if maker is None or not inspect.isfunction(wrapper) or not own_checks.is_made_by(wrapper, maker):
        return None
    return inspect.getclosurevars(wrapper).nonlocals.get("test_func")


def _admin_makers() -> Iterator[Callable[..., Any]]:
    site = _loaded("django.contrib.admin.sites", "AdminSite")
    model = _loaded("django.contrib.admin.options", "ModelAdmin")
    if site is not None:
        yield from (site.admin_view, site.get_urls)
    if model is not None:
        yield model.get_urls


# -- classes -------------------------------------------------------------------------------------------------


def _of_class(view: Any, named: Mapping[str, object]) -> Iterator[str]:
    kind = class_of(view)
    if kind is None:
        return
    wanted = [check for name in ("LoginRequiredMixin", "PermissionRequiredMixin") if (check := _loaded(_MIXINS, name)) is not None]
    wanted += [check for check in named.values() if inspect.isclass(check)]
    for parent in kind.__mro__:
        if "dispatch" not in vars(parent):
            continue
        # Against a dispatch of the application's own that forgets its parent: only what is called first is known to be called.
        if parent in wanted:
            yield parent.__name__
        yield from _of_wrappers(vars(parent)["dispatch"], named)
        if not parent.__module__.startswith("django.contrib.auth."):
            break
    if _is_rest_framework(kind):
        yield from _of_rest_framework(view, kind)


def _is_rest_framework(kind: Any) -> bool:
    api = _loaded("rest_framework.views", "APIView")
    return api is not None and inspect.isclass(kind) and issubclass(kind, api)


_REST = "rest_framework.permissions"
_ASKING = ("IsAuthenticated", "IsAdminUser", "DjangoModelPermissions", "DjangoObjectPermissions")


def _of_rest_framework(view: Any, kind: Any) -> Iterator[str]:
    """A permission class of Django REST framework that lets nobody in who is not signed in, asked by the framework's own code."""
    api = _loaded("rest_framework.views", "APIView")
    steps = ("dispatch", "initial", "check_permissions", "get_permissions")
    # Against a class that asks in a way of its own, or not at all; view sets say get_permissions for each action.
    if any(getattr(kind, step) is not getattr(api, step) for step in steps):
        return
    wanted = {found for name in _ASKING if (found := _loaded(_REST, name)) is not None}
    # An extra action of a view set may bring permissions of its own in place of the class's.
    for permission in getattr(view, "initkwargs", {}).get("permission_classes", kind.permission_classes):
        for one in _all_of(permission):
            if one in wanted and getattr(one, "authenticated_users_only", True):
                yield f"{one.__name__} of Django REST framework"


def _all_of(permission: Any) -> Iterator[Any]:
    """The classes of which every one has to agree: `IsAuthenticated & IsOwner`, but not one of an `|`."""
    if getattr(permission, "operator_class", None) is _loaded(_REST, "AND"):
        yield from _all_of(permission.op1_class)
        yield from _all_of(permission.op2_class)
    else:
        yield permission


def _loaded(module: str, name: str) -> Any:
    """Something that the application has loaded, else None; nothing is imported for it."""
    return getattr(sys.modules.get(module), name, None)
