"""The API behind a single-page front end at https://app.example; it stands behind a proxy that ends TLS and sets X-Forwarded-*."""
import secrets
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from pydantic import BaseModel

FRONT_END = "https://app.example"

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(
    CORSMiddleware, allow_origins=[FRONT_END], allow_credentials=True, allow_methods=["GET", "POST"], allow_headers=["Content-Type"]
)

USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
SESSIONS: dict[str, str] = {}
TASKS: list[dict] = []


class Credentials(BaseModel):
    name: str
    password: str


class Task(BaseModel):
    text: str


def current_user(request: Request) -> str:
    name = SESSIONS.get(request.cookies.get("sid", ""))
    if name is None:
        raise HTTPException(401, "sign in first")
    return name


User = Annotated[str, Depends(current_user)]


@app.get("/healthz")
def healthz():
    return {"ok": True}


@app.post("/api/login")
def login(credentials: Credentials, response: Response):
    if USERS.get(credentials.name) != credentials.password:
        raise HTTPException(401, "wrong name or password")
    key = secrets.token_urlsafe(32)
    SESSIONS[key] = credentials.name
    response.set_cookie("sid", key, httponly=True, secure=True, samesite="lax")
    return {"name": credentials.name}


@app.post("/api/logout", status_code=204)
def logout(request: Request, user: User):
    SESSIONS.pop(request.cookies.get("sid", ""), None)


@app.get("/api/tasks")
def tasks(user: User):
    return [task for task in TASKS if task["owner"] == user]


@app.post("/api/tasks", status_code=201)
def add_task(task: Task, user: User):
    TASKS.append({"owner": user, "text": task.text})
    return TASKS[-1]


@app.get("/api/visitors")
def visitors(request: Request):
    # Counts visitors by address; used by the front end's footer, and forgotten since.
    return {"you": request.client.host if request.client else "", "signed_in": sorted(SESSIONS.values())}
