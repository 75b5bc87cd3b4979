def test_health_as_the_balancer_asks(balancer):
    assert balancer.get("/healthz").json() == {"ok": True}


def test_preflight(client):
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = client.options("/api/tasks", headers=headers)
    assert answer.status_code in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_answers_can_be_read_by_the_front_end(ann):
    answer = ann.get("/api/tasks")
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-credentials"] == "true"


def test_needs_a_login(client):
    answer = client.get("/api/tasks")
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


def test_wrong_password(client):
    assert client.post("/api/login", json={"name": "ann", "password": "guess"}).status_code == 401


def test_tasks_are_kept(ann):
    assert ann.post("/api/tasks", json={"text": "water the plants"}).status_code == 201
    assert ann.get("/api/tasks").json() == [{"owner": "ann", "text": "water the plants"}]


def test_logout(ann):
    assert ann.post("/api/logout").status_code == 204
    assert ann.get("/api/tasks").status_code == 401
