"""The clinic on Flask: `gunicorn examples.clinic.flask_app:app`. It has no live news; the rest is the same."""

# ruff: noqa: D103  # a handler's route, its rule and the one call it makes say what it does

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, jsonify, make_response, redirect, request, send_from_directory
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from examples.clinic import api, desk, outside, pages, recent
from examples.clinic.domain import ClinicError, Invalid
from examples.clinic.policy import COOKIE, POLICY
from ringwork import protect, public, requires, signed, signed_link

# Flask's own route for static files cannot carry a mark, so the clinic writes its own below.
app = Flask(__name__, static_folder=None, template_folder=None)


# Pages


@app.get("/static/<path:filename>")
@public("style sheet, script and icon; nothing about anyone")
def static_file(filename: str) -> Response:
    return send_from_directory(pages.STATIC, filename)


@app.get("/")
@public("the front page; tells a signed-in person about himself only")
def home() -> str:
    return pages.home()


@app.get("/visiting/")
@public("opening hours and address")
def visiting() -> str:
    return pages.visiting()


@app.get("/login")
@public("where one signs in")
def login_page() -> str:
    return pages.login()


@app.post("/login")
@public("where one signs in; checks the password itself")
def login() -> ResponseReturnValue:
    username = request.form.get("username", "")
    signed_in = desk.sign_in(username, request.form.get("password", ""), request.cookies.get(COOKIE))
    if signed_in is None:
        return pages.login(failed=True, username=username), 401
    return _with_key(_see("/"), signed_in[1])


@app.post("/logout")
@requires()
def logout() -> Response:
    desk.sign_out(request.cookies.get(COOKIE))
    answer = _see("/")
    answer.delete_cookie(COOKIE)
    return answer


@app.get("/appointments")
@requires("patient", "clinician", "receptionist")
def appointments_page() -> str:
    return pages.appointments(live=False)


@app.post("/appointments")
@requires("patient", "clinician", "receptionist")
def book() -> Response:
    form = request.form
    desk.book(
        clinician_id=form.get("clinician_id"),
        day=form.get("day"),
        at=form.get("time"),
        reason=form.get("reason"),
        patient_id=form.get("patient_id"),
    )
    return _see("/appointments")


@app.post("/appointments/<int:appointment_id>/cancel")
@requires("patient", "clinician", "receptionist")
def cancel(appointment_id: int) -> Response:
    desk.cancel(appointment_id)
    return _see("/appointments")


@app.get("/appointments/<int:appointment_id>/calendar")
@signed_link(outside.CALENDAR)
def calendar_file(appointment_id: int) -> Response:
    return Response(outside.calendar_file(appointment_id), mimetype="text/calendar")


@app.get("/notes")
@requires("patient")
def notes_page() -> str:
    return pages.notes()


@app.get("/rota")
@requires("clinician", "receptionist", "administrator")
def rota_page() -> str:
    return pages.rota()


@app.get("/patients")
@requires("clinician", "receptionist")
def patients_page() -> str:
    return pages.patients(request.cookies.get(recent.COOKIE))


@app.get("/patients/<int:patient_id>")
@requires("clinician")
def patient_page(patient_id: int) -> ResponseReturnValue:
    answer = make_response(pages.patient(patient_id))
    answer.set_cookie(recent.COOKIE, recent.remember(request.cookies.get(recent.COOKIE), patient_id))
    return answer


@app.post("/patients/<int:patient_id>/notes")
@requires("clinician")
def write_note(patient_id: int) -> Response:
    desk.write_note(patient_id, request.form.get("text"))
    return _see(f"/patients/{patient_id}")


# Administration: one mark on the blueprint covers every route of it.

admin = requires("administrator", recorded=True)(Blueprint("admin", __name__, url_prefix="/admin"))


@admin.get("/users")
def users_page() -> str:
    return pages.users()


@admin.post("/users")
def add_user() -> Response:
    form = request.form
    desk.add_user(username=form.get("username"), name=form.get("name"), role=form.get("role"), password=form.get("password"))
    return _see("/admin/users")


@admin.post("/users/<int:user_id>/block")
def block(user_id: int) -> Response:
    desk.set_blocked(user_id, blocked=True)
    return _see("/admin/users")


@admin.post("/users/<int:user_id>/unblock")
def unblock(user_id: int) -> Response:
    desk.set_blocked(user_id, blocked=False)
    return _see("/admin/users")


@admin.get("/report")
def report() -> str:
    return pages.report()


app.register_blueprint(admin)


# JSON


@app.post("/api/login")
@public("where one signs in; checks the password itself")
def api_login() -> ResponseReturnValue:
    sent = _json()
    username, password = sent.get("username"), sent.get("password")
    if not isinstance(username, str) or not isinstance(password, str):
        raise Invalid("Give username and password as texts.")
    signed_in = desk.sign_in(username, password, request.cookies.get(COOKIE))
    if signed_in is None:
        return jsonify(detail="User name and password do not match."), 401
    return _with_key(jsonify(api.of_user(signed_in[0])), signed_in[1])


@app.post("/api/logout")
@requires()
def api_logout() -> Response:
    desk.sign_out(request.cookies.get(COOKIE))
    answer = Response(status=204)
    answer.delete_cookie(COOKIE)
    return answer


@app.get("/api/me")
@requires()
def api_me() -> Response:
    return jsonify(api.me())


@app.get("/api/appointments")
@requires("patient", "clinician", "receptionist")
def api_appointments() -> Response:
    return jsonify(api.appointments())


@app.post("/api/appointments")
@requires("patient", "clinician", "receptionist")
def api_book() -> ResponseReturnValue:
    sent = _json()
    made = desk.book(
        clinician_id=sent.get("clinician_id"),
        day=sent.get("day"),
        at=sent.get("time"),
        reason=sent.get("reason"),
        patient_id=sent.get("patient_id"),
    )
    return jsonify(api.of_appointment(made)), 201


@app.get("/api/appointments/<int:appointment_id>")
@requires("patient", "clinician", "receptionist")
def api_appointment(appointment_id: int) -> Response:
    return jsonify(api.appointment(appointment_id))


@app.delete("/api/appointments/<int:appointment_id>")
@requires("patient", "clinician", "receptionist")
def api_cancel(appointment_id: int) -> Response:
    return jsonify(api.of_appointment(desk.cancel(appointment_id)))


@app.get("/api/patients")
@requires("clinician", "receptionist")
def api_patients() -> Response:
    return jsonify(api.patients())


@app.get("/api/patients/<int:patient_id>/notes")
@requires("patient", "clinician")
def api_notes(patient_id: int) -> Response:
    return jsonify(api.notes(patient_id))


@app.post("/api/patients/<int:patient_id>/notes")
@requires("clinician")
def api_write_note(patient_id: int) -> ResponseReturnValue:
    return jsonify(api.of_note(desk.write_note(patient_id, _json().get("text")))), 201


@app.get("/api/users")
@requires("administrator", recorded=True)
def api_users() -> Response:
    return jsonify(api.users())


@app.post("/api/users")
@requires("administrator", recorded=True)
def api_add_user() -> ResponseReturnValue:
    sent = _json()
    made = desk.add_user(username=sent.get("username"), name=sent.get("name"), role=sent.get("role"), password=sent.get("password"))
    return jsonify(api.of_user(made)), 201


@app.post("/api/laboratory/results")
@signed("laboratory", purpose=outside.RESULT)
def api_result() -> Response:
    sent = _json()
    outside.receive_result(patient_id=sent.get("patient_id"), test=sent.get("test"), value=sent.get("value"))
    return Response(status=204)


# Answers


def _json() -> dict[str, Any]:
    sent = request.get_json()
    if not isinstance(sent, dict):
        raise Invalid("Send a JSON object.")
    return sent


def _see(path: str) -> Response:
    return redirect(path, code=303)


def _with_key(answer: Response, key: str) -> Response:
    answer.set_cookie(COOKIE, key)
    return answer


@app.errorhandler(ClinicError)
def refuse(error: ClinicError) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify(detail=str(error)), error.status
    return pages.error(error.status, str(error)), error.status


protect(app, POLICY)
