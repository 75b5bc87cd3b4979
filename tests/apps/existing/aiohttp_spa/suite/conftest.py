import asyncio
import json

import pytest
from aiohttp import TCPConnector
from aiohttp.test_utils import TestClient, TestServer

import api

PROXY = "127.0.0.5"
FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Host": "api.example"}
PAGE = {"Origin": "https://app.example", "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


class Answer:
    def __init__(self, response, body):
        self.status_code, self.headers, self.data = response.status, response.headers, body

    def json(self):
        return json.loads(self.data)


class Client:
    """What the proxy sends on: plain http inside, whatever it is outside. Keeps cookies as the browser outside does."""

    def __init__(self, loop, server, headers):
        self.loop, self.server, self.headers, self.cookies = loop, server, headers, {}

    def request(self, method, path, headers=None, **more):
        async def ask():
            cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
            connector = TCPConnector(local_addr=(PROXY, 0))
            if not more:
                more["skip_auto_headers"] = ["Content-Type"]  # as a page's fetch() without a body
            async with TestClient(self.server, connector=connector, headers={**self.headers, **cookies}) as client:
                async with client.request(method, path, headers=headers, **more) as response:
                    self.cookies |= {name: morsel.value for name, morsel in response.cookies.items()}
                    return Answer(response, await response.read())

        return self.loop.run_until_complete(ask())

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def options(self, path, **more):
        return self.request("OPTIONS", path, **more)


class Kept(TestServer):
    """A server that outlives its clients."""

    async def close(self):
        pass


@pytest.fixture(scope="session")
def started():
    loop = asyncio.new_event_loop()
    server = Kept(api.app)
    loop.run_until_complete(server.start_server())
    yield loop, server
    loop.run_until_complete(TestServer.close(server))
    loop.close()


@pytest.fixture()
def client(started):
    api.TASKS.clear()
    api.SESSIONS.clear()
    return Client(*started, {**FORWARDED, **PAGE})


@pytest.fixture()
def balancer(started):
    return Client(*started, {"Host": "api.example"})


@pytest.fixture()
def ann(client):
    assert client.post("/api/login", json={"name": "ann", "password": "ann-likes-long-walks"}).status_code == 200
    return client
