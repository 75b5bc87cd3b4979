import pytest
from fastapi.testclient import TestClient

import api

PROXY = ("10.0.0.5", 40000)
FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Host": "api.example"}
PAGE = {"Origin": "https://app.example", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


@pytest.fixture()
def client():
    """What the proxy sends on for a page of the front end: plain http inside, https outside."""
    api.TASKS.clear()
    api.SESSIONS.clear()
    # The cookie jar believes the outside scheme, as the browser does.
    with TestClient(api.app, base_url="https://api.example", headers={**FORWARDED, **PAGE}, client=PROXY) as client:
        yield client


@pytest.fixture()
def ann(client):
    assert client.post("/api/login", json={"name": "ann", "password": "ann-likes-long-walks"}).status_code == 200
    return client
