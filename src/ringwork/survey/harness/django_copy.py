"""A running copy of a Django project: probe routes added, served over TLS by threads or by uvicorn, as its handler asks."""

from __future__ import annotations

import functools
import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.base import BaseHandler
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import clear_url_caches, get_resolver, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from ringwork.current import csp_nonce
from ringwork.frameworks import django as adapter
from ringwork.policy import declare
from ringwork.survey.harness import asgi_serving, serving, wsgi_serving

View = Callable[..., Any]
_REASON = "a probe of ringwork, in this copy only"
_ABORTS: dict[int, type[Exception]] = {400: BadRequest, 403: PermissionDenied, 404: Http404}


def add_probes(app: BaseHandler, *, canary: str) -> None:
    """Put the probe routes before all others, so that no catch-all of the project hides them."""
    at = serving.prefix(canary)
    patterns = []
    for name, view in _views(canary, at).items():
        marked = view if name == "bare" else declare.public(_REASON)(view)
        below = f"/<path:{serving.BELOW[name]}>" if name in serving.BELOW else ""
        patterns.append(path(f"{at.lstrip('/')}/{name}{below}", require_http_methods(["GET", "POST"])(marked)))
    module: Any = get_resolver().urlconf_module
    module.urlpatterns = [*patterns, *module.urlpatterns]
    clear_url_caches()


def _views(canary: str, at: str) -> dict[str, View]:
    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponse("plain", content_type="text/plain")

    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse(serving.page_with_nonce(csp_nonce()))

    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse("bare", content_type="text/plain")

    def empty(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=204)

    def moved(request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(f"{at}/plain")

    def sets_cookies(request: HttpRequest) -> HttpResponse:
        answer = HttpResponse("two cookies", content_type="text/plain")
        for cookie in serving.COOKIES:
            name, _, value = cookie.partition("=")
            answer.set_cookie(name, value)
        return answer

    def aborts(request: HttpRequest) -> HttpResponse:
        status = serving.status_of(request.GET.get("status", ""))
        if status in _ABORTS:
            raise _ABORTS[status]
        return HttpResponse(status=status)

    return {
        "plain": plain,
        "page": page,
        "bare": bare,
        "empty": empty,
        "moved": moved,
        "sets-cookies": sets_cookies,
        "aborts": aborts,
        **_faulty(canary),
        **_planted(at),
        **_telling(canary),
    }


def _planted(at: str) -> dict[str, View]:
    def echo(request: HttpRequest) -> HttpResponse:
        seen = {"method": request.method, "headers": _headers(request), "url": request.build_absolute_uri()}
        return JsonResponse(
            {**seen, "scheme": request.scheme, "client": request.META.get("REMOTE_ADDR", ""), "principal": serving.asked_by()}
        )

    def believes(request: HttpRequest) -> HttpResponse:
        return JsonResponse(serving.believed(_headers(request), request.META.get("REMOTE_ADDR", ""), request.scheme or ""))

    def writes_on_get(request: HttpRequest) -> HttpResponse:
        serving.write_something()
        return HttpResponse("written", content_type="text/plain")

    def weak_tokens(request: HttpRequest) -> HttpResponse:
        return HttpResponse(serving.weak_form(at))

    def banners(request: HttpRequest) -> HttpResponse:
        return HttpResponse("banners", content_type="text/plain", headers=serving.BANNERS)

    def shares(request: HttpRequest) -> HttpResponse:
        return JsonResponse({"shared": True}, headers=serving.shared_with(request.headers.get("Origin", "")))

    def leads(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=302, headers={"Location": request.GET.get("to", at)})

    def swallows(request: HttpRequest, rest: str) -> HttpResponse:
        return HttpResponse(serving.SWALLOWED)

    def objects(request: HttpRequest) -> HttpResponse:
        status, found = serving.objects(
            request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), request.GET.get("id", "")
        )
        return JsonResponse(found, status=status, safe=False)

    def admin(request: HttpRequest) -> HttpResponse:
        status, found = serving.administration(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""))
        return JsonResponse(found, status=status, safe=False)

    def assigns(request: HttpRequest) -> HttpResponse:
        given = json.loads(request.body) if request.method == "POST" else None
        status, found = serving.assigns(request.headers.get("Cookie", "") + request.headers.get("Authorization", ""), given)
        return JsonResponse(found, status=status, safe=False)

    leading: dict[str, View] = {
        "shares": shares, "leads": leads, "swallows": swallows, "objects": objects, "admin": admin, "assigns": csrf_exempt(assigns),
        "shows": csrf_exempt(_shows),
        "serves-back": csrf_exempt(functools.partial(_serves_back, at)),
    }  # fmt: skip
    return {
        **leading,
        "graphql": csrf_exempt(_graphql),
        "reads-body": csrf_exempt(_reads_body),
        "echo": echo,
        "believes": believes,
        "writes-on-get": writes_on_get,
        "weak-tokens": weak_tokens,
        "banners": banners,
    }


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _serves_back(at: str, request: HttpRequest) -> HttpResponse:
    kind, body = serving.serves_back(at, request.GET.get("name", ""), request.headers.get("Content-Type", ""), request.body)
    return HttpResponse(body, content_type=kind)


def _shows(request: HttpRequest) -> HttpResponse:
    return HttpResponse(serving.shows(json.loads(request.body) if request.method == "POST" else None))


def _telling(canary: str) -> dict[str, View]:
    """What tells more than yes or no: by its time, and by its answers."""

    def early_exit(request: HttpRequest) -> HttpResponse:
        status = serving.early_exit(canary, request.headers.get("Authorization", ""))
        return HttpResponse("compared", status=status, content_type="text/plain")

    def padding_oracle(request: HttpRequest) -> HttpResponse:
        given = request.COOKIES.get(serving.ORACLE)
        answer = HttpResponse("opened", status=200 if given is None else serving.oracle(canary, given), content_type="text/plain")
        if given is None:
            answer.set_cookie(serving.ORACLE, serving.oracle_cookie(canary))
        return answer

    def unsigned(request: HttpRequest) -> HttpResponse:
        return HttpResponse("read", status=serving.unsigned(request.headers.get("Authorization", "")), content_type="text/plain")

    return {"unsigned": unsigned, "early-exit": early_exit, "padding-oracle": padding_oracle}


def _graphql(request: HttpRequest) -> HttpResponse:
    json.loads(request.body)
    return JsonResponse(serving.QUERIED)


def _reads_body(request: HttpRequest) -> HttpResponse:
    if request.content_type == "application/json":
        json.loads(request.body)
    elif request.content_type == "application/x-www-form-urlencoded":
        return JsonResponse({"read": len(request.POST)})
    # Django gives a body without a length to nobody; whoever takes one reads it from where the server left it.
    source = request.META["wsgi.input"] if "Transfer-Encoding" in request.headers and "wsgi.input" in request.META else None
    return JsonResponse({"read": len(request.body if source is None else source.read())})


def _faulty(canary: str) -> dict[str, View]:
    def raises(request: HttpRequest) -> HttpResponse:
        serving.raise_fault(canary)
        return HttpResponse("")

    def pieces() -> Iterator[bytes]:
        yield b"first piece\n"
        serving.raise_fault(canary)

    def raises_stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(pieces(), content_type="text/plain")

    def shows_traceback(request: HttpRequest) -> HttpResponse:
        try:
            serving.raise_fault(canary)
        except serving.ProbeFault:
            return HttpResponse(traceback.format_exc(), status=500, content_type="text/plain")
        return HttpResponse("")

    def raises_html(request: HttpRequest) -> HttpResponse:
        serving.raise_fault(canary)
        return HttpResponse("<p>")

    return {"raises": raises, "raises-html": raises_html, "raises-stream": raises_stream, "traceback": shows_traceback}


def switch_debug_on(app: BaseHandler) -> None:
    """As somebody leaves it on: faults are shown as pages, with settings and source."""
    settings.DEBUG = True


class _Foreign:
    """A layer of somebody else's, put round ringwork after it was installed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, *given: Any) -> Any:
        return self.app(*given)


def change_layers(app: BaseHandler, how: str) -> None:
    """Take ringwork's outer layer or gate out, wrap it, or move it inward."""
    changed: Any = app
    if how == "gate":
        changed._view_middleware.pop(0)  # noqa: SLF001  # as it was before
    elif how == "outer":
        changed.__class__ = type(app).__mro__[1]  # as it was before
    else:
        outer = getattr(app, adapter.OUTER)
        setattr(app, adapter.OUTER, _Foreign(outer) if how == "wrapped" else _Foreign(_Foreign(outer)))


def serve(app: BaseHandler, listening: serving.Listening) -> None:
    """Serve until the process ends."""
    if isinstance(app, ASGIHandler):
        asgi_serving.serve(app, listening)
    else:
        wsgi_serving.serve(app, listening)
