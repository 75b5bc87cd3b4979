"""What an attacker tries; True where it works. `client(...)` makes a fresh browser."""
from django.contrib.auth.models import User


def _token(client, name, password):
    if not User.objects.filter(username=name).exists():
        User.objects.create_user(name, password=password)
    return {"Authorization": f"Token {client.post('/token', data={'username': name, 'password': password}).json['token']}"}


def forged_host(client):
    return client().get("/health", headers={"Host": "evil.invalid"}).status_code == 200


def forgotten_route(client):
    return "turnover" in client().get("/statistics").text


def huge_order(client):
    attacker = client()
    headers = {**_token(attacker, "ben", "ben-bakes-rye-bread"), "Content-Type": "application/json"}
    return attacker.post("/orders", data=b'{"item": "' + b"x" * 3_000_000 + b'", "amount": 1}', headers=headers).status_code == 201


def deep_order(client):
    attacker = client()
    headers = {**_token(attacker, "ben", "ben-bakes-rye-bread"), "Content-Type": "application/json"}
    body = b'{"item": "x", "amount": 1, "more": ' + b"[" * 500 + b"]" * 500 + b"}"
    return attacker.post("/orders", data=body, headers=headers).status_code == 201


def guessed_passwords(client):
    # On the developer's own machine the limits are a hundred times as high as outside.
    attacker = client()
    return 429 not in [attacker.post("/token", data={"username": "ann", "password": f"guess-{n}"}).status_code for n in range(1100)]


def sniffed_answer(client):
    return client().get("/health").headers.get("x-content-type-options") != "nosniff"


def cached_private_answer(client):
    reader = client()
    headers = _token(reader, "ann", "ann-likes-long-walks")
    return "no-store" not in reader.get("/orders", headers=headers).headers.get("cache-control", "")
