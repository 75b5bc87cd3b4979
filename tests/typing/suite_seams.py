"""What the fixtures hand out is what `ringwork.testing` says of them; mypy holds them to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ringwork.suite import fixtures
from ringwork.suite.denials import Denials
from ringwork.suite.items import Teller
from ringwork.suite.opened import Opened
from ringwork.suite.session import Proofs
from ringwork.testing import AssertDenied, AsUser

DENIED: Callable[[Opened], AssertDenied] = Denials
USER: Callable[[Opened, Any], AsUser] = fixtures.as_user
TELLER: type[Teller] = Proofs
