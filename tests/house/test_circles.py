"""Law 8: no circle, no package's own face, no import hidden in a function, and importing does nothing."""

from __future__ import annotations

import ast

from tests.house import graph

_GUARDS = (
    "what guards is read by the call that guards: an import stays light, and a call, unlike an import, may rest the collector meanwhile"
)
_WHERE_USED = "read by the policy or the route that has such a thing, and by no other start"

HIDDEN: dict[tuple[str, str], str] = {
    ("ringwork", "ringwork.identify"): "it knows guards, which are not read before something is guarded",
    ("ringwork.django.apps", "ringwork.django.project"): _GUARDS,
    ("ringwork.django.apps", "ringwork.django.system_checks"): _GUARDS,
    ("ringwork.enforce.data.message_integrity", "ringwork.crypto.links"): _WHERE_USED,
    ("ringwork.enforce.data.message_integrity", "ringwork.crypto.message_signatures"): _WHERE_USED,
    ("ringwork.enforce.data.message_integrity", "ringwork.crypto.webhooks"): _WHERE_USED,
    ("ringwork.enforce.transport.certificate_lifecycle", "ringwork.crypto.certificates"): _WHERE_USED,
    ("ringwork.frameworks.asgi_deciding", "ringwork.frameworks.deadline"): "a store in memory blocks nobody; it brings queue",
    ("ringwork.frameworks.wsgi", "ringwork.frameworks.deadline"): "a store in memory blocks nobody; it brings queue",
    ("ringwork.installation", "ringwork.identify"): _WHERE_USED,
    ("ringwork.policy.policy", "ringwork.policy.guards"): _GUARDS,
    ("ringwork.protect", "ringwork.installation"): _GUARDS,
    ("ringwork.protect", "ringwork.policy.files"): _GUARDS,
    (
        "ringwork.installation",
        "ringwork.outbound.watching",
    ): "it brings ssl, which frameworks and servers load anyway and `import ringwork` does not",
    ("ringwork.suite.opened", "ringwork.suite.django_client"): "it brings Django, which an application of another framework has not",
    ("ringwork.policy.files", "difflib"): "the nearest name is looked for once something was misspelled; a start without faults needs none",
    ("ringwork.policy.files", "tomllib"): "parsing is for folders with a settings file; a policy in code has none",
    ("ringwork.cli.main", "ringwork.cli.group"): "it brings typer, which an installation without the extra has not",
    ("ringwork.keys.settings", "ringwork.stores.django_orm.keys"): "a Django app's models are loaded once Django is set up",
    ("ringwork.keys.settings", "ringwork.stores.sqlalchemy_keys"): "loaded where the settings name a database; it brings SQLAlchemy",
    ("ringwork.prove.checking", "ringwork.survey.looks.history"): "`ringwork check` of an unchanged project loads nothing that reads",
    ("ringwork.prove.checking", "ringwork.survey.reading"): "the same: only a check without its cache comes by here",
    ("ringwork.survey.remembered", "ringwork.survey.reading"): "the same: what reads takes longer to load than what was kept takes to tell",
    ("ringwork.stores.chosen", "ringwork.stores.redis"): "loaded where the policy names a Redis server",
    ("ringwork.stores.chosen", "ringwork.stores.sqlite"): "loaded where the policy names a file; it brings sqlite3",
    ("ringwork.survey.harness.starlette", "ringwork.frameworks.fastapi"): "FastAPI is optional, and loaded only where the target uses it",
}
"""(module, target) of our own or the standard library's imports inside functions, each with its reason."""

LOADS_BY_NAME = {
    "ringwork.cli.keys": "the function that gives the sealed columns of an application is named in its settings",
    "ringwork.cli.main": "a command's module is loaded from a literal table when the command is asked for",
    "ringwork.cli.serve": "the application to be served is a name on the command line; its server stands in a literal table",
    "ringwork.named_things": "`identify` of a settings file is the application's own function, named there",
    "ringwork.protect": "frameworks are loaded from a literal table, after their third party was seen loaded",
    "ringwork.servers.hypercorn": "a worker process imports the application by the name on the command line, as uvicorn does itself",
    "ringwork.survey.harness.loading": "the target is a name on the command line; its harness stands in a literal table",
    "ringwork.survey.harness.neutral": "server starts are taken out of libraries named in a literal table, where those are installed",
    "ringwork.survey.harness.real": "the server that `ringwork serve` would start, from the literal table of servers.choice",
    "ringwork.survey.taint.bindings": "the libraries that models describe are looked up where they are installed, by names in the models",
    "ringwork.survey.harness.warmth": "parts of libraries, named in a literal table, where the application has loaded the library",
    "ringwork.survey.harness.wrapping": "what stands around an application is served by its interface, from a literal table of two",
}
"""Modules that may import something whose name is no literal."""

DEFINITIONS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)


def _own_edges() -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {name: set() for name in graph.modules()}
    for found in graph.inner():
        if found.target in edges:
            edges[found.source].add(found.target)
    return edges


def test_no_chain_of_imports_comes_back_to_its_start() -> None:
    """A circle is a design fault, wherever its imports stand."""
    edges, done, circles = _own_edges(), set(), []

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            circles.append(" -> ".join([*way[way.index(name) :], name]))
        elif name not in done:
            for target in sorted(edges[name]):
                visit(target, (*way, name))
            done.add(name)

    for name in sorted(edges):
        visit(name, ())
    assert not circles, circles


def test_no_file_imports_the_face_of_a_package_it_stands_in() -> None:
    """Inside a package, import the module that defines the thing."""
    faces = {m.name for m in graph.modules().values() if m.is_face}
    broken = [str(i) for i in graph.inner() if i.target in faces and i.source.startswith(f"{i.target}.")]
    assert not broken, broken


def test_functions_hide_no_import_of_our_own_or_of_the_standard_library() -> None:
    """Inside a function stands only what may be missing: an optional third party."""
    outside = set(graph.third_party())
    hidden = [str(i) for i in graph.imports() if i.inside and i not in outside and (i.source, i.target) not in HIDDEN]
    assert not hidden, hidden


def test_written_exceptions_are_still_needed() -> None:
    """An exception that no import uses is taken out of the table."""
    used = {(i.source, i.target) for i in graph.imports() if i.inside}
    assert set(HIDDEN) <= used, set(HIDDEN) - used
    assert all(HIDDEN.values())


def test_only_written_modules_load_something_by_a_computed_name() -> None:
    """A name that comes from elsewhere loads code; those who do so are listed with a reason."""
    loaders = set()
    for module in graph.modules().values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in graph.IMPORTERS and not isinstance(node.args[0], ast.Constant):
                loaders.add(module.name)
    assert loaders == set(LOADS_BY_NAME), loaders ^ set(LOADS_BY_NAME)


def test_no_module_runs_anything_when_it_is_imported() -> None:
    """At module level stand definitions; loops, blocks and bare calls belong into functions."""
    acting = []
    for module in graph.modules().values():
        for node in module.tree.body:
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            guarded = isinstance(node, ast.If) and ast.unparse(node.test) in {
                "TYPE_CHECKING",
                "typing.TYPE_CHECKING",
                "__name__ == '__main__'",
            }
            versioned = isinstance(node, ast.If) and ast.unparse(node.test).startswith(("sys.version_info", "sys.platform"))
            defines = isinstance(node, DEFINITIONS)
            if not (text or guarded or versioned or defines):
                acting.append(f"{module.name}:{node.lineno} {ast.unparse(node)[:60]}")
    assert not acting, acting
