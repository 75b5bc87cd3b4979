"""Notes: server-rendered pages with a login form, a little inline script, and a file to download."""
import csv
import io
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from starlette.middleware.sessions import SessionMiddleware

HERE = Path(__file__).parent
USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
NOTES: list[dict] = []

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(SessionMiddleware, secret_key="a-long-secret-of-the-notes-application")
templates = Jinja2Templates(HERE / "templates")


def current_user(request: Request) -> str:
    name = request.session.get("user")
    if name is None:
        raise HTTPException(303, headers={"Location": "/login"})
    return name


User = Annotated[str, Depends(current_user)]


@app.get("/", response_class=HTMLResponse)
def home(request: Request):
    return templates.TemplateResponse(request, "home.html", {"user": request.session.get("user")})


@app.get("/login", response_class=HTMLResponse)
def login_page(request: Request):
    return templates.TemplateResponse(request, "login.html", {"next": request.query_params.get("next", "/notes")})


@app.post("/login")
def login(request: Request, name: Annotated[str, Form()], password: Annotated[str, Form()], next: Annotated[str, Form()] = "/notes"):
    if USERS.get(name) != password:
        return templates.TemplateResponse(request, "login.html", {"failed": True, "next": next}, status_code=401)
    request.session["user"] = name
    return RedirectResponse(next, 303)


@app.post("/logout")
def logout(request: Request):
    request.session.clear()
    return RedirectResponse("/", 303)


@app.get("/notes", response_class=HTMLResponse)
def notes(request: Request, user: User):
    mine = [note for note in NOTES if note["owner"] == user]
    return templates.TemplateResponse(request, "notes.html", {"user": user, "notes": mine})


@app.post("/notes")
def add(user: User, text: Annotated[str, Form()]):
    NOTES.append({"owner": user, "text": text})
    return RedirectResponse("/notes", 303)


@app.get("/notes.csv")
def export(user: User):
    out = io.StringIO()
    csv.writer(out).writerows([note["text"]] for note in NOTES if note["owner"] == user)
    return Response(out.getvalue(), media_type="text/csv", headers={"Content-Disposition": 'attachment; filename="notes.csv"'})


@app.get("/handbook.pdf")
def handbook(user: User):
    return FileResponse(HERE / "handbook.pdf", filename="handbook.pdf")


@app.get("/admin/notes", response_class=HTMLResponse)
def all_notes(request: Request):
    # To be protected before we go live.
    return templates.TemplateResponse(request, "notes.html", {"user": "everybody", "notes": NOTES})
