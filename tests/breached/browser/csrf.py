"""The clinic without csrf: a page of a sibling host changes the victim's data with the victim's cookies."""

CONTROL = "browser.csrf"
WITHOUT = (CONTROL,)
"""Taken out; forms of foreign pages are still stopped by SameSite cookies and by Fetch Metadata, those of sibling hosts in older browsers by nothing."""
