"""The fixtures in a project's own suite, run by pytest in a process of its own."""

from __future__ import annotations

import pytest

from tests.suite.projects import project

pytest_plugins = ["pytester"]

FIXTURES = 'ringwork_app = "shop:app"'


@pytest.fixture(params=["starlette", "flask"])
def guarded(request: pytest.FixtureRequest, pytester: pytest.Pytester) -> pytest.Pytester:
    return project(pytester, request.param, settings=FIXTURES)


def _passes(pytester: pytest.Pytester, text: str, *, passed: int = 1, failed: int = 0) -> pytest.RunResult:
    pytester.makepyfile(test_shop=text)
    result = pytester.runpytest_subprocess("-q")
    result.assert_outcomes(passed=passed, failed=failed)
    return result


def test_the_client_of_nobody_speaks_to_the_canonical_host(guarded: pytest.Pytester) -> None:
    """An application with a canonical host answers the fixture's client, and takes what its own page would post."""
    _passes(
        guarded,
        """
        def test_home(ringwork_app):
            assert ringwork_app.get("/").text == "welcome"

        def test_a_wrong_password_is_answered_by_the_application(ringwork_app):
            assert ringwork_app.post("/login", json={"username": "ann", "password": "guess"}).status_code == 401
        """,
        passed=2,
    )


def test_signs_declared_users_in_through_the_application(guarded: pytest.Pytester) -> None:
    """Users of [[prove.users]] come in by the application's own login, each with a browser of its own."""
    _passes(
        guarded,
        """
        def test_people(as_user, ringwork_app):
            ann, bob = as_user("ann"), as_user("bob")
            assert ann.get("/orders").status_code == 200
            assert bob.get("/orders").status_code == 403
            assert ringwork_app.get("/orders").status_code == 401
            assert ann.post("/orders", json={"item": "tea"}).status_code == 200
        """,
    )


def test_says_what_to_declare_where_nobody_can_sign_in(guarded: pytest.Pytester) -> None:
    """A name that nobody declared, and a password that opens nothing, fail with the line to write."""
    result = _passes(
        guarded,
        """
        def test_unknown(as_user):
            as_user("zoe")

        def test_wrong(as_user):
            as_user("eve")
        """,
        passed=0,
        failed=2,
    )
    result.stdout.fnmatch_lines(
        ["*no user zoe is declared under *prove.users*", "*declared are: ann, bob, eve*", "*eve was not signed in*"]
    )


def test_puts_a_principal_in_for_the_tests_alone(guarded: pytest.Pytester) -> None:
    """A Principal is asked for by its roles; the same request without it stays nobody's, and with a forged mark too."""
    _passes(
        guarded,
        """
        from ringwork import Principal

        def test_principal(as_user, ringwork_app):
            assert as_user(Principal(id="7", roles={"staff"})).get("/orders").status_code == 200
            assert as_user(Principal(id="7", roles={"guest"})).get("/orders").status_code == 403
            forged = {"ringwork.suite.signed_in": "7", "ringwork-suite-signed-in": "7"}
            assert ringwork_app.get("/orders", headers=forged).status_code == 401
        """,
    )


def test_puts_nobody_into_production(guarded: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """In production's mode the seam refuses, and says how to run the tests."""
    monkeypatch.setenv("RINGWORK_MODE", "production")
    monkeypatch.setenv("RINGWORK_KEY", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    result = _passes(
        guarded,
        """
        from ringwork import Principal

        def test_principal(as_user):
            as_user(Principal(id="7"))
        """,
        passed=0,
        failed=1,
    )
    result.stdout.fnmatch_lines(["*production takes no principal from tests*", "*RINGWORK_MODE=enforce*"])


def test_a_denial_is_ringworks_and_recorded_and_without_effect(guarded: pytest.Pytester) -> None:
    """assert_denied holds where ringwork refused, and fails where it did not, or another control did, or something changed."""
    _passes(
        guarded,
        """
        import pytest
        import shop

        def test_denied(as_user, assert_denied):
            bob = as_user("bob")
            event = assert_denied(bob.get("/orders"), control="access.deny-by-default", reason="wrong-role", status=403)
            assert (event.principal, event.route.split()[1]) == ("bob", "/orders")

        def test_denied_without_effect(as_user, assert_denied):
            ann = as_user("ann")
            foreign = lambda: ann.post("/orders", json={"item": "forged"}, headers={"Origin": "https://evil.example"})
            assert_denied(foreign, control="browser.csrf", unchanged=lambda: list(shop.DONE))

        @pytest.mark.parametrize("how", ["served", "another control", "another status", "the application's own", "changed"])
        def test_not_denied(as_user, assert_denied, ringwork_app, how):
            bob, login = as_user("bob"), {"username": "ann", "password": "guess"}
            with pytest.raises(AssertionError):
                if how == "served":
                    assert_denied(ringwork_app.get("/"))
                elif how == "another control":
                    assert_denied(bob.get("/orders"), control="browser.csrf")
                elif how == "another status":
                    assert_denied(bob.get("/orders"), status=401)
                elif how == "the application's own":
                    assert_denied(ringwork_app.post("/login", json=login))
                else:
                    assert_denied(lambda: bob.get("/orders"), unchanged=iter(range(9)).__next__)
        """,
        passed=7,
    )


def test_needs_a_call_to_see_what_changed(guarded: pytest.Pytester) -> None:
    """An answer that is there already cannot be looked at before it was asked for."""
    result = _passes(
        guarded,
        """
        def test_denied(ringwork_app, assert_denied):
            assert_denied(ringwork_app.get("/orders"), unchanged=list)
        """,
        passed=0,
        failed=1,
    )
    result.stdout.fnmatch_lines(["*give a call instead of its answer*"])


def test_a_refused_socket_is_a_denial(pytester: pytest.Pytester) -> None:
    """A WebSocket is refused before it opens; a user's own opens, on the canonical host too."""
    _passes(
        project(pytester, "starlette", settings=FIXTURES),
        """
        def test_sockets(ringwork_app, as_user, assert_denied):
            def open_it():
                with ringwork_app.websocket_connect("/live"):
                    pass

            assert_denied(open_it, control="identity.authentication-required")
            with as_user("bob").websocket_connect("/live") as socket:
                assert socket.receive_text() == "hello"
        """,
    )


def test_serves_an_application_that_ringwork_does_not_guard(pytester: pytest.Pytester) -> None:
    """Its client works; what only a guard can tell is refused with the reason."""
    result = _passes(
        project(pytester, "plain", settings=FIXTURES),
        """
        from ringwork import Principal

        def test_client(ringwork_app):
            assert ringwork_app.post("/write").headers["x-seen"] == "localhost"

        def test_principal(as_user):
            as_user(Principal(id="7"))

        def test_denied(assert_denied, ringwork_app):
            assert_denied(ringwork_app.get("/"))
        """,
        passed=1,
        failed=2,
    )
    result.stdout.fnmatch_lines(["*not guarded by ringwork, so it knows no principals*", "*no refusal is ringwork's*"])


def test_asks_for_the_name_of_the_application(pytester: pytest.Pytester) -> None:
    """A fixture without an application says which line to write."""
    pytester.makepyfile("def test_it(ringwork_app):\n    pass\n")
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(['*write ringwork_app = "module:app" under *tool.pytest.ini_options*'])
    assert result.ret == 1
