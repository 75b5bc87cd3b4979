"""Notes: server-rendered pages with a login form (Flask-Login), a little inline script, and a file to download."""
import csv
import io
from pathlib import Path

from flask import Flask, Response, redirect, render_template, request, send_file
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user

HERE = Path(__file__).parent
PASSWORDS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
NOTES = []

app = Flask(__name__)
app.secret_key = "a-long-secret-of-the-notes-application"
logins = LoginManager(app)
logins.login_view = "login_page"


class User(UserMixin):
    def __init__(self, name):
        self.id = name


@logins.user_loader
def load(name):
    return User(name) if name in PASSWORDS else None


@app.get("/")
def home():
    return render_template("home.html", user=current_user.id if current_user.is_authenticated else None)


@app.get("/login")
def login_page():
    return render_template("login.html", next=request.args.get("next", "/notes"))


@app.post("/login")
def login():
    name = request.form["name"]
    if PASSWORDS.get(name) != request.form["password"]:
        return render_template("login.html", failed=True, next=request.form.get("next", "/notes")), 401
    login_user(User(name))
    return redirect(request.form.get("next", "/notes"), 303)


@app.post("/logout")
def logout():
    logout_user()
    return redirect("/", 303)


@app.get("/notes")
@login_required
def notes():
    mine = [note for note in NOTES if note["owner"] == current_user.id]
    return render_template("notes.html", user=current_user.id, notes=mine)


@app.post("/notes")
@login_required
def add():
    NOTES.append({"owner": current_user.id, "text": request.form["text"]})
    return redirect("/notes", 303)


@app.get("/notes.csv")
@login_required
def export():
    out = io.StringIO()
    csv.writer(out).writerows([note["text"]] for note in NOTES if note["owner"] == current_user.id)
    return Response(out.getvalue(), mimetype="text/csv", headers={"Content-Disposition": 'attachment; filename="notes.csv"'})


@app.get("/handbook.pdf")
@login_required
def handbook():
    return send_file(HERE / "handbook.pdf", as_attachment=True)


@app.get("/admin/notes")
def all_notes():
    # To be protected before we go live.
    return render_template("notes.html", user="everybody", notes=NOTES)
