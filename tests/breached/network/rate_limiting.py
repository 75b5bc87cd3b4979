"""The clinic without rate-limiting: pages and passwords are asked for at machine speed."""

CONTROL = "network.rate-limiting"
WITHOUT = (CONTROL,)
"""Taken out; nothing else counts requests."""
