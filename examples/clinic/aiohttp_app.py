"""The clinic on aiohttp: `ringwork serve examples.clinic.aiohttp_app:app`.

The desk and the pages ask a database, which would hold the event loop up; so each handler has its one call made in a thread.
"""

# ruff: noqa: D102, D103  # a handler's route, its rule and the one call it makes say what it does

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web

from examples.clinic import api, desk, live, outside, pages, recent
from examples.clinic.domain import Appointment, ClinicError, Invalid
from examples.clinic.policy import COOKIE, POLICY, identify
from ringwork import current, protect, public, requires, signed, signed_link

T = TypeVar("T")
BULLETIN = live.Bulletin()
routes = web.RouteTableDef()


async def _in_thread(call: Callable[..., T], *args: Any, **named: Any) -> T:
    return await asyncio.to_thread(call, *args, **named)


# Pages


@routes.get("/")
@public("the front page; tells a signed-in person about himself only")
async def home(request: web.Request) -> web.Response:
    return await _page(pages.home)


@routes.get("/visiting/")
@public("opening hours and address")
async def visiting(request: web.Request) -> web.Response:
    return await _page(pages.visiting)


@routes.get("/login")
@public("where one signs in")
async def login_page(request: web.Request) -> web.Response:
    return await _page(pages.login)


@routes.post("/login")
@public("where one signs in; checks the password itself")
async def login(request: web.Request) -> web.Response:
    form = await request.post()
    username = str(form.get("username", ""))
    signed_in = await _in_thread(desk.sign_in, username, str(form.get("password", "")), request.cookies.get(COOKIE))
    if signed_in is None:
        return await _page(functools.partial(pages.login, failed=True, username=username), status=401)
    return _with_key(_see("/"), signed_in[1])


@routes.post("/logout")
@requires()
async def logout(request: web.Request) -> web.Response:
    await _in_thread(desk.sign_out, request.cookies.get(COOKIE))
    answer = _see("/")
    answer.del_cookie(COOKIE)
    return answer


@routes.get("/appointments")
@requires("patient", "clinician", "receptionist")
async def appointments_page(request: web.Request) -> web.Response:
    return await _page(functools.partial(pages.appointments, live=True))


@routes.post("/appointments")
@requires("patient", "clinician", "receptionist")
async def book(request: web.Request) -> web.Response:
    form = await request.post()
    wanted = {name: form.get(name) for name in ("clinician_id", "day", "reason", "patient_id")}
    _tell(await _in_thread(desk.book, at=form.get("time"), **wanted))
    return _see("/appointments")


@routes.post(r"/appointments/{appointment_id:\d+}/cancel")
@requires("patient", "clinician", "receptionist")
async def cancel(request: web.Request) -> web.Response:
    _tell(await _in_thread(desk.cancel, int(request.match_info["appointment_id"])))
    return _see("/appointments")


@routes.get(r"/appointments/{appointment_id:\d+}/calendar")
@signed_link(outside.CALENDAR)
async def calendar_file(request: web.Request) -> web.Response:
    text = await _in_thread(outside.calendar_file, int(request.match_info["appointment_id"]))
    return web.Response(text=text, content_type="text/calendar")


@routes.get("/notes")
@requires("patient")
async def notes_page(request: web.Request) -> web.Response:
    return await _page(pages.notes)


@routes.get("/rota")
@requires("clinician", "receptionist", "administrator")
async def rota_page(request: web.Request) -> web.Response:
    return await _page(pages.rota)


@routes.get("/patients")
@requires("clinician", "receptionist")
async def patients_page(request: web.Request) -> web.Response:
    return await _page(functools.partial(pages.patients, request.cookies.get(recent.COOKIE)))


@routes.get(r"/patients/{patient_id:\d+}")
@requires("clinician")
async def patient_page(request: web.Request) -> web.Response:
    patient_id = int(request.match_info["patient_id"])
    answer = await _page(functools.partial(pages.patient, patient_id))
    answer.set_cookie(recent.COOKIE, await _in_thread(recent.remember, request.cookies.get(recent.COOKIE), patient_id))
    return answer


@routes.post(r"/patients/{patient_id:\d+}/notes")
@requires("clinician")
async def write_note(request: web.Request) -> web.Response:
    patient_id = int(request.match_info["patient_id"])
    form = await request.post()
    await _in_thread(desk.write_note, patient_id, form.get("text"))
    return _see(f"/patients/{patient_id}")


# Administration: one mark on the application in the application covers every route of it.

admin_routes = web.RouteTableDef()


@admin_routes.view("/users")
class Users(web.View):
    """All accounts, and a new one."""

    async def get(self) -> web.Response:
        return await _page(pages.users)

    async def post(self) -> web.Response:
        form = await self.request.post()
        await _in_thread(
            desk.add_user, username=form.get("username"), name=form.get("name"), role=form.get("role"), password=form.get("password")
        )
        return _see("/admin/users")


@admin_routes.post(r"/users/{user_id:\d+}/block")
async def block(request: web.Request) -> web.Response:
    await _in_thread(desk.set_blocked, int(request.match_info["user_id"]), blocked=True)
    return _see("/admin/users")


@admin_routes.post(r"/users/{user_id:\d+}/unblock")
async def unblock(request: web.Request) -> web.Response:
    await _in_thread(desk.set_blocked, int(request.match_info["user_id"]), blocked=False)
    return _see("/admin/users")


@admin_routes.get("/report")
async def report(request: web.Request) -> web.Response:
    return await _page(pages.report)


# JSON


@routes.post("/api/login")
@public("where one signs in; checks the password itself")
async def api_login(request: web.Request) -> web.Response:
    sent = await _sent(request)
    username, password = sent.get("username"), sent.get("password")
    if not isinstance(username, str) or not isinstance(password, str):
        raise Invalid("Give username and password as texts.")
    signed_in = await _in_thread(desk.sign_in, username, password, request.cookies.get(COOKIE))
    if signed_in is None:
        return _json({"detail": "User name and password do not match."}, status=401)
    return _with_key(_json(api.of_user(signed_in[0])), signed_in[1])


@routes.post("/api/logout")
@requires()
async def api_logout(request: web.Request) -> web.Response:
    await _in_thread(desk.sign_out, request.cookies.get(COOKIE))
    answer = web.Response(status=204)
    answer.del_cookie(COOKIE)
    return answer


@routes.get("/api/me")
@requires()
async def api_me(request: web.Request) -> web.Response:
    return _json(await _in_thread(api.me))


@routes.post("/api/laboratory/results")
@signed("laboratory", purpose=outside.RESULT)
async def api_result(request: web.Request) -> web.Response:
    sent = await _sent(request)
    await _in_thread(outside.receive_result, patient_id=sent.get("patient_id"), test=sent.get("test"), value=sent.get("value"))
    return web.Response(status=204)


@routes.get("/api/appointments")
@requires("patient", "clinician", "receptionist")
async def api_appointments(request: web.Request) -> web.Response:
    return _json(await _in_thread(api.appointments))


@routes.post("/api/appointments")
@requires("patient", "clinician", "receptionist")
async def api_book(request: web.Request) -> web.Response:
    sent = await _sent(request)
    made = await _in_thread(
        desk.book,
        clinician_id=sent.get("clinician_id"),
        day=sent.get("day"),
        at=sent.get("time"),
        reason=sent.get("reason"),
        patient_id=sent.get("patient_id"),
    )
    _tell(made)
    return _json(api.of_appointment(made), status=201)


@routes.get(r"/api/appointments/{appointment_id:\d+}")
@requires("patient", "clinician", "receptionist")
async def api_appointment(request: web.Request) -> web.Response:
    return _json(await _in_thread(api.appointment, int(request.match_info["appointment_id"])))


@routes.delete(r"/api/appointments/{appointment_id:\d+}")
@requires("patient", "clinician", "receptionist")
async def api_cancel(request: web.Request) -> web.Response:
    cancelled = await _in_thread(desk.cancel, int(request.match_info["appointment_id"]))
    _tell(cancelled)
    return _json(api.of_appointment(cancelled))


@routes.get("/api/patients")
@requires("clinician", "receptionist")
async def api_patients(request: web.Request) -> web.Response:
    return _json(await _in_thread(api.patients))


@routes.get(r"/api/patients/{patient_id:\d+}/notes")
@requires("patient", "clinician")
async def api_notes(request: web.Request) -> web.Response:
    return _json(await _in_thread(api.notes, int(request.match_info["patient_id"])))


@routes.post(r"/api/patients/{patient_id:\d+}/notes")
@requires("clinician")
async def api_write_note(request: web.Request) -> web.Response:
    sent = await _sent(request)
    note = await _in_thread(desk.write_note, int(request.match_info["patient_id"]), sent.get("text"))
    return _json(api.of_note(note), status=201)


@routes.get("/api/users")
@requires("administrator", recorded=True)
async def api_users(request: web.Request) -> web.Response:
    return _json(await _in_thread(api.users))


@routes.post("/api/users")
@requires("administrator", recorded=True)
async def api_add_user(request: web.Request) -> web.Response:
    sent = await _sent(request)
    made = await _in_thread(
        desk.add_user, username=sent.get("username"), name=sent.get("name"), role=sent.get("role"), password=sent.get("password")
    )
    return _json(api.of_user(made), status=201)


# News


@routes.get("/live")
@requires()
async def news(request: web.Request) -> web.WebSocketResponse:
    """Tells the signed-in person when one of his appointments changes, until he leaves or his login ends."""
    principal = current().principal
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    if principal is None:
        return socket
    with BULLETIN.listening(int(principal.id)) as listener:
        passing = asyncio.ensure_future(_pass_on(listener, socket, request))
        try:
            await socket.send_json({"news": "listening"})
            async for _ in socket:
                pass  # nobody is asked to say anything
        finally:
            passing.cancel()
    return socket


async def _pass_on(listener: live.Listener, socket: web.WebSocketResponse, request: web.Request) -> None:
    while True:
        told = await listener.next()
        # Against news for someone who has signed out meanwhile: the login is looked up again before each message.
        if await _in_thread(identify, request) is None:
            await socket.close()
            return
        await socket.send_json({"news": told})


def _tell(appointment: Appointment) -> None:
    BULLETIN.tell(live.concerned_by(appointment), f"appointment {appointment.state}")


# Answers


async def _page(make: Callable[[], str], *, status: int = 200) -> web.Response:
    return web.Response(text=await _in_thread(make), status=status, content_type="text/html")


async def _sent(request: web.Request) -> dict[str, Any]:
    sent = await request.json()
    if not isinstance(sent, dict):
        raise Invalid("Send a JSON object.")
    return sent


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.json_response(value, status=status, dumps=functools.partial(json.dumps, default=dataclasses.asdict))


def _see(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _with_key(answer: web.Response, key: str) -> web.Response:
    answer.set_cookie(COOKIE, key)
    return answer


@web.middleware
async def refuse_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except (ClinicError, json.JSONDecodeError) as error:
        status, message = (error.status, str(error)) if isinstance(error, ClinicError) else (Invalid.status, "Send a JSON object.")
        if request.path.startswith("/api/"):
            return _json({"detail": message}, status=status)
        return await _page(functools.partial(pages.error, status, message), status=status)
    return answer


async def open_store(_: web.Application) -> None:
    """Open the database before the first request."""
    await _in_thread(desk.STORE.open)


app = web.Application(middlewares=[refuse_errors])
app.add_routes(routes)
public("style sheet, script and icon; nothing about anyone")(app.router.add_static("/static", pages.STATIC))
admin = web.Application()
admin.add_routes(admin_routes)
app.add_subapp("/admin", requires("administrator", recorded=True)(admin))
app.on_startup.append(open_store)
protect(app, POLICY)
