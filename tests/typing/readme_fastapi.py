from fastapi import FastAPI, Request

from ringwork import Policy, Principal, protect, public, requires

SESSIONS: dict[str, Principal] = {}  # or wherever your logins are kept


def identify(request: Request) -> Principal | None:
    return SESSIONS.get(request.cookies.get("session", ""))


app = FastAPI()


@app.get("/")
@public("the front page carries no personal data")
def home() -> str:
    return "hello"


@app.get("/notes/{note_id}")
@requires("clinician")
def note(note_id: int) -> dict[str, int]:
    return {"note": note_id}


protect(app, Policy(origin="https://clinic.example", identify=identify))
