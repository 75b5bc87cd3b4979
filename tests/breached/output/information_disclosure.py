"""The clinic without information-disclosure: banners leave as handlers set them, and whatever lies in the static folder is handed out."""

CONTROL = "output.information-disclosure"
WITHOUT = (CONTROL,)
"""Taken out; no other layer looks at what a file is called."""
