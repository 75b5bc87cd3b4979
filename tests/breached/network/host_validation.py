"""The clinic without host-validation: any Host is served, and the framework's redirects carry it."""

CONTROL = "network.host-validation"
WITHOUT = (CONTROL,)
"""Taken out; nothing else compares the Host."""
