from typing import Any

from ringwork.testing import assert_equal_time, assert_same_answer


def test_a_stranger_cannot_tell_accounts(ringwork_app: Any) -> None:
    def login(name: str) -> Any:
        return ringwork_app.post("/login", json={"username": name, "password": "wrong"})

    assert_same_answer(login("ann"), login("nobody"))
    assert_equal_time(lambda: login("ann"), lambda: login("nobody"))
