"""The clinic without content-security-policy: injected markup runs whatever it brings, and nobody learns of it."""

CONTROL = "browser.content-security-policy"
WITHOUT = (CONTROL,)
"""Taken out; escaped templates and HttpOnly cookies still limit what injected script finds, and X-Frame-Options still denies frames."""
