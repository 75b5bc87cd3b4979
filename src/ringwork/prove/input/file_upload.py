"""Whether files of a client are kept and unpacked as the client says: read in source.

Against an archive whose member is called `../../app.py`.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("input.file-upload/extract-and-save"),)
