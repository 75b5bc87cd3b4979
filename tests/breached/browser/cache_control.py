"""The clinic without cache-control: notes and appointments stay in the cache of the machine that a patient leaves."""

CONTROL = "browser.cache-control"
WITHOUT = (CONTROL,)
"""Taken out; pages with a form still say no-store, because a token must not be kept either."""
