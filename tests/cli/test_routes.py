"""What `ringwork routes` says of a route's rule, and the list of public routes that it writes for approval."""

from __future__ import annotations

from ringwork.cli import routes
from ringwork.survey import baseline
from ringwork.survey.facts import RouteFacts

HOME = RouteFacts(kind="http", path="/", methods=("GET", "HEAD"), handler="shop.home", rule="public", reason="the front page")
LOGIN = RouteFacts(kind="http", path="/login", methods=("POST",), handler="shop.login", rule="public", reason="where one signs in # really")
LIVE = RouteFacts(kind="websocket", path="/live", methods=(), handler="shop.live", rule="public", reason="prices")
ORDERS = RouteFacts(
    kind="http",
    path="/orders",
    methods=("GET",),
    handler="shop.orders",
    rule="own",
    rule_source="own check shop.auth:user",
    guarded_by=("shop.auth:user",),
)
BARE = RouteFacts(kind="http", path="/bare", methods=("GET",), handler="shop.bare", guarded_by=("get_user",))


def test_writes_a_list_that_is_read_back_as_it_was_meant() -> None:
    """What is written is what the proof compares: the public routes' names, reasons apart."""
    lines = routes.approval([LOGIN, ORDERS, HOME, BARE, LIVE])
    assert lines[0] == "GET /  # the front page"
    assert baseline.names("\n".join(lines)) == ("GET /", "WEBSOCKET /live", "POST /login")


def test_names_the_application_s_own_check_as_the_rule() -> None:
    """A recognised check is a rule; what only looks like one stays a question."""
    assert routes.rule(ORDERS) == "own check shop.auth:user"
    assert routes.rule(BARE) == "NO RULE (own check? get_user)"
