"""The clinic on FastAPI: `uvicorn examples.clinic.fastapi_app:app`."""

# ruff: noqa: D103  # a handler's route, its rule and the one call it makes say what it does

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from examples.clinic import api, desk, domain, live, outside, pages, recent
from examples.clinic.domain import Appointment, ClinicError
from examples.clinic.policy import COOKIE, POLICY, identify
from ringwork import current, protect, public, requires, signed, signed_link

BULLETIN = live.Bulletin()
SCHEMA = "/api/openapi.json"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Open the database before the first request."""
    await run_in_threadpool(desk.STORE.open)
    yield


# The documentation pages of FastAPI load scripts from another site, so they are off; the schema is there for administrators.
app = FastAPI(title="Clinic", lifespan=lifespan, openapi_url=SCHEMA, docs_url=None, redoc_url=None)
app.mount("/static", public("style sheet, script and icon; nothing about anyone")(StaticFiles(directory=pages.STATIC)))


class Credentials(BaseModel):
    """What signs a person in."""

    username: str = Field(max_length=64, examples=["alice"])
    password: str = Field(max_length=2048, examples=["alice-walks-by-the-river"])


class Booking(BaseModel):
    """A wish for an appointment. day: ISO date, a weekday. time: full or half hour. patient_id: for staff only."""

    clinician_id: int = Field(examples=[3])
    day: str = Field(examples=["2035-03-05"])
    time: str = Field(examples=["09:30"])
    reason: str = Field(examples=["Sore throat"])
    patient_id: int | None = None


class NoteText(BaseModel):
    """A new note."""

    text: str = Field(examples=["Feels better; see again in a month."])


class Account(BaseModel):
    """A new account. password: 15 characters or more."""

    username: str = Field(examples=["grace"])
    name: str = Field(examples=["Grace Novak"])
    role: str = Field(examples=["patient"])
    password: str = Field(examples=["grace-paints-blue-doors"])


class LaboratoryResult(BaseModel):
    """What the laboratory found; signed by it."""

    patient_id: int = Field(examples=[1])
    test: str = Field(examples=["HbA1c"])
    value: str = Field(examples=["41 mmol/mol"])


# Pages


@app.get("/", response_class=HTMLResponse)
@public("the front page; tells a signed-in person about himself only")
def home() -> str:
    return pages.home()


@app.get("/visiting/", response_class=HTMLResponse)
@public("opening hours and address")
def visiting() -> str:
    return pages.visiting()


@app.get("/login", response_class=HTMLResponse)
@public("where one signs in")
def login_page() -> str:
    return pages.login()


@app.post("/login")
@public("where one signs in; checks the password itself")
def login(request: Request, username: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
    signed_in = desk.sign_in(username, password, request.cookies.get(COOKIE))
    if signed_in is None:
        return HTMLResponse(pages.login(failed=True, username=username), 401)
    return _with_key(_see("/"), signed_in[1])


@app.post("/logout")
@requires()
def logout(request: Request) -> Response:
    desk.sign_out(request.cookies.get(COOKIE))
    answer = _see("/")
    answer.delete_cookie(COOKIE)
    return answer


@app.get("/appointments", response_class=HTMLResponse)
@requires("patient", "clinician", "receptionist")
def appointments_page() -> str:
    return pages.appointments(live=True)


@app.post("/appointments")
@requires("patient", "clinician", "receptionist")
def book(
    clinician_id: Annotated[str, Form()],
    day: Annotated[str, Form()],
    time: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    patient_id: Annotated[str, Form()] = "",
) -> Response:
    _tell(desk.book(clinician_id=clinician_id, day=day, at=time, reason=reason, patient_id=patient_id))
    return _see("/appointments")


@app.post("/appointments/{appointment_id}/cancel")
@requires("patient", "clinician", "receptionist")
def cancel(appointment_id: int) -> Response:
    _tell(desk.cancel(appointment_id))
    return _see("/appointments")


@app.get("/appointments/{appointment_id}/calendar")
@signed_link(outside.CALENDAR)
def calendar_file(appointment_id: int) -> Response:
    return Response(outside.calendar_file(appointment_id), media_type="text/calendar")


@app.get("/notes", response_class=HTMLResponse)
@requires("patient")
def notes_page() -> str:
    return pages.notes()


@app.get("/rota", response_class=HTMLResponse)
@requires("clinician", "receptionist", "administrator")
def rota_page() -> str:
    return pages.rota()


@app.get("/patients", response_class=HTMLResponse)
@requires("clinician", "receptionist")
def patients_page(request: Request) -> str:
    return pages.patients(request.cookies.get(recent.COOKIE))


@app.get("/patients/{patient_id}", response_class=HTMLResponse)
@requires("clinician")
def patient_page(request: Request, patient_id: int) -> Response:
    answer = HTMLResponse(pages.patient(patient_id))
    answer.set_cookie(recent.COOKIE, recent.remember(request.cookies.get(recent.COOKIE), patient_id), samesite=None)
    return answer


@app.post("/patients/{patient_id}/notes")
@requires("clinician")
def write_note(patient_id: int, text: Annotated[str, Form()]) -> Response:
    desk.write_note(patient_id, text)
    return _see(f"/patients/{patient_id}")


# Administration: one mark on the router covers every route of it.

admin = requires("administrator", recorded=True)(APIRouter(prefix="/admin"))


@admin.get("/users", response_class=HTMLResponse)
def users_page() -> str:
    return pages.users()


@admin.post("/users")
def add_user(
    username: Annotated[str, Form()], name: Annotated[str, Form()], role: Annotated[str, Form()], password: Annotated[str, Form()]
) -> Response:
    desk.add_user(username=username, name=name, role=role, password=password)
    return _see("/admin/users")


@admin.post("/users/{user_id}/block")
def block(user_id: int) -> Response:
    desk.set_blocked(user_id, blocked=True)
    return _see("/admin/users")


@admin.post("/users/{user_id}/unblock")
def unblock(user_id: int) -> Response:
    desk.set_blocked(user_id, blocked=False)
    return _see("/admin/users")


@admin.get("/report", response_class=HTMLResponse)
def report() -> str:
    return pages.report()


app.include_router(admin)


# JSON


@app.post("/api/login")
@public("where one signs in; checks the password itself")
def api_login(request: Request, credentials: Credentials) -> Response:
    signed_in = desk.sign_in(credentials.username, credentials.password, request.cookies.get(COOKIE))
    if signed_in is None:
        return JSONResponse({"detail": "User name and password do not match."}, 401)
    return _with_key(JSONResponse(dataclasses.asdict(api.of_user(signed_in[0]))), signed_in[1])


@app.post("/api/logout", status_code=204)
@requires()
def api_logout(request: Request, response: Response) -> None:
    desk.sign_out(request.cookies.get(COOKIE))
    response.delete_cookie(COOKIE)


@app.get("/api/me")
@requires()
def api_me() -> api.UserJson:
    return api.me()


@app.get("/api/appointments")
@requires("patient", "clinician", "receptionist")
def api_appointments() -> list[api.AppointmentJson]:
    return api.appointments()


@app.post("/api/appointments", status_code=201)
@requires("patient", "clinician", "receptionist")
def api_book(wanted: Booking) -> api.AppointmentJson:
    made = desk.book(clinician_id=wanted.clinician_id, day=wanted.day, at=wanted.time, reason=wanted.reason, patient_id=wanted.patient_id)
    _tell(made)
    return api.of_appointment(made)


@app.get("/api/appointments/{appointment_id}")
@requires("patient", "clinician", "receptionist")
def api_appointment(appointment_id: int) -> api.AppointmentJson:
    return api.appointment(appointment_id)


@app.delete("/api/appointments/{appointment_id}")
@requires("patient", "clinician", "receptionist")
def api_cancel(appointment_id: int) -> api.AppointmentJson:
    cancelled = desk.cancel(appointment_id)
    _tell(cancelled)
    return api.of_appointment(cancelled)


@app.get("/api/patients")
@requires("clinician", "receptionist")
def api_patients() -> list[api.PatientJson]:
    return api.patients()


@app.get("/api/patients/{patient_id}/notes")
@requires("patient", "clinician")
def api_notes(patient_id: int) -> list[api.NoteJson]:
    return api.notes(patient_id)


@app.post("/api/patients/{patient_id}/notes", status_code=201)
@requires("clinician")
def api_write_note(patient_id: int, note: NoteText) -> api.NoteJson:
    return api.of_note(desk.write_note(patient_id, note.text))


@app.get("/api/users")
@requires("administrator", recorded=True)
def api_users() -> list[api.UserJson]:
    return api.users()


@app.post("/api/users", status_code=201)
@requires("administrator", recorded=True)
def api_add_user(account: Account) -> api.UserJson:
    return api.of_user(desk.add_user(username=account.username, name=account.name, role=account.role, password=account.password))


@app.post("/api/laboratory/results", status_code=204)
@signed("laboratory", purpose=outside.RESULT)
def api_result(result: LaboratoryResult) -> None:
    outside.receive_result(patient_id=result.patient_id, test=result.test, value=result.value)


# News


@app.websocket("/live")
@requires()
async def news(socket: WebSocket) -> None:
    """Tells the signed-in person when one of his appointments changes, until he leaves or his login ends."""
    principal = current().principal
    if principal is None:
        return
    await socket.accept()
    with BULLETIN.listening(int(principal.id)) as listener:
        gone = asyncio.ensure_future(_until_gone(socket))
        try:
            await socket.send_json({"news": "listening"})
            await _pass_on(listener, socket, gone)
        finally:
            gone.cancel()


async def _pass_on(listener: live.Listener, socket: WebSocket, gone: asyncio.Future[None]) -> None:
    while True:
        waiting = asyncio.ensure_future(listener.next())
        try:
            either: set[asyncio.Future[Any]] = {gone, waiting}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            # Against news for someone who has signed out meanwhile: the login is looked up again before each message.
            if gone.done() or await run_in_threadpool(identify, socket) is None:
                return
            await socket.send_json({"news": waiting.result()})
        finally:
            waiting.cancel()


async def _until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


def _tell(appointment: Appointment) -> None:
    BULLETIN.tell(live.concerned_by(appointment), f"appointment {appointment.state}")


# Answers


def _see(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


def _with_key(answer: Response, key: str) -> Response:
    answer.set_cookie(COOKIE, key, samesite=None)
    return answer


@app.exception_handler(ClinicError)
def refuse(request: Request, error: ClinicError) -> Response:
    return _error(request, error.status, str(error))


@app.exception_handler(RequestValidationError)
def refuse_input(request: Request, _: RequestValidationError) -> Response:
    return _error(request, domain.Invalid.status, "Please check what you filled in.")


def _error(request: Request, status: int, message: str) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"detail": message}, status)
    return HTMLResponse(pages.error(status, message), status)


protect(app, dataclasses.replace(POLICY, rules={f"GET {SCHEMA}": requires("administrator")}))
