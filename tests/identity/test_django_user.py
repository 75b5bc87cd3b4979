"""The ready way for Django's own users, and for those whom Django REST framework finds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path

import ringwork
from ringwork import Policy, PolicyInvalid, requires
from ringwork.identify import django_user
from ringwork.policy.known_by import KnownBy
from ringwork.principal import Via
from tests.frameworks.django_project import ask, configure, project

ORIGIN = "https://clinic.example"


def _user(**more: Any) -> SimpleNamespace:
    given = {"pk": 7, "is_authenticated": True, "is_active": True, "is_staff": False, "is_superuser": False}
    return SimpleNamespace(**{**given, **more})


def _request(user: Any, *, key: str | None = None, view: Any = None, **headers: str) -> Any:
    configure()
    asked = HttpRequest()
    asked.META.update(headers)
    asked.user = user
    asked.session = SimpleNamespace(session_key=key)  # type: ignore[assignment]  # all that is read of it
    asked.resolver_match = SimpleNamespace(func=view)  # type: ignore[assignment]  # the same
    return asked


def test_knows_the_user_of_the_request() -> None:
    """Whom Django's own middleware signed in, with what the account says of itself."""
    found = django_user()(_request(_user(is_staff=True)))
    assert found is not None
    assert (found.id, found.roles, found.via) == ("7", {"staff"}, Via.COOKIE)


@pytest.mark.parametrize("user", [None, _user(is_authenticated=False), _user(is_active=False)], ids=["none", "anonymous", "shut"])
def test_takes_nobody_for_nobody(user: Any) -> None:
    """An account that was shut while its login lasts opens nothing."""
    assert django_user()(_request(user)) is None


def test_reads_roles_as_it_is_told() -> None:
    """Groups, for example; a bare text is one role."""
    found = django_user(roles=lambda user: "nurse")(_request(_user(is_staff=True)))
    assert found is not None
    assert found.roles == {"nurse"}


def test_names_the_login_without_its_key() -> None:
    """The handle stands in events; whoever reads them can sign in as nobody."""
    one, same, other = (django_user()(_request(_user(), key=key)) for key in ("k" * 32, "k" * 32, "m" * 32))
    assert one is not None
    assert same is not None
    assert other is not None
    assert one.session == same.session != other.session
    assert "k" * 8 not in str(one.session)


# -- Django REST framework


def _api_view(found: Any) -> Any:
    """A view whose authentication class finds somebody by the header X-Key, or refuses."""
    configure()
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.exceptions import AuthenticationFailed
    from rest_framework.views import APIView

    class ByKey(BaseAuthentication):
        def authenticate(self, request: Any) -> Any:
            given = request.META.get("HTTP_AUTHORIZATION", "").rpartition(" ")[2]
            if given == "wrong":
                raise AuthenticationFailed("no such key")
            return (found, given) if given == "right" else None

    class Notes(APIView):
        authentication_classes = (ByKey,)

        def get(self, request: Any) -> HttpResponse:
            return HttpResponse("notes")

    return Notes.as_view()


@pytest.mark.parametrize(("word", "via"), [("Token", Via.BEARER), ("Basic", Via.COOKIE)])
def test_asks_the_classes_of_a_view_of_the_rest_framework(word: str, via: Via) -> None:
    """A token that only scripts send is a bearer's; Basic is what browsers attach by themselves."""
    found = django_user()(_request(None, view=_api_view(_user()), HTTP_AUTHORIZATION=f"{word} right"))
    assert found is not None
    assert (found.id, found.via) == ("7", via)


@pytest.mark.parametrize("header", ["Token wrong", "Token", ""])
def test_takes_a_wrong_token_for_nobody(header: str) -> None:
    """The view then answers in its own words; it is no outage."""
    assert django_user()(_request(None, view=_api_view(_user()), HTTP_AUTHORIZATION=header)) is None


@pytest.mark.parametrize(("header", "status"), [("Token right", 200), ("Token wrong", 401), ("", 401)])
def test_opens_a_route_to_whom_the_rest_framework_finds(header: str, status: int) -> None:
    """The same through the guard, as a settings file names it."""
    view = _api_view(_user())
    app = project([requires()(path("notes", view))])
    ringwork.protect(app, Policy(origin=ORIGIN, identify=KnownBy(django_user=True), events=lambda event: None))
    assert ask(app, "GET", "/notes", {"Authorization": header} if header else {}).status == status


def test_refuses_settings_that_say_too_much() -> None:
    """How it is proven is read from the request."""
    app = project([path("notes", lambda request: HttpResponse())])
    with pytest.raises(PolicyInvalid, match=r"identify\.via"):
        ringwork.protect(app, Policy(origin=ORIGIN, identify=KnownBy(django_user=True, via="bearer")))
