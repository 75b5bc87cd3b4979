"""The clinic without cors: a handler that lets everybody read, with the victim's cookies."""

CONTROL = "browser.cors"
WITHOUT = (CONTROL,)
"""Taken out; what Fetch Metadata refuses stays refused, but old browsers do not send it."""
