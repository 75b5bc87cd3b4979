"""What an attacker tries; True where it works."""
import api

FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Host": "api.example"}
PAGE = {"Origin": "https://app.example", "Sec-Fetch-Site": "same-site"}


def _ann(client):
    browser = client(base_url="https://api.example", headers={**FORWARDED, **PAGE}, peer="127.0.0.5")
    browser.post("/api/login", json={"name": "ann", "password": "ann-likes-long-walks"})
    return browser


def forgotten_route(client):
    _ann(client)
    stranger = client(base_url="https://api.example", headers=FORWARDED, peer="127.0.0.5")
    return "ann" in stranger.get("/api/visitors").text


def foreign_page_writes(client):
    before = len(api.TASKS)
    headers = {"Origin": "https://evil.invalid", "Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}
    _ann(client).post("/api/tasks", data=b'{"text": "written by evil"}', headers=headers)
    return len(api.TASKS) > before


def plain_http(client):
    stranger = client(base_url="http://api.example", headers={"Host": "api.example"}, peer="127.0.0.9")
    return stranger.post("/api/login", json={"name": "ann", "password": "ann-likes-long-walks"}).status_code == 200


def spoofed_scheme(client):
    stranger = client(base_url="http://api.example", headers={"Host": "api.example", "X-Forwarded-Proto": "https"}, peer="127.0.0.9")
    return stranger.post("/api/login", json={"name": "ann", "password": "ann-likes-long-walks"}).status_code == 200


def guessing_under_false_addresses(client):
    codes = []
    for n in range(60):
        headers = {**FORWARDED, **PAGE, "X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"}
        attacker = client(base_url="https://api.example", headers=headers, peer="127.0.0.5")
        codes.append(attacker.post("/api/login", json={"name": "ann", "password": f"guess-{n}"}).status_code)
    return 429 not in codes


def no_hsts(client):
    return "strict-transport-security" not in _ann(client).get("/api/tasks").headers


def forged_host(client):
    browser = client(base_url="https://api.example", headers={**FORWARDED, "Host": "evil.invalid"}, peer="127.0.0.5")
    return browser.get("/healthz").status_code == 200
