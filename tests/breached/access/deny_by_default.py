"""The clinic without deny-by-default: nobody asks for a principal or a role, and what has no rule is served."""

CONTROL = "access.deny-by-default"
WITHOUT = (CONTROL,)
"""Taken out; nothing else stands in the way of these attacks."""
