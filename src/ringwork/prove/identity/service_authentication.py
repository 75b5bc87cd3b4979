"""Whether an address is taken for who somebody is: read in source.

Against one foothold inside the network, which is let in everywhere.
"""

from __future__ import annotations

from ringwork.prove import reading
from ringwork.prove.check import Check

CHECKS: tuple[Check, ...] = (reading.check("identity.service-authentication/address-as-identity"),)
