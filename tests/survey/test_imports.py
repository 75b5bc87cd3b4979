from __future__ import annotations

import pytest

from ringwork.survey import imports

FILES = {
    "shop/__init__.py": "",
    "shop/app.py": "from shop import (\n    views,\n    other,\n)\n",
    "shop/views.py": "from .helpers.text import clean\nimport os\n",
    "shop/helpers/__init__.py": "",
    "shop/helpers/text.py": "def clean(x): return x\n",
    "shop/other.py": "import shop.lonely as l\n",
    "shop/lonely.py": "",
    "scripts/make.py": "import json\n",
}


@pytest.fixture
def shop(tmp_path):
    """A project of two folders."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_takes_what_a_file_imports_and_who_imports_it(shop):
    """A value comes in by one, passes through the file, and is used by another; a script beside them is no part of that."""
    found = imports.around(shop, ["shop/views.py"])
    assert {"shop/views.py", "shop/helpers/text.py", "shop/app.py"} <= found
    assert "scripts/make.py" not in found


def test_keeps_a_file_that_nobody_imports_alone(shop):
    """What concerns one script is that script."""
    assert imports.around(shop, ["scripts/make.py"]) == {"scripts/make.py"}


def test_ends_where_imports_go_in_a_circle(shop):
    """Two modules that import each other are both taken, once."""
    (shop / "shop" / "lonely.py").write_text("import shop.other\n")
    assert {"shop/other.py", "shop/lonely.py"} <= imports.around(shop, ["shop/lonely.py"])
