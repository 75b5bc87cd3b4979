import hashlib
import hmac
import json

import orders


def test_health(client):
    assert client.get("/health").json == {"status": "ok"}


def test_needs_a_token(client):
    answer = client.get("/orders")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_wrong_password(client):
    assert client.post("/token", data={"username": "ann", "password": "guess"}).status_code == 400


def test_orders_come_and_go(client, ann):
    made = client.post("/orders", json={"item": "chair", "amount": 2}, headers=ann)
    assert made.status_code == 201
    number = made.json["number"]
    assert client.get(f"/orders/{number}", headers=ann).json["item"] == "chair"
    assert [order["number"] for order in client.get("/orders", headers=ann).json] == [number]
    assert client.delete(f"/orders/{number}", headers=ann).status_code == 204
    assert client.get(f"/orders/{number}", headers=ann).status_code == 404


def test_orders_of_others_are_not_found(client, ann, ben):
    number = client.post("/orders", json={"item": "lamp", "amount": 1}, headers=ann).json["number"]
    assert client.get(f"/orders/{number}", headers=ben).status_code == 404
    assert client.delete(f"/orders/{number}", headers=ben).status_code == 404


def test_bad_input_is_told(client, ann):
    answer = client.post("/orders", json={"item": "chair", "amount": "many"}, headers=ann)
    assert answer.status_code == 422


def test_signed_webhook(client, ann):
    number = client.post("/orders", json={"item": "sofa", "amount": 1}, headers=ann).json["number"]
    body = json.dumps({"order": number}).encode()
    signature = hmac.new(orders.WEBHOOK_SECRET, body, hashlib.sha256).hexdigest()
    headers = {"X-Signature": signature, "Content-Type": "application/json", "User-Agent": "Payments/2.1"}
    assert client.post("/hooks/payments", data=body, headers=headers).json == {"received": True}
    assert client.get(f"/orders/{number}", headers=ann).json["paid"] is True
    assert client.post("/hooks/payments", data=body, headers={**headers, "X-Signature": "00"}).status_code == 403


def test_documentation_is_served(client):
    page = client.get("/docs")
    assert page.status_code == 200
    assert "swagger-ui" in page.text
    assert "/orders/{number}" in client.get("/openapi.json").json["paths"]
