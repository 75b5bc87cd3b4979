import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer

import orders


class Answer:
    def __init__(self, response, body):
        self.status_code, self.headers, self.data = response.status, response.headers, body

    @property
    def text(self):
        return self.data.decode()

    @property
    def json(self):
        import json

        return json.loads(self.data)


class Client:
    def __init__(self, loop, client):
        self.loop, self.client = loop, client

    def request(self, method, path, **more):
        async def ask():
            async with self.client.request(method, path, **more) as response:
                return Answer(response, await response.read())

        return self.loop.run_until_complete(ask())

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, **more):
        return self.request("POST", path, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)


@pytest.fixture(scope="session")
def started():
    loop = asyncio.new_event_loop()
    client = TestClient(TestServer(orders.app), loop=loop)
    loop.run_until_complete(client.start_server())
    yield Client(loop, client)
    loop.run_until_complete(client.close())
    loop.close()


@pytest.fixture()
def client(started):
    orders.ORDERS.clear()
    return started


@pytest.fixture()
def ann(client):
    answer = client.post("/token", data={"username": "ann", "password": "ann-likes-long-walks"})
    return {"Authorization": f"Bearer {answer.json['access_token']}"}


@pytest.fixture()
def ben(client):
    answer = client.post("/token", data={"username": "ben", "password": "ben-bakes-rye-bread"})
    return {"Authorization": f"Bearer {answer.json['access_token']}"}
