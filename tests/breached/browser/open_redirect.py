"""The clinic without open-redirect: a handler that leads where its parameter says leads to an attacker's page."""

CONTROL = "browser.open-redirect"
WITHOUT = (CONTROL,)
