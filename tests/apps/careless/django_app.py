"""The same with Django, in one file."""

import os

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

from careless import deeds

if not settings.configured:
    settings.configure(SECRET_KEY=os.urandom(16).hex(), ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"], MIDDLEWARE=[])
    django.setup()


def plain(text):
    return HttpResponse(text, content_type="text/plain")


def home(request):
    return plain("careless")


def sql(request):
    return plain(deeds.sql(request.GET["owner"]))


def sign_in(request):
    is_known = deeds.signs_in(request.GET["name"], request.GET.get("password", ""))
    return HttpResponse("welcome" if is_known else "no", status=200 if is_known else 401)


def command(request):
    return plain(deeds.command(request.GET["name"]))


def code(request):
    return plain(deeds.code(request.GET["formula"]))


def template(request):
    return plain(deeds.template(request.GET["name"]))


def document(request, name):
    return plain(deeds.path(name))


def leave(request):
    return HttpResponseRedirect(request.GET["to"])


def page(request):
    return HttpResponse("<p>Hello " + request.GET["name"] + "</p>")


def picture(request):
    return plain(deeds.ssrf(request.GET["address"]))


def basket(request):
    return plain(deeds.deserialise(request.COOKIES.get("basket", "")))


def order(request):
    return plain(deeds.xml(request.GET["text"]))


def log(request):
    return plain(deeds.log(request.GET["who"]))


def careful_sql(request):
    return plain(deeds.bound_sql(request.GET["owner"]))


def careful_command(request):
    return plain(deeds.quoted_command(request.GET["name"]))


def careful_template(request):
    return plain(deeds.own_template(request.GET["name"]))


def careful_document(request, name):
    return plain(deeds.checked_path(name))


def careful_leave(request):
    return HttpResponseRedirect(deeds.own_address(request.GET["to"]))


def careful_page(request):
    return HttpResponse(deeds.escaped(request.GET["name"]))


urlpatterns = [
    path("", home),
    path("sql", sql),
    path("sign-in", sign_in),
    path("command", command),
    path("code", code),
    path("template", template),
    path("documents/<path:name>", document),
    path("redirect", leave),
    path("page", page),
    path("picture", picture),
    path("basket", basket),
    path("order", order),
    path("log", log),
    path("careful/sql", careful_sql),
    path("careful/command", careful_command),
    path("careful/template", careful_template),
    path("careful/documents/<path:name>", careful_document),
    path("careful/redirect", careful_leave),
    path("careful/page", careful_page),
]
app = get_wsgi_application()
