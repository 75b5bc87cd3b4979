"""The clinic without csrf: a page of a sibling host changes the victim's data with the victim's cookies."""

CONTROL = "browser.csrf"
WITHOUT = (CONTROL,)
"""Taken out; SameSite cookies and Fetch Metadata still stop forms of foreign pages, nothing those of sibling hosts in old browsers."""
