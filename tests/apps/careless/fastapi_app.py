"""Routes on which a client's text decides, as a stranger might write them with FastAPI."""

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse

from careless import deeds

app = FastAPI()


@app.get("/")
def home():
    return PlainTextResponse("careless")


@app.get("/sql")
def sql(owner: str):
    return PlainTextResponse(deeds.sql(owner))


@app.get("/sign-in")
def sign_in(name: str, password: str = ""):
    is_known = deeds.signs_in(name, password)
    return PlainTextResponse("welcome" if is_known else "no", status_code=200 if is_known else 401)


@app.get("/command")
def command(name: str):
    return PlainTextResponse(deeds.command(name))


@app.get("/code")
def code(formula: str):
    return PlainTextResponse(deeds.code(formula))


@app.get("/template")
def template(name: str):
    return PlainTextResponse(deeds.template(name))


@app.get("/documents/{name:path}")
def document(name: str):
    return PlainTextResponse(deeds.path(name))


@app.get("/redirect")
def leave(to: str):
    return RedirectResponse(to)


@app.get("/page")
def page(name: str):
    return HTMLResponse("<p>Hello " + name + "</p>")


@app.get("/picture")
def picture(address: str):
    return PlainTextResponse(deeds.ssrf(address))


@app.get("/basket")
def basket(request: Request):
    return PlainTextResponse(deeds.deserialise(request.cookies.get("basket", "")))


@app.get("/order")
def order(text: str):
    return PlainTextResponse(deeds.xml(text))


@app.get("/log")
def log(request: Request):
    return PlainTextResponse(deeds.log(request.query_params["who"]))


@app.get("/careful/sql")
def careful_sql(owner: str):
    return PlainTextResponse(deeds.bound_sql(owner))


@app.get("/careful/command")
def careful_command(name: str):
    return PlainTextResponse(deeds.quoted_command(name))


@app.get("/careful/template")
def careful_template(name: str):
    return PlainTextResponse(deeds.own_template(name))


@app.get("/careful/documents/{name:path}")
def careful_document(name: str):
    return PlainTextResponse(deeds.checked_path(name))


@app.get("/careful/redirect")
def careful_leave(to: str):
    return RedirectResponse(deeds.own_address(to))


@app.get("/careful/page")
def careful_page(name: str):
    return HTMLResponse(deeds.escaped(name))
