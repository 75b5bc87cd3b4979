"""Whether objects in a store are handed to everybody: read in source.

Against the bucket that a search engine lists.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("data.object-storage-access/public-acl"),)
