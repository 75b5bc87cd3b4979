"""Orders: a small JSON API with bearer tokens, a documentation page with Swagger UI, and a signed webhook of the payment provider."""
import functools
import hashlib
import hmac
import os
import secrets

from flask import Flask, abort, g, jsonify, request

WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET", "provider-secret").encode()

app = Flask(__name__)

USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
TOKENS = {}
ORDERS = {}


def token_required(view):
    @functools.wraps(view)
    def checked(*args, **kwargs):
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        g.user = TOKENS.get(token) if kind.lower() == "bearer" else None
        if g.user is None:
            return jsonify(error="sign in first"), 401, {"WWW-Authenticate": "Bearer"}
        return view(*args, **kwargs)

    return checked


@app.get("/health")
def health():
    return jsonify(status="ok")


@app.post("/token")
def token():
    name = request.form.get("username", "")
    if not hmac.compare_digest(USERS.get(name, secrets.token_hex()), request.form.get("password", "")):
        return jsonify(error="wrong user name or password"), 400
    made = secrets.token_urlsafe(32)
    TOKENS[made] = name
    return jsonify(access_token=made, token_type="bearer")


@app.get("/orders")
@token_required
def orders():
    return jsonify([order for order in ORDERS.values() if order["owner"] == g.user])


@app.post("/orders")
@token_required
def add_order():
    new = request.get_json()
    if not isinstance(new.get("item"), str) or not isinstance(new.get("amount"), int):
        return jsonify(error="give item and amount"), 422
    number = len(ORDERS) + 1
    ORDERS[number] = {"number": number, "owner": g.user, "item": new["item"], "amount": new["amount"], "paid": False}
    return jsonify(ORDERS[number]), 201


@app.get("/orders/<int:number>")
@token_required
def order(number):
    found = ORDERS.get(number)
    if found is None or found["owner"] != g.user:
        abort(404)
    return jsonify(found)


@app.delete("/orders/<int:number>")
@token_required
def cancel(number):
    found = ORDERS.get(number)
    if found is None or found["owner"] != g.user:
        abort(404)
    del ORDERS[number]
    return "", 204


@app.post("/hooks/payments")
def paid():
    wanted = hmac.new(WEBHOOK_SECRET, request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, request.headers.get("X-Signature", "")):
        abort(403)
    ORDERS[request.get_json()["order"]]["paid"] = True
    return jsonify(received=True)


@app.get("/openapi.json")
def schema():
    return jsonify(openapi="3.1.0", info={"title": "Orders", "version": "1"}, paths={"/orders": {}, "/orders/{number}": {}})


@app.get("/docs")
def docs():
    return """<!doctype html><html lang="en"><head><title>Orders</title>
<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui"})</script></body></html>"""


@app.get("/statistics")
def statistics():
    # Somebody wanted a quick look at the turnover.
    return jsonify(orders=len(ORDERS), turnover=sum(order["amount"] for order in ORDERS.values()), customers=list(USERS))
