"""What an attacker tries; True where it works. `client(host=..., peer=...)` makes a fresh browser."""


def forged_host(client):
    return "evil.invalid" in client().get("/openapi.json", headers={"Host": "evil.invalid"}).text or client().get(
        "/health", headers={"Host": "evil.invalid"}
    ).status_code == 200


def forgotten_route(client):
    return "turnover" in client().get("/statistics").text


def huge_order(client):
    attacker = client()
    token = attacker.post("/token", data={"username": "ben", "password": "ben-bakes-rye-bread"}).json()["access_token"]
    body = b'{"item": "' + b"x" * 3_000_000 + b'", "amount": 1}'
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return attacker.post("/orders", content=body, headers=headers).status_code == 201


def deep_order(client):
    attacker = client()
    token = attacker.post("/token", data={"username": "ben", "password": "ben-bakes-rye-bread"}).json()["access_token"]
    body = b'{"item": "x", "amount": 1, "more": ' + b"[" * 500 + b"]" * 500 + b"}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return attacker.post("/orders", content=body, headers=headers).status_code == 201


def guessed_passwords(client):
    # On the developer's own machine the limits are a hundred times as high as outside.
    attacker = client()
    answers = [attacker.post("/token", data={"username": "ann", "password": f"guess-{n}"}).status_code for n in range(1100)]
    return 429 not in answers


def sniffed_answer(client):
    return client().get("/health").headers.get("x-content-type-options") != "nosniff"


def cached_private_answer(client):
    reader = client()
    token = reader.post("/token", data={"username": "ann", "password": "ann-likes-long-walks"}).json()["access_token"]
    return "no-store" not in reader.get("/orders", headers={"Authorization": f"Bearer {token}"}).headers.get("cache-control", "")
