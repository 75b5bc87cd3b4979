"""The clinic without security-headers: browsers guess types, and foreign pages load private resources as scripts."""

CONTROL = "browser.security-headers"
WITHOUT = (CONTROL,)
"""Taken out; cookie-attributes still keeps cookies from foreign pages, but not from sibling hosts."""
