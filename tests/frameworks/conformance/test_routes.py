"""Routes: every way in is listed with the rule that stands before it, groups inside groups and late additions too."""

from __future__ import annotations

import re
from collections.abc import Iterator

import ringwork
from ringwork import public, requires
from ringwork.route import Public, Requires, RouteKind, Signed
from tests.frameworks.conformance.unlike import unlike
from tests.frameworks.hosts import Host
from tests.frameworks.surgery import ways
from tests.frameworks.ways import Answer, Effects, Files, Group, Socket, Way, Ways

ALICE = {"Cookie": "__Host-user=alice"}
ERIN = {"Cookie": "__Host-user=erin"}


def word(rule: object) -> str:
    """A rule in one word."""
    return {Public: "public", Requires: "requires", Signed: "signed"}.get(type(rule), "none")


def written(some: Ways, prefix: str = "", outer: object = None) -> Iterator[tuple[str, str]]:
    """Path and rule of every HTTP way, as the suite says them; a group's rule holds where its ways have none."""
    for way in some:
        if isinstance(way, Group):
            yield from written(way.ways, prefix + way.path, way.rule or outer)
        elif isinstance(way, Way):
            rule = way.rule or outer
            yield plain(prefix + way.path), "none" if rule is None else word(ringwork.policy.declare.rule_of(rule(lambda: None)))


def plain(path: str) -> str:
    """A template without what a framework says about its parameters."""
    return re.sub(r"\{(\w+)[^}]*\}", r"{\1}", path)


def test_lists_every_way_in_with_its_rule(host: Host) -> None:
    """What is not listed is not seen by anybody who reviews the rules."""
    found = {(plain(route.path), word(route.rule)) for route in host.routes() if route.kind is RouteKind.HTTP}
    assert found == set(written(ways(Effects())))


def test_lists_folders_and_sockets(host: Host) -> None:
    """Static files are a way in like any other, and so is a WebSocket where there are any."""
    some = ways(Effects())
    files = {way.path for way in some if isinstance(way, Files)}
    static = [route for route in host.routes() if route.kind is RouteKind.STATIC]
    assert {route.path.partition("/{")[0] for route in static} == files
    assert {word(route.rule) for route in static} == {"public"}
    sockets = {way.path: "none" if way.rule is None else "ruled" for way in some if isinstance(way, Socket)}
    seen = {route.path: "none" if route.rule is None else "ruled" for route in host.routes() if route.kind is RouteKind.WEBSOCKET}
    assert seen in (sockets, {})


def test_serves_what_it_lists_and_nothing_else(host: Host) -> None:
    """Every listed page is found by the framework's own matching, and what is asked for beside them is not."""
    for path, rule in written(ways(Effects())):
        if "{" in path or path in {"/endless", "/hangs", "/go", "/biscuit", "/broken-stream"}:
            continue
        status = host.ask("GET", path).status
        expected = {"public": {200, 204, 301, 302, 304, 405, 500}, "requires": {401, 405}, "none": {403}, "signed": {403, 405, 503}}[rule]
        assert status in expected, (path, rule, status)
    assert host.ask("GET", "/inner/who").status == 404
    assert host.ask("GET", "/outer/who").status == 404


def test_covers_a_route_that_is_added_after_protect(framework: str) -> None:
    """A route registered later is refused without a rule, and served by its rule with one."""
    host = Host(framework)
    host.add(Way("/late", lambda asked: Answer("late")))
    host.add(Way("/late-ruled", lambda asked: Answer("late"), requires()))
    assert [host.ask("GET", path, ALICE).status for path in ("/late", "/late-ruled")] == [403, 200]
    assert host.ask("GET", "/late-ruled").status == 401
    assert {"/late", "/late-ruled"} <= {route.path for route in host.routes()}


@unlike("flask", because="Flask takes no route after its first request", instead="test_covers_a_route_that_is_added_after_protect")
@unlike("aiohttp", because="aiohttp freezes its router at the start", instead="test_covers_a_route_that_is_added_after_protect")
def test_covers_a_route_that_is_added_while_it_serves(framework: str) -> None:
    """The same after the first request, where the framework allows it."""
    host = Host(framework)
    assert host.ask("GET", "/ok").status == 200
    host.add(Way("/late", lambda asked: Answer("late")))
    host.add(Way("/late-open", lambda asked: Answer("late"), public("late")))
    assert [host.ask("GET", path, ERIN).status for path in ("/late", "/late-open")] == [403, 200]


def test_names_a_route_that_the_policy_rules(framework: str) -> None:
    """A rule of the policy names a route by method and path, the same in every framework."""
    host = Host(framework, rules={"GET /bare": public("the policy says so"), "GET /inner/bare": requires("admin")})
    assert host.ask("GET", "/bare").status == 200
    assert [host.ask("GET", "/inner/bare", who).status for who in (ALICE, ERIN)] == [403, 200]
