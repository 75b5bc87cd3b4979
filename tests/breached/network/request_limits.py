"""The clinic without request-limits: a body, a nesting and a head of any length are read."""

CONTROL = "network.request-limits"
WITHOUT = (CONTROL,)
"""Taken out; nothing else measures what is sent."""
