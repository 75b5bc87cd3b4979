"""The clinic without cookie-attributes: its session cookie leaves as the application writes it, without any attribute."""

CONTROL = "browser.cookie-attributes"
WITHOUT = (CONTROL,)
"""Taken out; csrf and security-headers still stop what the cookie then rides on."""
