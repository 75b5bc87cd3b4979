"""Routes of Django and Django REST framework, read from the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.survey.taint import written

SETTINGS = """
    ROOT_URLCONF = "%s.urls" % "shop"
    MIDDLEWARE = ["django.middleware.csrf.CsrfViewMiddleware"]
    REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}
    """


def _shop(urls: str, views: str) -> dict[str, str]:
    return {"shop/__init__.py": "", "shop/settings.py": SETTINGS, "shop/urls.py": urls, "shop/views.py": views}


@pytest.mark.parametrize(
    ("pattern", "shown", "is_text"),
    [
        ('path("x/<n>/", views.x)', "/x/{n}/", True),
        ('path("x/<str:n>", views.x)', "/x/{n}", True),
        ('path("x/<path:n>", views.x)', "/x/{n}", True),
        ('path("x/<int:n>", views.x)', "/x/{n}", False),
        ('path("x/<slug:n>", views.x)', "/x/{n}", False),
        (r're_path(r"^x/(?P<n>\d+)/$", views.x)', "/x/{n}/", False),
        (r're_path(r"^x/(?P<n>[0-9]{4})$", views.x)', "/x/{n}", False),
        (r're_path(r"^x/(?P<n>[^/]+)/?$", views.x)', "/x/{n}/", True),
        (r're_path(r"^x/(?:a/)?(?P<n>.*)$", views.x)', "/x/a/{n}", True),
    ],
)
def test_a_pattern_says_whether_text_arrives(tmp_path: Path, pattern: str, shown: str, is_text: bool) -> None:  # a table
    """Converters and regular expressions tell what a parameter can hold."""
    urls = f"from django.urls import path, re_path\nfrom shop import views\nurlpatterns = [{pattern}]\n"
    found = written.handlers(tmp_path, _shop(urls, "from django.http import HttpResponse\ndef x(request, n): ...\n"))
    handler = found[f"GET {shown}"]
    assert (handler.brought["n"].source, handler.brought["n"].is_text) == ("path", is_text)
    assert handler.brought["request"].type == "django.http.HttpRequest"


def test_lists_includes_and_languages_are_joined(tmp_path: Path) -> None:
    """A URLconf is put together of lists, included modules and languages; each route is named as Django names it."""
    urls = """
        from django.conf.urls.i18n import i18n_patterns
        from django.urls import include, path
        from shop import views

        api = [path("a", views.a)]
        urlpatterns = [path("api/", include((api, "api")))] + [path(name, views.b) for name in ("b", "c")]
        urlpatterns += i18n_patterns(path("d", views.d))
        urlpatterns.append(path("more/", include("shop.more")))
        """
    files = _shop(urls, "from django.http import HttpResponse\ndef a(request): ...\ndef b(request): ...\ndef d(request): ...\n")
    files["shop/more.py"] = "from django.urls import path\nfrom shop.views import a\nurlpatterns = [path('e', a)]\n"
    assert sorted(written.handlers(tmp_path, files)) == ["GET /api/a", "GET /b", "GET /c", "GET /en-us/d", "GET /more/e"]


def test_methods_are_those_that_decorators_let_through_or_the_code_asks_for(tmp_path: Path) -> None:
    """The name of a route is the same as that of the running application."""
    urls = "from django.urls import path\nfrom shop import views\nurlpatterns = [path('a', views.a), path('b', views.b)]\n"
    views = """
        from django.views.decorators.csrf import csrf_exempt
        from django.views.decorators.http import require_POST

        @csrf_exempt
        @require_POST
        def a(request): ...

        def b(request):
            if request.method == "POST":
                return request.POST["x"]
        """
    found = written.handlers(tmp_path, _shop(urls, views))
    assert sorted(found) == ["GET,POST /b", "POST /a"]
    assert (found["POST /a"].csrf, found["GET,POST /b"].csrf) == ("exempt: csrf_exempt", "protected: CsrfViewMiddleware")


def test_class_views_tell_their_methods_and_what_the_library_calls(tmp_path: Path) -> None:
    """A generic view's own code stands in the methods that Django calls; mixins and decorators authenticate."""
    urls = """
        from django.contrib.auth.decorators import login_required
        from django.urls import path
        from shop import views
        urlpatterns = [
            path("add", views.Add.as_view()),
            path("own/<int:pk>", login_required(views.Own.as_view())),
            path("open", views.Open.as_view()),
        ]
        """
    views = """
        from django.contrib.auth.mixins import LoginRequiredMixin
        from django.views import View
        from django.views.generic import CreateView, ListView

        class Add(LoginRequiredMixin, CreateView):
            def form_valid(self, form): ...

        class Own(View):
            def get(self, request, pk): ...
            def delete(self, request, pk): ...

        class Open(ListView):
            pass
        """
    found = written.handlers(tmp_path, _shop(urls, views))
    assert sorted(found) == ["DELETE,GET /own/{pk}", "GET /open", "GET,POST,PUT /add"]
    add, own, listed = found["GET,POST,PUT /add"], found["DELETE,GET /own/{pk}"], found["GET /open"]
    assert (add.function, add.brought["form"].source, add.authenticated_by) == (
        "shop.views.Add.form_valid",
        "form",
        ("LoginRequiredMixin",),
    )
    assert (own.authenticated_by, own.brought["pk"].is_text) == (("login_required",), False)
    assert (listed.function, listed.authenticated_by) == ("shop.views.Open", ())


def test_view_sets_are_offered_by_their_router(tmp_path: Path) -> None:
    """Ordinary and additional actions have the addresses that the router gives them, and permissions of class, action or settings."""
    urls = """
        from django.urls import include, path
        from rest_framework.routers import SimpleRouter
        from shop import views
        router = SimpleRouter()
        router.register("notes", views.Notes)
        urlpatterns = [path("api/", include(router.urls)), path("one", views.one), path("two", views.two)]
        """
    views = """
        from rest_framework.decorators import action, api_view, permission_classes
        from rest_framework.permissions import AllowAny
        from rest_framework.viewsets import ModelViewSet

        class Notes(ModelViewSet):
            lookup_value_regex = "[0-9]+"
            def list(self, request): ...
            def perform_create(self, serializer): ...
            @action(detail=True, methods=["post"], permission_classes=[AllowAny])
            def close(self, request, pk): ...

        @api_view(["GET", "POST"])
        def one(request): ...

        @api_view()
        @permission_classes([AllowAny])
        def two(request): ...
        """
    found = written.handlers(tmp_path, _shop(urls, views))
    assert sorted(found) == [
        "DELETE,GET,PATCH,PUT /api/notes/{pk}/",
        "GET /two",
        "GET,POST /api/notes/",
        "GET,POST /one",
        "POST /api/notes/{pk}/close/",
    ]
    close = found["POST /api/notes/{pk}/close/"]
    assert (close.brought["pk"].is_text, close.authenticated_by) == (False, ())
    assert found["GET,POST /api/notes/"].authenticated_by == ("IsAuthenticated",)
    assert (found["GET,POST /one"].authenticated_by, found["GET /two"].authenticated_by) == (("IsAuthenticated",), ())
    assert found["GET,POST /one"].brought["request"].type == "rest_framework.request.Request"


def test_a_view_that_no_url_leads_to_is_told_without_a_path(tmp_path: Path) -> None:
    """It may be reached in a way that was not understood, so it is not left out."""
    views = "from django.http import HttpResponse\ndef lost(request): ...\ndef _helper(request): ...\ndef other(text): ...\n"
    found = written.handlers(tmp_path, _shop("urlpatterns = []\n", views))
    assert {handler.function: handler.path for handler in found.values()} == {"shop.views.lost": ""}
