"""The clinic's middleware on Django: who is asking, and how its own refusals are told."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import SimpleLazyObject

from examples.clinic import pages
from examples.clinic.domain import ClinicError
from examples.clinic.models import User
from examples.clinic.policy import COOKIE, principal_of
from ringwork import Principal, current


def identify(request: HttpRequest) -> Principal | None:
    """Who is asking, by the cookie of the clinic."""
    return principal_of(request.COOKIES.get(COOKIE))


class SignedIn(AuthenticationMiddleware):
    """For Django's own pages: `request.user` is who ringwork says is asking."""

    def process_request(self, request: HttpRequest) -> None:
        """Nobody is looked up before a page asks."""
        request.user = SimpleLazyObject(_user)  # type: ignore[assignment]  # as Django's own middleware does


def _user() -> User | AnonymousUser:
    principal = current().principal
    return AnonymousUser() if principal is None else User.objects.get(pk=int(principal.id))


class Refusals:
    """What the clinic says no to becomes an answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Hand on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """The text of a ClinicError may be shown to the person who asked."""
        if not isinstance(error, ClinicError):
            return None
        if request.path.startswith("/api/"):
            return JsonResponse({"detail": str(error)}, status=error.status)
        return HttpResponse(pages.error(error.status, str(error)), status=error.status)
