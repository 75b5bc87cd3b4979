"""The clinic without authentication-required: nobody asks who is there, and no rule asks for a role either."""

CONTROL = "identity.authentication-required"
WITHOUT = (CONTROL, "access.deny-by-default")
"""Taken out with the rules on roles, which nobody fulfils: alone, only routes that ask for any user are open (signing out)."""
