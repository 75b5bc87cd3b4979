from flask import Flask

from ringwork import Policy, Principal, protect, public, requires


def identify(request: object) -> Principal | None:
    return None  # flask.session, Flask-Login, a bearer token: your own login


app = Flask(__name__)


@app.get("/")
@public("the front page carries no personal data")
def home() -> str:
    return "hello"


@app.post("/notes")
@requires("clinician")
def write() -> str:
    return "written"


protect(app, Policy(origin="https://clinic.example", identify=identify))
