"""Orders: a small JSON API with bearer tokens, a documentation page with Swagger UI, and a signed webhook of the payment provider."""
import functools
import hashlib
import hmac
import json
import os
import secrets

from aiohttp import web

WEBHOOK_SECRET = os.environ.get("WEBHOOK_SECRET", "provider-secret").encode()

USERS = {"ann": "ann-likes-long-walks", "ben": "ben-bakes-rye-bread"}
TOKENS = {}
ORDERS = {}
routes = web.RouteTableDef()


def token_required(handler):
    @functools.wraps(handler)
    async def checked(request):
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        user = TOKENS.get(token) if kind.lower() == "bearer" else None
        if user is None:
            raise web.HTTPUnauthorized(text='{"error": "sign in first"}', content_type="application/json", headers={"WWW-Authenticate": "Bearer"})
        request["user"] = user
        return await handler(request)

    return checked


@routes.get("/health")
async def health(request):
    return web.json_response({"status": "ok"})


@routes.post("/token")
async def token(request):
    form = await request.post()
    name = form.get("username", "")
    if not hmac.compare_digest(USERS.get(name, secrets.token_hex()), form.get("password", "")):
        return web.json_response({"error": "wrong user name or password"}, status=400)
    made = secrets.token_urlsafe(32)
    TOKENS[made] = name
    return web.json_response({"access_token": made, "token_type": "bearer"})


@routes.get("/orders")
@token_required
async def orders(request):
    return web.json_response([order for order in ORDERS.values() if order["owner"] == request["user"]])


@routes.post("/orders")
@token_required
async def add_order(request):
    new = await request.json()
    if not isinstance(new.get("item"), str) or not isinstance(new.get("amount"), int):
        return web.json_response({"error": "give item and amount"}, status=422)
    number = len(ORDERS) + 1
    ORDERS[number] = {"number": number, "owner": request["user"], "item": new["item"], "amount": new["amount"], "paid": False}
    return web.json_response(ORDERS[number], status=201)


def own_order(request):
    found = ORDERS.get(int(request.match_info["number"]))
    if found is None or found["owner"] != request["user"]:
        raise web.HTTPNotFound()
    return found


@routes.get(r"/orders/{number:\d+}")
@token_required
async def order(request):
    return web.json_response(own_order(request))


@routes.delete(r"/orders/{number:\d+}")
@token_required
async def cancel(request):
    del ORDERS[own_order(request)["number"]]
    return web.Response(status=204)


@routes.post("/hooks/payments")
async def paid(request):
    body = await request.read()
    wanted = hmac.new(WEBHOOK_SECRET, body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, request.headers.get("X-Signature", "")):
        raise web.HTTPForbidden()
    ORDERS[json.loads(body)["order"]]["paid"] = True
    return web.json_response({"received": True})


@routes.get("/openapi.json")
async def schema(request):
    return web.json_response({"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": {"/orders": {}, "/orders/{number}": {}}})


@routes.get("/docs")
async def docs(request):
    page = """<!doctype html><html lang="en"><head><title>Orders</title>
<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui"})</script></body></html>"""
    return web.Response(text=page, content_type="text/html")


@routes.get("/statistics")
async def statistics(request):
    # Somebody wanted a quick look at the turnover.
    return web.json_response({"orders": len(ORDERS), "turnover": sum(o["amount"] for o in ORDERS.values()), "customers": list(USERS)})


app = web.Application(client_max_size=16 * 1024**2)
app.add_routes(routes)
