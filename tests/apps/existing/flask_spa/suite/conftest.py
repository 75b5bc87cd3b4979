import pytest

import api

PROXY = {"REMOTE_ADDR": "10.0.0.5"}
FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
PAGE = {"Origin": "https://app.example", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


class Page:
    """A page of the front end: the proxy sends its requests on by plain http; outside it is https."""

    def __init__(self, client):
        self.client = client

    def open(self, path, method, headers=None, **more):
        headers = {**FORWARDED, **PAGE, **(headers or {})}
        return self.client.open(path, method=method, base_url="https://api.example", headers=headers, environ_overrides=PROXY, **more)

    def get(self, path, **more):
        return self.open(path, "GET", **more)

    def post(self, path, **more):
        return self.open(path, "POST", **more)

    def options(self, path, **more):
        return self.open(path, "OPTIONS", **more)


@pytest.fixture()
def client():
    api.TASKS.clear()
    api.SESSIONS.clear()
    return Page(api.app.test_client())


@pytest.fixture()
def ann(client):
    assert client.post("/api/login", json={"name": "ann", "password": "ann-likes-long-walks"}).status_code == 200
    return client
