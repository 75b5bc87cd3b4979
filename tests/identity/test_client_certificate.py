"""`ringwork.identify.client_certificate`: callers whom a function of the application knows by their certificate."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

import ringwork
from ringwork import Policy, Principal, requires
from ringwork.enforce.transport.mutual_tls import MutualTlsSettings
from ringwork.identify import client_certificate
from ringwork.principal import Via
from ringwork.survey.wire import forge

AUTHORITY = forge.make_authority()
KNOWN = {"spiffe://clinic.example/laboratory": {"id": "laboratory", "roles": ["laboratory"]}}


@requires("laboratory")
async def told(request: Request) -> Response:
    principal: Any = ringwork.current().principal
    return PlainTextResponse(f"{principal.id} {principal.via}")


def served(find: Any, *names: str, shows: bool = True) -> Response:
    """The answer to a caller whose handshake showed a certificate of these names."""
    app = Starlette(routes=[Route("/", told)])
    policy = Policy(origin="https://clinic.example", identify=client_certificate(find), mutual_tls=MutualTlsSettings(required=True))
    ringwork.protect(app, policy)

    async def server(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and shows:
            chain = [AUTHORITY.client(names)[0].decode("ascii")]
            scope.setdefault("extensions", {})["tls"] = {"client_cert_chain": chain, "client_cert_error": None}
        await app(scope, receive, send)

    found: Any = TestClient(server, base_url="https://clinic.example").get("/")
    return found  # type: ignore[no-any-return]  # httpx's own answer


def test_takes_whom_the_function_knows() -> None:
    """A mapping with an id and roles is enough; how it was proven is said by the adapter."""
    answer: Any = served(lambda shown: KNOWN.get(shown.uris[0]), "spiffe://clinic.example/laboratory")
    assert (answer.status_code, answer.text) == (200, "laboratory certificate")


def test_a_principal_of_the_functions_own_counts_as_shown_by_certificate() -> None:
    """Whatever it says of `via`, a browser could have attached it by itself."""
    answer: Any = served(lambda shown: Principal(id="x", roles=frozenset({"laboratory"}), via=Via.BEARER), "spiffe://a/b")
    assert answer.text == "x certificate"


@pytest.mark.parametrize("names", [("spiffe://clinic.example/kitchen",), ("billing.internal",)])
def test_whom_the_function_does_not_know_is_nobody(names: tuple[str, ...]) -> None:
    """A good certificate alone opens nothing that asks for a principal."""
    answer: Any = served(lambda shown: KNOWN.get(next(iter(shown.uris), "")), *names)
    assert answer.status_code == 401


def test_without_a_certificate_the_function_is_not_asked() -> None:
    """The guard has refused before."""
    answer: Any = served(lambda shown: pytest.fail("asked for nobody"), shows=False)
    assert answer.status_code == 403


def test_outside_a_request_it_is_nobody() -> None:
    """A handler's helper that calls it elsewhere names nobody."""
    assert client_certificate(lambda shown: "x")(None) is None
