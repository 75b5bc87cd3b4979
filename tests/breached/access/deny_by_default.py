"""The clinic without deny-by-default: nobody asks for a rule or a role, and what has no rule is served."""

CONTROL = "access.deny-by-default"
WITHOUT = (CONTROL, "identity.authentication-required")
"""Taken out with the guard that asks who is there: alone, it still refuses everybody whom a broken loader of users cannot name."""
