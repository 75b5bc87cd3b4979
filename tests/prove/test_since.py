from __future__ import annotations

import pytest

from ringwork.prove import since
from ringwork.survey import sources
from ringwork.survey.facts import RouteFacts

MAIN = """from shop import security, orders, pages

@app.get('/health')
def health():
    return 1

app.add_middleware(security.X)
"""
ORDERS = """from shop.store import find

@router.get('/orders')
def listed():
    return find()

@router.post('/orders')
def made():
    return 1

TAX = 2
"""
TREE = {
    "shop/__init__.py": "",
    "shop/main.py": MAIN,
    "shop/security.py": "LIMIT = 1\n",
    "shop/orders.py": ORDERS,
    "shop/store.py": "def find():\n    return 1\n",
    "shop/pages.py": "@router.get('/')\ndef home():\n    return render('home.html')\n",
    "shop/templates/home.html": "{% extends 'layout.html' %}",
    "shop/templates/layout.html": "",
    "shop/templates/orphan.html": "",
    "shop/plugin.py": "",
    "shop/static/a.css": "",
    "pyproject.toml": "",
    "tests/test_shop.py": "import shop.main\n",
}
ROUTES = (
    RouteFacts(kind="http", path="/health", methods=("GET",), handler="shop.main.health", file="shop/main.py", line=3),
    RouteFacts(kind="http", path="/orders", methods=("GET",), handler="shop.orders.listed", file="shop/orders.py", line=3),
    RouteFacts(kind="http", path="/orders", methods=("POST",), handler="shop.orders.made", file="shop/orders.py", line=7),
    RouteFacts(kind="http", path="/", methods=("GET",), handler="shop.pages.home", file="shop/pages.py", line=1),
    RouteFacts(kind="static", path="/static", methods=("GET",), handler="StaticFiles", file="/lib/static.py", line=9),
)
HEALTH, LIST, MAKE, HOME, STATIC = (route.name for route in ROUTES)
ALL = {route.name for route in ROUTES}


@pytest.fixture
def asked(tmp_path):
    """The routes that a change leaves to be asked."""
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    read = sources.read(tmp_path, (".",))

    def _asked(changes):
        found, _ = since.left_out(ROUTES, changes, read, application="shop/main.py", revision="main")
        assert set(found.values()) <= {"unchanged since main"}
        return ALL - set(found)

    return _asked


@pytest.mark.parametrize(
    ("file", "lines", "routes"),
    [
        ("shop/orders.py", {5}, {LIST}),
        ("shop/orders.py", {9}, {MAKE}),
        ("shop/orders.py", {4, 8}, {LIST, MAKE}),
        ("shop/orders.py", {11}, {LIST, MAKE, HEALTH}),
        ("shop/orders.py", set(), set()),
        ("shop/orders.py", None, {LIST, MAKE, HEALTH}),
        ("shop/main.py", {5}, {HEALTH}),
        ("shop/main.py", {7}, ALL),
        ("shop/security.py", {1}, ALL),
        ("shop/store.py", {1}, {LIST, MAKE, HEALTH}),
        ("shop/pages.py", {3}, {HOME}),
        ("shop/templates/home.html", None, {HOME, HEALTH}),
        ("shop/templates/layout.html", None, {HOME, HEALTH}),
        ("shop/templates/orphan.html", None, ALL),
        ("shop/plugin.py", {1}, ALL),
        ("shop/gone.py", None, ALL),
        ("pyproject.toml", None, ALL),
        ("requirements.txt", None, ALL),
        ("shop/static/a.css", None, {STATIC}),
        ("README.md", None, set()),
        ("tests/test_shop.py", {1}, set()),
        (".github/workflows/ci.yml", None, set()),
        ("ringwork-baseline.json", None, set()),
    ],
)
def test_asks_the_routes_that_a_change_may_concern(asked, file, lines, routes):
    """A handler's own lines concern its route; helpers and templates those whose modules use them, all else every route."""
    assert asked({file: None if lines is None else frozenset(lines)}) == routes


def test_several_changes_add_up(asked):
    """Each brings its own routes."""
    assert asked({"shop/orders.py": frozenset({5}), "shop/pages.py": frozenset({2})}) == {LIST, HOME}


def test_nothing_changed_leaves_everything_out(asked):
    """Then there is nothing to ask, and nothing to prove."""
    assert asked({}) == set()
