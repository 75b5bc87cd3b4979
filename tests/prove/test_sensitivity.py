from __future__ import annotations

from ringwork.prove import sensitivity


def test_says_nothing_about_a_proof_that_has_changed_since():
    """A stale digest is no evidence."""
    entry = sensitivity.Entry(check="browser.csrf/x", framework="flask", digest="0" * 16, verdict="violated", without=("browser.csrf",))
    assert sensitivity.sentence({("browser.csrf/x", "flask"): entry}, "browser.csrf/x", "flask") == ""


def test_tells_an_installed_prover_how_a_check_was_seen_to_fail():
    """A foreign target's reader learns that the check can fail."""
    digest = sensitivity.digest_of("browser.csrf")
    entry = sensitivity.Entry(check="browser.csrf/x", framework="fastapi", digest=digest, verdict="violated", without=("browser.csrf",))
    told = sensitivity.sentence({("browser.csrf/x", "fastapi"): entry}, "browser.csrf/x", "starlette")
    assert told == "this check was seen to fail on the fastapi clinic without browser.csrf: violated"


def test_replaces_entries_of_the_same_check_and_keeps_others(tmp_path):
    """Several runs are merged into one sorted file."""
    one = sensitivity.Entry(check="b/x", framework="flask", digest="1", verdict="violated", without=())
    two = sensitivity.Entry(check="a/x", framework="flask", digest="1", verdict="violated", without=())
    sensitivity.write([one], tmp_path / "s.json")
    sensitivity.write([two], tmp_path / "s.json")
    text = (tmp_path / "s.json").read_text()
    assert text.index("a/x") < text.index("b/x")
