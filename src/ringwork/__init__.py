"""ringwork: defence in depth for Python web applications, every layer enforced at run time, and proven."""

from __future__ import annotations

__version__ = "0.1.0"
