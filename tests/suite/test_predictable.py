"""`ringwork_random = true`: Python's generator fails a test where security code asks it, and nowhere else."""

from __future__ import annotations

import random
import uuid

import pytest

from ringwork.suite import predictable

pytest_plugins = ["pytester"]

TOKENS = """
import random, secrets
from random import choice
def new(n): return "".join(choice("abcdef") for _ in range(n))
def strong(): return secrets.token_hex(16) + str(random.SystemRandom().random())
"""
VIEWS = """
import random, uuid
def invite(): return random.randbytes(16).hex()
def create_user():
    reset_code = random.randint(100000, 999999)
    return reset_code
def swallows():
    try:
        api_key = random.getrandbits(128)
    except Exception:
        return "hidden"
    return api_key
def clock():
    session_id = uuid.uuid1()
    return session_id
def simulate(): return random.random() + random.choice([1, 2]) + random.gauss(0, 1)
def order():
    wanted = random.sample(range(9), 2)
    return wanted == 3
"""
TESTS = """
import pytest
import tokens, views
@pytest.mark.parametrize("call", [lambda: tokens.new(8), views.invite, views.create_user, views.swallows, views.clock])
def test_weak(call):
    call()
@pytest.mark.parametrize("call", [tokens.strong, views.simulate, views.order])
def test_strong(call):
    call()
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with a module of tokens, one of views, and tests of both."""
    pytester.makepyfile(tokens=TOKENS, views=VIEWS, test_shop=TESTS)
    return pytester


def test_fails_the_tests_in_which_security_code_asks_it(shop: pytest.Pytester) -> None:
    """Module, function or assigned name say what the value is for; a handler that catches everything hides nothing."""
    done = shop.runpytest_inprocess("--ringwork-random", "-p", "no:cacheprovider", "-p", "no:randomly")
    done.assert_outcomes(passed=3, failed=5)
    done.stdout.fnmatch_lines(["*random.choice was asked by the module tokens*"])
    done.stdout.fnmatch_lines(["*random.randint was asked by what becomes reset_code in views*"])


def test_leaves_alone_what_the_project_allows_and_every_run_that_does_not_ask(shop: pytest.Pytester) -> None:
    """A lottery may be named like a token; and without the switch nothing is watched at all."""
    shop.makeini("[pytest]\nringwork_random = true\nringwork_random_allow = tokens views\n")
    shop.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=8)
    shop.makeini("[pytest]\n")
    shop.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=8)


def test_takes_the_watch_out_again() -> None:
    """What a session put in does not outlive it."""
    before = [getattr(module, name) for module, name in predictable.WATCHED]
    undo = predictable.install()
    assert random.choice is not before[1]
    undo()
    assert [getattr(module, name) for module, name in predictable.WATCHED] == before
    assert random.random() < 1
    assert uuid.uuid1().version == 1
