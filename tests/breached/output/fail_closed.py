"""The clinic without fail-closed: a guard that raises, or whose store is down, lets the request through; a missing layer stops no start."""

CONTROL = "output.fail-closed"
WITHOUT = (CONTROL,)
"""Taken out. What the provider of identities loses is still refused, by access.deny-by-default."""
