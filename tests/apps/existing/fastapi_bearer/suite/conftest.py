import pytest
from fastapi.testclient import TestClient

import orders


@pytest.fixture()
def client():
    orders.ORDERS.clear()
    with TestClient(orders.app) as client:
        yield client


@pytest.fixture()
def ann(client):
    answer = client.post("/token", data={"username": "ann", "password": "ann-likes-long-walks"})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture()
def ben(client):
    answer = client.post("/token", data={"username": "ben", "password": "ben-bakes-rye-bread"})
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}
