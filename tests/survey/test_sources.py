from __future__ import annotations

import pytest

from ringwork.survey import sources

TREE = {
    "shop/__init__.py": "",
    "shop/main.py": "import shop.orders\nfrom shop import pages, deps\n",
    "shop/orders.py": "from .deps import user\nimport json\n",
    "shop/pages.py": "from . import deps\n\ndef home():\n    return render('home.html')\n",
    "shop/deps.py": "",
    "shop/broken.py": "def (:\n",
    "shop/templates/layout.html": "{% include 'parts/foot.html' %}",
    "shop/templates/home.html": '{%- extends "layout.html" %}',
    "shop/templates/parts/foot.html": "",
}


@pytest.fixture
def read(tmp_path):
    """The small shop, read."""
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return sources.read(tmp_path, (".",))


@pytest.mark.parametrize(
    ("file", "imports"),
    [
        ("shop/main.py", {"shop/__init__.py", "shop/orders.py", "shop/pages.py", "shop/deps.py"}),
        ("shop/orders.py", {"shop/deps.py"}),
        ("shop/pages.py", {"shop/deps.py", "shop/__init__.py"}),
    ],
)
def test_sees_what_a_module_imports(read, file, imports):
    """Whole names, names out of packages, and relative ones; libraries are none of the project's files."""
    assert read.modules[file].imports | {"shop/__init__.py"} == imports | {"shop/__init__.py"}


def test_follows_imports_at_any_remove(read):
    """A helper's helper is part of what a module is made of, and what is closed is not looked into."""
    assert "shop/deps.py" in read.below("shop/orders.py")
    assert read.below("shop/pages.py", closed={"shop/deps.py"}) >= {"shop/deps.py", "shop/pages.py"}


def test_sees_which_templates_a_template_is_put_into(read):
    """A changed footer changes every page that has it."""
    whole = read.with_parents("shop/templates/parts/foot.html")
    assert whole == {"shop/templates/parts/foot.html", "shop/templates/layout.html", "shop/templates/home.html"}
    assert read.modules["shop/pages.py"].words == {"home.html"}


@pytest.mark.parametrize(("name", "means"), [("home.html", True), ("parts/home.html", False), ("ome.html", False)])
def test_a_name_means_a_file_from_a_folder_on(name, means):
    """The end of a name is compared by whole parts."""
    assert sources.is_named("shop/templates/home.html", name) is means


@pytest.mark.parametrize(("line", "span"), [(1, (1, 6)), (3, (3, 5)), (4, (3, 5)), (6, (1, 6)), (7, None)])
def test_knows_where_a_handler_begins_and_ends(tmp_path, line, span):
    """The innermost definition counts, and its decorators belong to it."""
    (tmp_path / "a.py").write_text("def make():\n    x = 1\n    @app.get('/')\n    def a():\n        pass\n    return a\nx = 2\n")
    assert sources.read(tmp_path, (".",)).modules["a.py"].span(line) == span


def test_a_file_that_python_cannot_read_hangs_together_with_nothing(read):
    """It is listed, so that a change of it is seen."""
    assert read.modules["shop/broken.py"].imports == frozenset()
