"""The same with Flask."""

from flask import Flask, Response, redirect, request

from careless import deeds

app = Flask(__name__)


def plain(text):
    return Response(text, mimetype="text/plain")


@app.get("/")
def home():
    return plain("careless")


@app.get("/sql")
def sql():
    return plain(deeds.sql(request.args["owner"]))


@app.get("/sign-in")
def sign_in():
    return ("welcome", 200) if deeds.signs_in(request.args["name"], request.args.get("password", "")) else ("no", 401)


@app.get("/command")
def command():
    return plain(deeds.command(request.args["name"]))


@app.get("/code")
def code():
    return plain(deeds.code(request.args["formula"]))


@app.get("/template")
def template():
    return plain(deeds.template(request.args["name"]))


@app.get("/documents/<path:name>")
def document(name):
    return plain(deeds.path(name))


@app.get("/redirect")
def leave():
    return redirect(request.args["to"])


@app.get("/page")
def page():
    return "<p>Hello " + request.args["name"] + "</p>"


@app.get("/picture")
def picture():
    return plain(deeds.ssrf(request.args["address"]))


@app.get("/basket")
def basket():
    return plain(deeds.deserialise(request.cookies.get("basket", "")))


@app.get("/order")
def order():
    return plain(deeds.xml(request.args["text"]))


@app.get("/log")
def log():
    return plain(deeds.log(request.args["who"]))


@app.get("/careful/sql")
def careful_sql():
    return plain(deeds.bound_sql(request.args["owner"]))


@app.get("/careful/command")
def careful_command():
    return plain(deeds.quoted_command(request.args["name"]))


@app.get("/careful/template")
def careful_template():
    return plain(deeds.own_template(request.args["name"]))


@app.get("/careful/documents/<path:name>")
def careful_document(name):
    return plain(deeds.checked_path(name))


@app.get("/careful/redirect")
def careful_leave():
    return redirect(deeds.own_address(request.args["to"]))


@app.get("/careful/page")
def careful_page():
    return deeds.escaped(request.args["name"])
