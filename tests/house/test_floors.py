"""Which room may import which: laws 1 to 7, as one table. Type-only imports count.

A room is the longest name of ROOMS that a module's name begins with. A new module that fits no room fails here, so that
somebody has to say what it may lean on.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tests.house import graph

GROUND = ("words", "frozen", "names", "errors", "clock", "secret", "principal", "route", "exchange", "vocabulary", "events", "alone")
"""The shared words, lowest first: each may import only what stands before it."""

LAYERS = ("access", "browser", "data", "identity", "network", "observation", "output", "transport")
READ_LAYERS = ("infrastructure", "input", "source", "supply_chain")
"""Layers that have proofs and, so far, no guard."""
ENFORCE = ("enforce.guard", "enforce.entrances", "enforce.violations", "enforce.ordinary", *(f"enforce.{layer}" for layer in LAYERS))
RUN_TIME = ("crypto", *ENFORCE, "policy", "pipeline", "own_checks", "stores")
FACTS = ("survey.facts", "survey.flows", "survey.starts", "survey.wire")
WORDS = ("prove.check", "prove.evidence")
SHARED = (
    "prove.witness",
    "prove.changes",
    "prove.trial",
    "prove.alterations",
    "prove.credentials",
    "prove.guessing",
    "prove.randomness",
    "prove.timing",
    "prove.tokens",
    "prove.form_tokens",
    "prove.handshakes",
    "prove.shipped",
    "prove.starting",
    "prove.unverified",
    "prove.datastores",
    "prove.searching",
    "prove.sensitive",
    "prove.reading",
    "prove.assigning",
    "prove.displaying",
    "prove.markup",
    "prove.uploading",
    "prove.forged_tokens",
    "prove.composing",
    "prove.makers",
    "prove.seeding",
    "prove.rows",
    "prove.safe_asking",
    "prove.side_effects",
    "prove.things",
    "prove.views",
    "prove.staying",
    "prove.objects",
    "prove.whose",
)
"""What proofs share: who asks, what can be changed, and what a forgery did; none of it knows a guard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """rooms: those it may import, beside itself and the ground floor. outside: its third parties, by import name."""

    rooms: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    itself: bool = True


ROOMS: dict[str, Room] = {
    # Law 1: ground and controls stand on the standard library.
    "controls": Room(),
    # Law 2: the run time's only door to cryptography.
    "crypto": Room(outside=("argon2", "cryptography")),
    # Law 3: a guard knows no other guard, no framework, no store, no policy.
    "enforce.ordinary": Room(),
    "enforce.guard": Room(rooms=("enforce.ordinary",)),
    "enforce.entrances": Room(rooms=("enforce.guard",)),
    "enforce.violations": Room(),
    **{
        f"enforce.{layer}": Room(
            rooms=("crypto", "enforce.guard", "enforce.entrances", "enforce.violations", "enforce.ordinary"), itself=False
        )
        for layer in LAYERS
    },
    # Law 4: policy and pipeline alone know all guards; stores, installation and frameworks import downward.
    "stores": Room(rooms=("crypto", "enforce.guard", "keys.rows"), outside=("django", "redis", "sqlalchemy")),
    # Keys: what a row is stands below the stores that keep it; the rest stands above them. Each root knows its own third party.
    "keys.rows": Room(rooms=("crypto",)),
    "keys.columns_sqlalchemy": Room(rooms=("crypto", "keys.sealed_columns"), outside=("sqlalchemy",)),
    "keys.roots.aws": Room(rooms=("crypto",), outside=("boto3", "botocore"), itself=False),
    "keys.roots.pkcs11": Room(rooms=("crypto",), outside=("pkcs11",), itself=False),
    "keys.roots.vault": Room(rooms=("crypto",), outside=("hvac", "requests"), itself=False),
    "keys.settings": Room(rooms=("crypto", "keys", "stores"), outside=("django", "sqlalchemy")),
    "keys": Room(rooms=("crypto", "stores")),
    # The host's collector, at rest for the length of a call.
    "collector": Room(),
    "policy": Room(rooms=("collector", "crypto", *ENFORCE)),
    "telling": Room(rooms=("enforce.guard",)),
    "chains": Room(),
    "steady": Room(rooms=("exchange",)),
    "fusing": Room(rooms=("chains", "steady", "enforce.guard", "enforce.ordinary")),
    "pipeline": Room(rooms=("crypto", *ENFORCE, "policy", "telling", "fusing")),
    "current": Room(),
    "signing_keys": Room(),
    "installation": Room(rooms=(*RUN_TIME, "current", "identify", "named_things", "outbound.watching", "signing_keys")),
    "frameworks.deadline": Room(),
    "frameworks.handlers": Room(),
    "frameworks.layers": Room(),
    "frameworks.reached": Room(rooms=RUN_TIME),
    "frameworks.rewriters": Room(),
    "frameworks.flask_sharing": Room(),
    "frameworks.telltales": Room(),
    "frameworks.asgi_deciding": Room(rooms=(*RUN_TIME, "frameworks.deadline")),
    "frameworks.asgi_sending": Room(rooms=(*RUN_TIME, "frameworks.asgi_deciding", "frameworks.reached")),
    "frameworks.asgi_limits": Room(rooms=(*RUN_TIME, "frameworks.asgi_deciding", "frameworks.asgi_sending")),
    "frameworks.route_tree": Room(rooms=RUN_TIME),
    "frameworks.wsgi_limits": Room(rooms=RUN_TIME),
    "frameworks.wsgi_names": Room(),
    "frameworks.asgi": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "installation",
            "frameworks.asgi_deciding",
            "frameworks.asgi_limits",
            "frameworks.asgi_sending",
            "frameworks.reached",
        )
    ),
    "frameworks.first_route": Room(rooms=(*RUN_TIME, "current", "frameworks.reached")),
    "frameworks.straight_route": Room(rooms=("frameworks.reached",), outside=("starlette",)),
    "frameworks.suite_clients": Room(rooms=("crypto", "enforce.guard")),
    "frameworks.depended": Room(rooms=("policy",)),
    "frameworks.class_views": Room(rooms=("policy",)),
    "frameworks.starlette_classes": Room(rooms=("frameworks.class_views",)),
    "frameworks.starlette_lists": Room(outside=("starlette",)),
    "frameworks.watching": Room(
        rooms=(*RUN_TIME, "frameworks.asgi", "frameworks.asgi_deciding", "frameworks.asgi_sending", "frameworks.reached")
    ),
    "frameworks.templating": Room(rooms=(*RUN_TIME, "current")),
    "frameworks.wsgi_reading": Room(rooms=(*RUN_TIME, "current", "frameworks.wsgi_names")),
    "frameworks.wsgi": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "installation",
            "frameworks.wsgi_limits",
            "frameworks.wsgi_names",
            "frameworks.wsgi_reading",
            "frameworks.deadline",
        )
    ),
    "frameworks.starlette_form": Room(
        rooms=(*RUN_TIME, "frameworks.asgi", "frameworks.asgi_deciding", "frameworks.suite_clients"), outside=("starlette",)
    ),
    "frameworks.starlette": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "frameworks.depended",
            "frameworks.first_route",
            "frameworks.handlers",
            "frameworks.templating",
            "installation",
            "frameworks.asgi",
            "frameworks.asgi_deciding",
            "frameworks.asgi_sending",
            "frameworks.layers",
            "frameworks.reached",
            "frameworks.rewriters",
            "frameworks.watching",
            "frameworks.route_tree",
            "frameworks.straight_route",
            "frameworks.starlette_classes",
            "frameworks.starlette_form",
            "frameworks.starlette_lists",
            "frameworks.telltales",
        ),
        outside=("starlette",),
    ),
    "frameworks.fastapi": Room(
        rooms=(*RUN_TIME, "current", "installation", "frameworks.asgi", "frameworks.depended", "frameworks.starlette"),
        outside=("fastapi", "starlette"),
    ),
    "frameworks.flask_straight": Room(outside=("flask", "werkzeug")),
    "frameworks.flask_deciding": Room(rooms=(*RUN_TIME, "frameworks.suite_clients", "frameworks.wsgi"), outside=("flask", "werkzeug")),
    "frameworks.flask": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "frameworks.templating",
            "installation",
            "frameworks.class_views",
            "frameworks.flask_deciding",
            "frameworks.flask_sharing",
            "frameworks.flask_straight",
            "frameworks.handlers",
            "frameworks.layers",
            "frameworks.rewriters",
            "frameworks.suite_clients",
            "frameworks.telltales",
            "frameworks.wsgi",
            "frameworks.wsgi_limits",
            "frameworks.wsgi_names",
            "frameworks.wsgi_reading",
        ),
        outside=("flask", "werkzeug"),
    ),
    "frameworks.django_ninja": Room(),
    "frameworks.django_routes": Room(rooms=("policy", "frameworks.class_views", "frameworks.django_ninja"), outside=("django",)),
    "frameworks.django_checks": Room(rooms=("own_checks", "frameworks.django_routes"), outside=("django",)),
    "frameworks.django_csrf": Room(rooms=("own_checks", "enforce.guard", "frameworks.django_routes"), outside=("django",)),
    "frameworks.django_listing": Room(
        rooms=(
            *RUN_TIME,
            "installation",
            "frameworks.django_checks",
            "frameworks.django_csrf",
            "frameworks.django_ninja",
            "frameworks.django_routes",
            "frameworks.handlers",
            "frameworks.telltales",
        )
    ),
    "frameworks.django_around": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "frameworks.django_routes",
            "frameworks.django_sharing",
            "frameworks.rewriters",
            "frameworks.telltales",
            "frameworks.templating",
        ),
        outside=("django",),
    ),
    "frameworks.django_sharing": Room(outside=("django",)),
    "frameworks.django_clients": Room(
        rooms=(*RUN_TIME, "installation", "frameworks.asgi", "frameworks.wsgi", "frameworks.wsgi_names"), outside=("django",)
    ),
    "frameworks.django_deciding": Room(
        rooms=(*RUN_TIME, "installation", "frameworks.asgi_deciding", "frameworks.django_csrf", "frameworks.wsgi"),
        outside=("asgiref", "django"),
    ),
    "frameworks.django": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "installation",
            "frameworks.asgi",
            "frameworks.asgi_limits",
            "frameworks.django_around",
            "frameworks.django_clients",
            "frameworks.django_deciding",
            "frameworks.layers",
            "frameworks.django_listing",
            "frameworks.django_routes",
            "frameworks.wsgi",
            "frameworks.wsgi_names",
            "frameworks.wsgi_reading",
            "frameworks.wsgi_limits",
        ),
        outside=("django",),
    ),
    "frameworks.aiohttp_sharing": Room(),
    "frameworks.aiohttp_sending": Room(rooms=RUN_TIME, outside=("aiohttp", "multidict")),
    "frameworks.aiohttp_limits": Room(
        rooms=(*RUN_TIME, "frameworks.aiohttp_sending", "frameworks.asgi_deciding", "frameworks.asgi_limits", "frameworks.asgi_sending"),
        outside=("aiohttp",),
    ),
    "frameworks.aiohttp_deciding": Room(
        rooms=(
            *RUN_TIME,
            "installation",
            "frameworks.aiohttp_limits",
            "frameworks.aiohttp_sending",
            "frameworks.asgi_deciding",
            "frameworks.reached",
            "frameworks.suite_clients",
        ),
        outside=("aiohttp", "multidict"),
    ),
    "frameworks.aiohttp_outer": Room(
        rooms=(
            *RUN_TIME,
            "current",
            "installation",
            "frameworks.aiohttp_deciding",
            "frameworks.aiohttp_limits",
            "frameworks.aiohttp_sending",
            "frameworks.asgi_deciding",
            "frameworks.asgi_limits",
        ),
        outside=("aiohttp",),
    ),
    "frameworks.aiohttp": Room(
        rooms=(
            *RUN_TIME,
            "frameworks.aiohttp_deciding",
            "frameworks.aiohttp_outer",
            "frameworks.class_views",
            "frameworks.aiohttp_sharing",
            "frameworks.handlers",
            "frameworks.layers",
            "frameworks.rewriters",
            "frameworks.telltales",
            "frameworks.templating",
            "installation",
        ),
        outside=("aiohttp",),
    ),
    # What counts as an application's own check, by identity: it looks at objects that are there, and imports nothing of theirs.
    "own_checks": Room(),
    "named_things": Room(),
    # Ready ways to tell who is asking; each library is imported in the function that speaks to it, when the application calls it.
    "own_users": Room(),
    "identify": Room(
        rooms=("policy", "current", "crypto", "enforce.transport", "own_users"),
        outside=("aiohttp_session", "django", "fastapi", "fastapi_users", "flask", "flask_login", "rest_framework"),
    ),
    "testing": Room(rooms=("suite.answers", "prove.timing", "frameworks.suite_clients")),
    "protect": Room(rooms=(*RUN_TIME, "collector", "current", "installation", "frameworks")),
    # Clients that go out: each library in the one file that makes its client.
    "outbound.refused": Room(),
    "outbound.watching": Room(rooms=("enforce.guard", "enforce.transport", "outbound.refused")),
    "outbound.context": Room(rooms=("enforce.transport", "outbound.refused"), outside=("certifi",)),
    "outbound.httpx2": Room(rooms=("outbound.context",), outside=("httpx2",)),
    "outbound.requests": Room(rooms=("outbound.context",), outside=("requests",)),
    "outbound.aiohttp": Room(rooms=("outbound.context",), outside=("aiohttp",)),
    # Sealed fields: what both ORMs share, and the door of each.
    "sealed.json_values": Room(),
    "sealed.keyrings": Room(rooms=("crypto",)),
    "sealed.cells": Room(rooms=("crypto", "sealed.json_values", "sealed.keyrings")),
    "sealed.values": Room(rooms=("sealed.cells", "sealed.json_values")),
    "sealed.revealing": Room(rooms=("current", "enforce.guard", "pipeline", "telling", "sealed.cells")),
    "sealed.django": Room(
        rooms=(
            "crypto",
            "keys.sealed_columns",
            "sealed.cells",
            "sealed.json_values",
            "sealed.keyrings",
            "sealed.revealing",
            "sealed.values",
        ),
        outside=("django", "rest_framework"),
    ),
    "sealed.rotating": Room(rooms=("crypto", "keys.columns_sqlalchemy", "sealed.cells", "sealed.columns"), outside=("sqlalchemy",)),
    "sealed": Room(rooms=("crypto",), outside=("sqlalchemy",)),
    # Certificates of a developer's machine: made by crypto, kept in a folder.
    "certs": Room(rooms=("crypto",)),
    # Servers know no policy: they are handed an application. Of the guards they know those that stand at the socket.
    "servers.renewal": Room(),
    "servers.tls": Room(rooms=("enforce.transport",)),
    "servers.connections": Room(),
    "servers.listening": Room(rooms=("servers.renewal", "servers.tls", "enforce.transport")),
    "servers.choice": Room(rooms=("servers.listening",)),
    "servers.uvicorn": Room(rooms=("servers.listening", "servers.connections"), outside=("h11", "uvicorn")),
    "servers.hypercorn": Room(rooms=("servers.listening", "servers.connections"), outside=("h11", "hypercorn")),
    "servers.aiohttp": Room(rooms=("servers.listening", "servers.connections"), outside=("aiohttp", "multidict")),
    "servers.granian": Room(rooms=("servers.listening", "servers.connections", "servers.renewal"), outside=("granian",)),
    "servers.gunicorn": Room(rooms=("servers.listening",), outside=("gunicorn",)),
    "": Room(rooms=("policy", "enforce", "current", "identify", "installation", "protect"), itself=False),
    # Law 5: facts without judgement. What asks the application for its routes runs in the copy, beside the frameworks.
    "survey.facts": Room(),
    # What reading the source finds, and how it is read: no application is imported for it.
    "survey.flows": Room(),
    "survey.git": Room(),
    "survey.kept_files": Room(),
    "survey.taint": Room(
        rooms=("survey.flows", "survey.copies", "survey.kept_files", "survey.templates"),
        outside=("packaging", "tree_sitter", "tree_sitter_python"),
    ),
    # Where things stand in a file, to the byte; the other tools; edits of source.
    "survey.syntax": Room(outside=("tree_sitter", "tree_sitter_python")),
    "survey.linters": Room(rooms=("survey.flows", "survey.copies", "survey.git", "survey.kept_files", "survey.syntax"), outside=("grimp",)),
    "survey.mutants": Room(rooms=("survey.flows", "survey.copies", "survey.syntax"), outside=("coverage", "tree_sitter")),
    "survey.fixing": Room(rooms=("survey.syntax",), outside=("tree_sitter",)),
    # What no flow shows: structure of code, and files that are no code.
    "survey.looks": Room(rooms=("survey.flows", "survey.taint", "survey.copies", "survey.git", "survey.templates")),
    "survey.starts": Room(),
    "survey.wire": Room(rooms=("survey.facts",), outside=("OpenSSL", "cryptography", "h11", "websockets")),
    "survey.harness.accounts": Room(rooms=("survey",), outside=("argon2", "bcrypt", "werkzeug")),
    "survey.harness.rogues": Room(rooms=("survey", "outbound"), outside=("aiohttp", "certifi", "httpx2", "requests")),
    "survey.harness.loading": Room(rooms=("survey", "sealed.django")),
    "survey.harness.rotating": Room(rooms=("survey", "keys")),
    "survey.harness.sealed_sources": Room(rooms=("survey", "keys", "crypto"), outside=("sqlalchemy",)),
    "survey.harness": Room(
        rooms=("survey", "policy", "frameworks", "installation", "current", "own_checks", "own_users", "servers"),
        outside=(
            "aiohttp",
            "anyio",
            "django",
            "fastapi",
            "flask",
            "h11",
            "jinja2",
            "pydantic",
            "sqlalchemy",
            "starlette",
            "uvicorn",
            "werkzeug",
            "wsproto",
            "websockets",
        ),
    ),
    "survey": Room(
        rooms=("policy", "frameworks", "installation", "current"),
        outside=("fastapi", "flask", "starlette", "sqlalchemy", "werkzeug"),
    ),
    # Law 6: a witness must not borrow from the accused.
    "prove.evidence": Room(rooms=("survey.flows",), itself=False),
    "prove.rows": Room(),
    "prove.check": Room(rooms=("prove.evidence", "prove.rows", *FACTS)),
    "prove.observing": Room(rooms=("prove.check", "prove.evidence", *FACTS)),
    "prove.witness": Room(rooms=(*WORDS, *FACTS)),
    "prove.changes": Room(rooms=(*WORDS, "prove.rows", "prove.witness", *FACTS)),
    "prove.trial": Room(rooms=(*WORDS, "prove.witness", "prove.changes", *FACTS)),
    "prove.pages": Room(rooms=FACTS),
    "prove.composing": Room(rooms=("prove.pages", "prove.witness", *FACTS)),
    "prove.things": Room(rooms=("prove.check", "prove.composing", "prove.witness", *FACTS)),
    "prove.makers": Room(rooms=("prove.composing", "prove.own_fields", "prove.things", *FACTS)),
    "prove.seeding": Room(rooms=("prove.composing", "prove.makers", "prove.things", "prove.witness", *FACTS)),
    "prove.side_effects": Room(rooms=("prove.rows", "prove.things", *FACTS)),
    "prove.safe_asking": Room(
        rooms=(
            *WORDS,
            "prove.composing",
            "prove.makers",
            "prove.pages",
            "prove.rows",
            "prove.seeding",
            "prove.side_effects",
            "prove.staying",
            "prove.things",
            "prove.witness",
            *FACTS,
        )
    ),
    "prove.views": Room(rooms=("prove.check", "prove.things", *FACTS)),
    "prove.staying": Room(rooms=("prove.check", "prove.sessions", "prove.witness", *FACTS)),
    "prove.objects": Room(
        rooms=(*WORDS, "prove.composing", "prove.makers", "prove.staying", "prove.things", "prove.views", "prove.witness", *FACTS)
    ),
    "prove.own_fields": Room(rooms=("prove.rows", *FACTS)),
    "prove.assigning": Room(
        rooms=(
            *WORDS,
            "prove.composing",
            "prove.makers",
            "prove.objects",
            "prove.own_fields",
            "prove.rows",
            "prove.things",
            "prove.witness",
            *FACTS,
        )
    ),
    "prove.whose": Room(rooms=(*WORDS, "prove.composing", "prove.objects", "prove.pages", "prove.things", "prove.witness", *FACTS)),
    "prove.starting": Room(rooms=(*WORDS, *FACTS)),
    "prove.credentials": Room(rooms=("prove.witness", *FACTS)),
    "prove.alterations": Room(rooms=("prove.tokens", *FACTS)),
    "prove.timing": Room(),
    "prove.tokens": Room(),
    "prove.guessing": Room(rooms=("prove.tokens",)),
    "prove.randomness": Room(rooms=(*WORDS, "prove.guessing", "prove.tokens", "prove.witness")),
    "prove.form_tokens": Room(rooms=("prove.witness", *FACTS)),
    "prove.shipped": Room(),
    "prove.unverified": Room(),
    "prove.datastores": Room(),
    "prove.searching": Room(),
    "prove.sensitive": Room(rooms=FACTS),
    "prove.breached_files": Room(),
    "prove.kinds": Room(rooms=("survey.flows",)),
    "prove.breached_source": Room(),
    "prove.asking": Room(rooms=(*WORDS, "prove.witness", *FACTS)),
    "prove.attacking": Room(rooms=("prove.check", "survey.wire")),
    "prove.confirming": Room(rooms=(*WORDS, "prove.asking", "prove.attacking", "prove.witness", *FACTS)),
    "prove.reading": Room(rooms=("controls", *WORDS, "prove.confirming", "prove.kinds", "prove.witness", *FACTS)),
    "prove.handshakes": Room(rooms=(*WORDS, "prove.witness", *FACTS)),
    **{f"prove.{layer}": Room(rooms=("controls", *WORDS, *SHARED, *FACTS), itself=False) for layer in (*LAYERS, *READ_LAYERS)},
    "prove.child": Room(
        rooms=(*RUN_TIME, "controls", "current", "installation", "frameworks", "protect", "servers.tls", "survey", "prove"),
        outside=("fastapi", "flask", "starlette", "uvicorn", "werkzeug"),
    ),
    "prove": Room(rooms=("controls", "survey")),
    # Law 7: the way out.
    "report.checked": Room(rooms=("controls", *WORDS, "prove.checked", "survey.flows", "survey.linters", "report"), itself=False),
    "report.checked_terminal": Room(rooms=("prove.checked", "report", "survey.flows", "survey.linters"), outside=("rich",)),
    "report": Room(rooms=("controls", *WORDS, "survey.flows"), outside=("cryptography", "jinja2", "markupsafe", "rich")),
    "cli": Room(
        rooms=(
            *RUN_TIME,
            "certs",
            "controls",
            "keys",
            "current",
            "installation",
            "frameworks",
            "protect",
            "servers",
            "survey",
            "prove",
            "report",
        ),
        outside=("click", "rich", "typer"),
    ),
    "__main__": Room(rooms=("cli",)),
    # The tests' side: its listing is a process of its own, and its fixtures hold the application in the tests' process.
    # A Django app above protect: its command is a tool, and the rest goes along to production.
    "django.management": Room(rooms=("cli",), outside=("django",)),
    "django": Room(rooms=("collector", "installation", "policy", "protect", "frameworks"), outside=("django",)),
    "suite.answers": Room(),
    "suite.asked": Room(),
    "suite.django_client": Room(outside=("django",)),
    "suite": Room(
        rooms=("controls", "survey", "prove", "report", "policy", "installation", "protect", "testing"),
        outside=("flask", "pytest", "starlette"),
    ),
}

CHILD_ONLY = ("crypto", "enforce", "frameworks", "installation", "pipeline", "protect", "survey.harness")
"""What no part of the prover imports but prove.child; the harness works inside the copy."""


def room_of(name: str) -> str | None:
    """The room of a module by its name below ringwork; None when the table has none."""
    if name in GROUND:
        return name
    parts = name.split(".") if name else []
    for length in range(len(parts), 0, -1):
        candidate = ".".join(parts[:length])
        if candidate in ROOMS:
            return candidate
    return "" if not parts else None


def _below(name: str) -> str:
    return name.removeprefix("ringwork").removeprefix(".")


def _within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def test_every_module_stands_in_a_room_of_the_table() -> None:
    """A new module is placed before it is used."""
    empty_faces = {m.name for m in graph.modules().values() if m.is_face and not m.text.strip()}
    homeless = [m.name for m in graph.modules().values() if room_of(m.stem) is None and m.name not in empty_faces]
    assert not homeless, f"add to ROOMS in tests/house/test_floors.py: {homeless}"


def test_the_ground_floor_imports_only_what_stands_before_it() -> None:
    """Law 1: the shared words lean on the standard library and on earlier words."""
    climbing = [
        str(i)
        for i in graph.imports()
        if _below(i.source) in GROUND
        and (i in set(graph.third_party()) or (i.root == "ringwork" and _below(i.target) not in GROUND[: GROUND.index(_below(i.source))]))
    ]
    assert not climbing, climbing


def test_each_room_imports_only_the_rooms_of_its_row() -> None:
    """Laws 1 to 7: imports run downward, as the table says."""
    broken = []
    for found in graph.inner():
        source, target = _below(found.source), _below(found.target)
        home = room_of(source)
        if source in GROUND or home is None or target in GROUND:
            continue
        row = ROOMS[home]
        allowed = (*row.rooms, home) if row.itself and home else row.rooms
        if not _within(target, allowed):
            broken.append(str(found))
    assert not broken, "\n".join(["against the table of tests/house/test_floors.py:", *broken])


def test_each_third_party_enters_by_its_own_room() -> None:
    """Laws 2 and 4: a library is imported where it is translated, and nowhere else."""
    broken = []
    for found in graph.third_party():
        home = room_of(_below(found.source))
        if home is None or home in GROUND or found.root not in ROOMS[home].outside:
            broken.append(str(found))
    assert not broken, "\n".join(broken)


def test_only_crypto_touches_the_primitives_of_the_run_time() -> None:
    """Law 2: hashlib, hmac and secrets stay behind the recipes; secret.py has its two written exceptions."""
    tools = ("survey", "prove", "report", "cli", "pytest_plugin", "crypto")
    broken = [
        str(i)
        for i in graph.imports()
        if i.root in {"hashlib", "hmac", "secrets"} and not _within(_below(i.source), tools) and _below(i.source) != "secret"
    ]
    assert not broken, broken


def test_secret_uses_one_comparison_and_one_source_of_chance() -> None:
    """Ruling 12: secret.py may use hmac.compare_digest and secrets.token_hex, nothing more."""
    tree = graph.modules()["ringwork.secret"].tree
    used = {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"hmac", "secrets"}
    }
    assert used <= {"hmac.compare_digest", "secrets.token_hex"}, used


def test_forgeries_never_borrow_from_the_run_time() -> None:
    """Ruling 12: what forges tokens and certificates stands on the standard library or on cryptography itself."""
    borrowed = [str(i) for i in graph.inner() if _within(_below(i.source), ("survey.wire",)) and _within(_below(i.target), ("crypto",))]
    assert not borrowed, borrowed


def test_no_proof_reaches_the_accused_at_any_remove() -> None:
    """Law 6 with ruling 13: from a proof no chain of imports leads to a guard, the pipeline, crypto or a framework."""
    edges: dict[str, set[str]] = {}
    for found in graph.inner():
        edges.setdefault(_below(found.source), set()).add(_below(found.target))
    broken = []
    for module in graph.modules().values():
        parts = module.stem.split(".")
        if len(parts) != 3 or parts[0] != "prove":
            continue
        reached, waiting = set(), [module.stem]
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting.extend(edges.get(here, ()))
        broken += [f"{module.name} reaches {name}" for name in sorted(reached) if _within(name, (*CHILD_ONLY, "policy"))]
    assert not broken, broken


def test_no_part_of_the_prover_but_the_child_imports_what_it_judges() -> None:
    """Ruling 8: prove/child.py is the one file in prove that may import pipeline, protect and frameworks."""
    broken = [
        str(i)
        for i in graph.inner()
        if _within(_below(i.source), ("prove",)) and _below(i.source) != "prove.child" and _within(_below(i.target), CHILD_ONLY)
    ]
    assert not broken, broken


def test_only_the_child_of_the_prover_takes_guards_out() -> None:
    """Ruling 8: the run time hands `without` on as it came, and only prove/child.py calls the compile step with it."""
    givers = set()
    for module in graph.modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (_compiles(node) or not _within(module.stem, ("prove",))) and _takes_out(node):
                givers.add(module.stem)
    assert givers == {"prove.child"}, givers


def _compiles(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] in {"recompile", "Pipeline", "Installation"}


def _takes_out(call: ast.Call) -> bool:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "without"]
    handed_on = all(isinstance(value, ast.Name) and value.id == "without" for value in given)
    return ast.unparse(call.func).endswith(".recompile") or (bool(given) and not handed_on)


def test_no_setting_reaches_the_switch_that_takes_guards_out() -> None:
    """Ruling 8: no policy field, environment variable or file is named `without`."""
    named = []
    for module in graph.modules().values():
        if not _within(module.stem, ("policy",)):
            continue
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "without":
                named.append(f"{module.name}:{node.lineno}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower() in {"without", "ringwork_without"}:
                named.append(f"{module.name}:{node.lineno}")
    assert not named, named


def test_the_run_time_leaves_out_the_prover() -> None:
    """Law 7: a production image can leave survey, prove, report and cli out."""
    tools = ("survey", "prove", "report", "cli", "__main__", "suite", "testing", "django.management")
    broken = [str(i) for i in graph.inner() if not _within(_below(i.source), tools) and _within(_below(i.target), tools)]
    assert not broken, broken
