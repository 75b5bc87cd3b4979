from ringwork import Principal
from ringwork.testing import AssertDenied, AsUser


def test_guests_read_no_orders(as_user: AsUser, assert_denied: AssertDenied) -> None:
    bob = as_user("bob")
    assert_denied(bob.get("/orders"), control="access.deny-by-default", status=403)


def test_a_foreign_page_orders_nothing(as_user: AsUser, assert_denied: AssertDenied) -> None:
    ann = as_user("ann")
    assert_denied(
        lambda: ann.post("/orders", json={"item": "tea"}, headers={"Origin": "https://evil.example"}),
        control="browser.csrf",
        unchanged=lambda: ann.get("/orders").text,
    )


def test_staff_read_orders(as_user: AsUser) -> None:
    assert as_user(Principal(id="7", roles=frozenset({"staff"}))).get("/orders").status_code == 200
