"""The clinic's pages, API and routes in Django's words."""

# ruff: noqa: D101, D102, D103  # a view's route, its rule and the one call it makes say what it does

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import include, path
from django.views import View
from django.views.decorators.http import require_GET, require_POST
from django.views.static import serve

from examples.clinic import api, desk, outside, pages, recent
from examples.clinic.admin import OFFICE
from examples.clinic.domain import Invalid
from examples.clinic.policy import COOKIE
from ringwork import public, requires, signed, signed_link

ADMIN_STATIC = str(Path(admin.__file__).parent / "static" / "admin")


# Pages


@require_GET
@public("style sheet, script and icon; nothing about anyone")
def static_file(request: HttpRequest, filename: str) -> HttpResponseBase:
    return serve(request, filename, document_root=str(pages.STATIC))


@require_GET
@public("style sheets and scripts of Django's admin site; nothing about anyone")
def admin_file(request: HttpRequest, filename: str) -> HttpResponseBase:
    return serve(request, filename, document_root=ADMIN_STATIC)


@require_GET
@public("the front page; tells a signed-in person about himself only")
def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(pages.home())


@require_GET
@public("opening hours and address")
def visiting(request: HttpRequest) -> HttpResponse:
    return HttpResponse(pages.visiting())


class Login(View):
    @public("where one signs in")
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(pages.login())

    @public("where one signs in; checks the password itself")
    def post(self, request: HttpRequest) -> HttpResponse:
        username = request.POST.get("username", "")
        signed_in = desk.sign_in(username, request.POST.get("password", ""), request.COOKIES.get(COOKIE))
        if signed_in is None:
            return HttpResponse(pages.login(failed=True, username=username), status=401)
        return _with_key(_see("/"), signed_in[1])


@require_POST
@requires()
def logout(request: HttpRequest) -> HttpResponse:
    desk.sign_out(request.COOKIES.get(COOKIE))
    answer = _see("/")
    answer.delete_cookie(COOKIE)
    return answer


@requires("patient", "clinician", "receptionist")
class Appointments(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(pages.appointments(live=False))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = request.POST
        desk.book(
            clinician_id=form.get("clinician_id"),
            day=form.get("day"),
            at=form.get("time"),
            reason=form.get("reason"),
            patient_id=form.get("patient_id"),
        )
        return _see("/appointments")


@require_POST
@requires("patient", "clinician", "receptionist")
def cancel(request: HttpRequest, appointment_id: int) -> HttpResponse:
    desk.cancel(appointment_id)
    return _see("/appointments")


@require_GET
@signed_link(outside.CALENDAR)
def calendar_file(request: HttpRequest, appointment_id: int) -> HttpResponse:
    return HttpResponse(outside.calendar_file(appointment_id), content_type="text/calendar")


@require_GET
@requires("patient")
def notes_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(pages.notes())


@require_GET
@requires("clinician", "receptionist", "administrator")
def rota_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(pages.rota())


@require_GET
@requires("clinician", "receptionist")
def patients_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(pages.patients(request.COOKIES.get(recent.COOKIE)))


@require_GET
@requires("clinician")
def patient_page(request: HttpRequest, patient_id: int) -> HttpResponse:
    answer = HttpResponse(pages.patient(patient_id))
    answer.set_cookie(recent.COOKIE, recent.remember(request.COOKIES.get(recent.COOKIE), patient_id))
    return answer


@require_POST
@requires("clinician")
def write_note(request: HttpRequest, patient_id: int) -> HttpResponse:
    desk.write_note(patient_id, request.POST.get("text"))
    return _see(f"/patients/{patient_id}")


# Administration: its rule stands on the include below, once for every route of it.


class Users(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(pages.users())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = request.POST
        desk.add_user(username=form.get("username"), name=form.get("name"), role=form.get("role"), password=form.get("password"))
        return _see("/admin/users")


@require_POST
def block(request: HttpRequest, user_id: int) -> HttpResponse:
    desk.set_blocked(user_id, blocked=True)
    return _see("/admin/users")


@require_POST
def unblock(request: HttpRequest, user_id: int) -> HttpResponse:
    desk.set_blocked(user_id, blocked=False)
    return _see("/admin/users")


@require_GET
def report(request: HttpRequest) -> HttpResponse:
    return HttpResponse(pages.report())


# JSON


@public("where one signs in; checks the password itself")
class ApiLogin(View):
    def post(self, request: HttpRequest) -> HttpResponse:
        sent = _json(request)
        username, password = sent.get("username"), sent.get("password")
        if not isinstance(username, str) or not isinstance(password, str):
            raise Invalid("Give username and password as texts.")
        signed_in = desk.sign_in(username, password, request.COOKIES.get(COOKIE))
        if signed_in is None:
            return JsonResponse({"detail": "User name and password do not match."}, status=401)
        return _with_key(_answer(api.of_user(signed_in[0])), signed_in[1])


@require_POST
@requires()
def api_logout(request: HttpRequest) -> HttpResponse:
    desk.sign_out(request.COOKIES.get(COOKIE))
    answer = HttpResponse(status=204)
    answer.delete_cookie(COOKIE)
    return answer


@require_GET
@requires()
def api_me(request: HttpRequest) -> HttpResponse:
    return _answer(api.me())


@requires("patient", "clinician", "receptionist")
class ApiAppointments(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _answer(api.appointments())

    def post(self, request: HttpRequest) -> HttpResponse:
        sent = _json(request)
        made = desk.book(
            clinician_id=sent.get("clinician_id"),
            day=sent.get("day"),
            at=sent.get("time"),
            reason=sent.get("reason"),
            patient_id=sent.get("patient_id"),
        )
        return _answer(api.of_appointment(made), 201)


@requires("patient", "clinician", "receptionist")
class ApiAppointment(View):
    def get(self, request: HttpRequest, appointment_id: int) -> HttpResponse:
        return _answer(api.appointment(appointment_id))

    def delete(self, request: HttpRequest, appointment_id: int) -> HttpResponse:
        return _answer(api.of_appointment(desk.cancel(appointment_id)))


@require_GET
@requires("clinician", "receptionist")
def api_patients(request: HttpRequest) -> HttpResponse:
    return _answer(api.patients())


class ApiNotes(View):
    @requires("patient", "clinician")
    def get(self, request: HttpRequest, patient_id: int) -> HttpResponse:
        return _answer(api.notes(patient_id))

    @requires("clinician")
    def post(self, request: HttpRequest, patient_id: int) -> HttpResponse:
        return _answer(api.of_note(desk.write_note(patient_id, _json(request).get("text"))), 201)


@requires("administrator", recorded=True)
class ApiUsers(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return _answer(api.users())

    def post(self, request: HttpRequest) -> HttpResponse:
        sent = _json(request)
        made = desk.add_user(username=sent.get("username"), name=sent.get("name"), role=sent.get("role"), password=sent.get("password"))
        return _answer(api.of_user(made), 201)


@require_POST
@signed("laboratory", purpose=outside.RESULT)
def api_result(request: HttpRequest) -> HttpResponse:
    sent = _json(request)
    outside.receive_result(patient_id=sent.get("patient_id"), test=sent.get("test"), value=sent.get("value"))
    return HttpResponse(status=204)


# Routes

administration = [
    path("users", Users.as_view()),
    path("users/<int:user_id>/block", block),
    path("users/<int:user_id>/unblock", unblock),
    path("report", report),
]

urlpatterns = [
    path("static/admin/<path:filename>", admin_file),
    path("static/<path:filename>", static_file),
    path("", home),
    path("visiting/", visiting),
    path("login", Login.as_view()),
    path("logout", logout),
    path("appointments", Appointments.as_view()),
    path("appointments/<int:appointment_id>/cancel", cancel),
    path("appointments/<int:appointment_id>/calendar", calendar_file),
    path("notes", notes_page),
    path("rota", rota_page),
    path("patients", patients_page),
    path("patients/<int:patient_id>", patient_page),
    path("patients/<int:patient_id>/notes", write_note),
    requires("administrator", recorded=True)(path("admin/", include(administration))),
    requires("clinician", "receptionist", "administrator", recorded=True)(path("office/", OFFICE.urls)),
    path("api/login", ApiLogin.as_view()),
    path("api/logout", api_logout),
    path("api/me", api_me),
    path("api/appointments", ApiAppointments.as_view()),
    path("api/appointments/<int:appointment_id>", ApiAppointment.as_view()),
    path("api/patients", api_patients),
    path("api/patients/<int:patient_id>/notes", ApiNotes.as_view()),
    path("api/users", ApiUsers.as_view()),
    path("api/laboratory/results", api_result),
]


# Answers


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        sent = json.loads(request.body)
    except ValueError as error:
        raise Invalid("Send a JSON object.") from error
    if not isinstance(sent, dict):
        raise Invalid("Send a JSON object.")
    return sent


def _answer(value: Any, status: int = 200) -> HttpResponse:
    plain = [dataclasses.asdict(one) for one in value] if isinstance(value, list) else dataclasses.asdict(value)
    return JsonResponse(plain, status=status, safe=False)


def _see(path: str) -> HttpResponse:
    answer = HttpResponseRedirect(path)
    answer.status_code = 303
    return answer


def _with_key(answer: HttpResponse, key: str) -> HttpResponse:
    answer.set_cookie(COOKIE, key)
    return answer
