"""How the proofs judge: a tiny shop with one hole is called broken, the same shop without it is not."""

from __future__ import annotations

import dataclasses

import pytest

from ringwork.prove.access import deny_by_default
from ringwork.prove.browser import cookie_attributes, csrf, security_headers
from ringwork.prove.evidence import Outcome
from ringwork.prove.network import host_validation
from ringwork.prove.output import error_handling
from ringwork.survey.facts import GuardFacts
from tests.prove.stand import FACTS, HEADERS, Shop, stand

GUARDED = dataclasses.replace(
    FACTS, guard=GuardFacts(mode="enforce", controls=("browser.csrf",), origin="https://shop.example", hosts=(), identify="")
)
PLAIN_COOKIE = "; Path=/; Secure; HttpOnly"


def _outcomes(run, shop=None, facts=FACTS):
    """Attack to its gravest outcome at any place."""
    with stand(shop, facts) as stage:
        evidence = run(stage)
    assert evidence.observations, evidence
    gravest = [Outcome.BROKEN, Outcome.HELD, Outcome.UNTRIED]
    return {o.attack: o.outcome for o in sorted(evidence.observations, key=lambda o: gravest.index(o.outcome), reverse=True)}


def _broken(run, shop=None, facts=FACTS):
    return {attack for attack, outcome in _outcomes(run, shop, facts).items() if outcome is Outcome.BROKEN}


def test_finds_nothing_in_a_shop_that_asks_for_tokens():
    """Every forgery is made against a real form and refused."""
    seen = _outcomes(csrf.token_matrix, facts=GUARDED)
    assert {outcome for attack, outcome in seen.items() if attack != "form with an expired token"} == {Outcome.HELD}
    assert len(seen) >= 11


@pytest.mark.parametrize("shop", [Shop(effect="always"), Shop(effect="always", spends=False)])
def test_calls_a_refusal_with_an_effect_broken(shop):
    """The answer says 403, and the order was written all the same."""
    assert "form without a token" in _broken(csrf.token_matrix, shop)


def test_tells_which_forms_a_same_site_cookie_protects():
    """Lax keeps another site out, and no sibling host."""
    found = _outcomes(csrf.token_matrix, Shop(tokens=False))
    assert found["form post from another site"] is Outcome.HELD
    assert found["form post from a sibling host"] is Outcome.BROKEN


def test_rides_a_cookie_without_a_same_site_word():
    """Firefox and Safari send it along."""
    assert "form post from another site" in _broken(csrf.token_matrix, Shop(tokens=False, cookie=PLAIN_COOKIE))


def test_notices_a_token_that_can_be_used_twice():
    """Only the replay tells; where no guard says that its tokens are of one form, a used one is no fault."""
    assert _broken(csrf.token_matrix, Shop(spends=False), GUARDED) == {"form with a used token"}
    assert not _broken(csrf.token_matrix, Shop(spends=False))


def test_says_nothing_where_the_honest_request_does_nothing():
    """A form that never works makes every refusal meaningless."""
    seen = _outcomes(csrf.token_matrix, Shop(effect="never"))
    assert set(seen.values()) == {Outcome.UNTRIED}


def test_finds_a_page_that_writes_when_it_is_read():
    """GET has to be safe; the counter changes with this page only."""
    facts = dataclasses.replace(FACTS, routes=(*FACTS.routes[:1] * 4, *FACTS.routes[1:]))
    assert _broken(csrf.safe_methods, Shop(reading_writes=True), facts) == {"change by a safe method"}
    assert not _broken(csrf.safe_methods, facts=facts)


def test_tells_random_tokens_from_guessable_ones():
    """One token for everybody is no secret."""
    assert not _broken(csrf.token_quality)
    assert _broken(csrf.token_quality, Shop(constant_token="1234"))


def test_counts_headers_as_well_as_reading_them():
    """Two values of one header are a fault, as is a missing one."""
    assert not _broken(security_headers.headers_by_response_class)
    assert "headers of a missing page (404)" in _broken(security_headers.headers_by_response_class, Shop(twice="referrer-policy"))
    weak = {**HEADERS, "referrer-policy": "unsafe-url"}
    assert "headers of a page (200)" in _broken(security_headers.headers_by_response_class, Shop(headers=weak))


def test_finds_private_pages_that_other_sites_may_load():
    """Cookies that travel and no resource policy: the page is theirs."""
    bare = {name: value for name, value in HEADERS.items() if name != "cross-origin-resource-policy"}
    assert "loaded as a script by another site" in _broken(security_headers.cross_site_load, Shop(headers=bare, cookie=PLAIN_COOKIE))
    assert not _broken(security_headers.cross_site_load, Shop(cookie=PLAIN_COOKIE))


@pytest.mark.parametrize(
    ("cookie", "missing"),
    [
        ("; Path=/; HttpOnly; SameSite=Lax", "no Secure"),
        ("; Path=/; Secure; SameSite=Lax", "no HttpOnly"),
        ("; Path=/; Secure; HttpOnly", "no SameSite"),
        ("; Path=/; Secure; HttpOnly; SameSite=None", "SameSite=None"),
        ("; Secure; HttpOnly; SameSite=Lax", "no Path"),
    ],
)
def test_names_the_attribute_that_a_cookie_lacks(cookie, missing):
    """One at a time."""
    with stand(Shop(cookie=cookie)) as stage:
        seen = cookie_attributes.set_cookie_audit(stage).observations
    assert any(o.outcome is Outcome.BROKEN and missing in o.detail for o in seen), seen


def test_finds_nothing_wrong_with_a_confined_cookie():
    """The honest opposite."""
    assert not _broken(cookie_attributes.set_cookie_audit)


def test_finds_a_page_that_is_served_under_any_name():
    """No echo is needed: being served is enough."""
    assert not _broken(host_validation.forged_host)
    assert "foreign Host" in _broken(host_validation.forged_host, Shop(hosts=False))
    assert "foreign Host echoed" in _broken(host_validation.forged_host, Shop(hosts=False, echoes_host=True))


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (["shop.example"], Outcome.HELD),
        (["*"], Outcome.BROKEN),
        (["*.herokuapp.com"], Outcome.BROKEN),
        ([], Outcome.BROKEN),
    ],
)
def test_reads_the_allowlist_of_the_framework(names, outcome):
    """A wildcard on a domain that others share lets them in."""
    facts = dataclasses.replace(FACTS, settings={"TRUSTED_HOSTS": names})
    assert _outcomes(host_validation.allowlist, facts=facts) == {"host allowlist": outcome}


def test_finds_faults_that_are_shown():
    """The canary of the fault comes back."""
    assert "unexpected fault, as page" in _broken(error_handling.provoked_errors, Shop(shows_faults=True))
    assert not _broken(error_handling.provoked_errors)


def test_pairs_each_fault_with_its_one_record():
    """The number of the answer stands in the log, once."""
    assert not _broken(error_handling.log_pairing)


def test_finds_a_new_route_that_answers_anybody():
    """Deny by default means that a route without a rule is refused."""
    assert "new route without a rule, as nobody" in _broken(deny_by_default.probe_route, Shop(private_bare=False))
    assert not _broken(deny_by_default.probe_route)


def test_finds_an_override_by_its_effect():
    """The answer is the same; the store tells."""
    assert not _broken(deny_by_default.unlisted_method)
    assert "method override" in _broken(deny_by_default.unlisted_method, Shop(obeys_override=True))
