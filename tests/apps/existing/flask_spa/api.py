"""The API behind a single-page front end at https://app.example; it stands behind a proxy that ends TLS and sets X-Forwarded-*."""
import functools
import secrets

from flask import Flask, g, jsonify, request
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

FRONT_END = "https://app.example"

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)
CORS(app, origins=[FRONT_END], supports_credentials=True, methods=["GET", "POST"], allow_headers=["Content-Type"])

USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
SESSIONS = {}
TASKS = []


def signed_in(view):
    @functools.wraps(view)
    def checked(*args, **kwargs):
        g.user = SESSIONS.get(request.cookies.get("sid", ""))
        if g.user is None:
            return jsonify(error="sign in first"), 401
        return view(*args, **kwargs)

    return checked


@app.get("/healthz")
def healthz():
    return jsonify(ok=True)


@app.post("/api/login")
def login():
    sent = request.get_json()
    if USERS.get(sent.get("name")) != sent.get("password"):
        return jsonify(error="wrong name or password"), 401
    key = secrets.token_urlsafe(32)
    SESSIONS[key] = sent["name"]
    answer = jsonify(name=sent["name"])
    answer.set_cookie("sid", key, httponly=True, secure=True, samesite="Lax")
    return answer


@app.post("/api/logout")
@signed_in
def logout():
    SESSIONS.pop(request.cookies.get("sid", ""), None)
    return "", 204


@app.get("/api/tasks")
@signed_in
def tasks():
    return jsonify([task for task in TASKS if task["owner"] == g.user])


@app.post("/api/tasks")
@signed_in
def add_task():
    TASKS.append({"owner": g.user, "text": request.get_json()["text"]})
    return jsonify(TASKS[-1]), 201


@app.get("/api/visitors")
def visitors():
    # Counts visitors by address; used by the front end's footer, and forgotten since.
    return jsonify(you=request.remote_addr, signed_in=sorted(SESSIONS.values()))
