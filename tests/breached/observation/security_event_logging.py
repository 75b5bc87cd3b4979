"""The clinic without security events: attacks leave no trace, and marked operations begin although nobody is told."""

CONTROL = "observation.security-event-logging"
WITHOUT = (CONTROL,)
"""Taken out: every guard still refuses, and says nothing."""
