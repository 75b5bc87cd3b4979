from __future__ import annotations

import pytest

from ringwork.survey import waivers
from ringwork.survey.facts import RouteFacts

WORDS = "ignore[browser.csrf] reason=x owner=y until=2031-01-31"
MARK = f"# ringwork: {WORDS}"


def _read(tmp_path, text, name="shop.py"):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)
    return waivers.comments(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        f"{MARK}\n@app.post('/a')\ndef a():\n    pass\n",
        f"@app.post('/a')\n{MARK}\ndef a():\n    pass\n",
        f"@app.post('/a')  {MARK}\ndef a():\n    pass\n",
        f"@app.post('/a')\ndef a():  {MARK}\n    pass\n",
        f"@app.post('/a')\nasync def a(\n    x: int,  {MARK}\n):\n    pass\n",
        f"# why this is so\n{MARK}\n# and more\n@app.post('/a')\ndef a():\n    pass\n",
        f"def make():\n    {MARK}\n    @app.post('/a')\n    def a():\n        pass\n",
    ],
)
def test_finds_a_comment_on_or_right_above_a_handler(tmp_path, text):
    """Wherever a person would put it, it stands on the same handler."""
    (found,) = _read(tmp_path, text)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "@app.post" in row)
    route = RouteFacts(kind="http", path="/a", methods=("POST",), handler="shop.a", file="shop.py", line=line)
    assert (found.file, found.words) == ("shop.py", WORDS)
    assert found.routes([route]) == ["POST /a"]


@pytest.mark.parametrize(
    "text",
    [
        f"{MARK}\n\n@app.post('/a')\ndef a():\n    pass\n",
        f"@app.post('/a')\ndef a():\n    {MARK}\n    pass\n",
        f"x = 1  {MARK}\n@app.post('/a')\ndef a():\n    pass\n",
        f"def make():  {MARK}\n    @app.post('/a')\n    def a():\n        pass\n",
    ],
)
def test_a_comment_elsewhere_stands_on_no_handler_of_the_route(tmp_path, text):
    """One that has drifted away, or stands on another function, covers nothing, and is handed on all the same."""
    (found,) = _read(tmp_path, text)
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "@app.post" in row)
    route = RouteFacts(kind="http", path="/a", methods=("POST",), handler="shop.a", file="shop.py", line=line)
    assert found.routes([route]) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"x = md5(y)  {MARK}\n", (1, 1)),
        (f"{MARK}\nx = md5(\n    y,\n)\n", (2, 4)),
        (f"def a():\n    {MARK}\n    # because of its users\n    return md5()\n", (4, 4)),
        (f"{MARK}\n@route('/a')\ndef a():\n    x = 1\n    return md5()\n", (2, 5)),
        (f"if is_old(x):  {MARK}\n    x = md5()\n", (1, 1)),
        (f"match x:  {MARK}\n    case 1:\n        x = md5()\n", (1, 1)),
        (f"x = 1\n{MARK}\n", (0, 0)),
    ],
)
def test_tells_the_lines_that_a_comment_means(tmp_path, text, lines):
    """A statement, or the whole of a function, and nothing that merely stands below."""
    (found,) = _read(tmp_path, text)
    assert (found.begins, found.ends) == lines


def test_a_comment_on_a_class_covers_its_methods(tmp_path):
    """A view that is a class answers for all of its methods."""
    (found,) = _read(tmp_path, f"{MARK}\nclass View:\n    def get(self):\n        pass\n\n    def post(self):\n        pass\n")
    route = RouteFacts(kind="http", path="/a", methods=("POST",), handler="shop.View.post", file="shop.py", line=6)
    assert found.routes([route]) == ["POST /a"]


def test_a_route_of_another_file_is_not_covered(tmp_path):
    """The same line of another module is another handler."""
    (found,) = _read(tmp_path, f"{MARK}\ndef a():\n    pass\n", name="app/shop.py")
    assert found.file == "app/shop.py"
    assert found.routes([RouteFacts(kind="http", path="/a", methods=("GET",), handler="b.a", file="other.py", line=2)]) == []


@pytest.mark.parametrize(
    "text",
    [
        f"words = '''\n{MARK}\n'''\n",
        "# ringwork: ignores nothing here\n",
        "# ringwork: guards this\n",
        f"{MARK}\ndef broken(:\n",
    ],
)
def test_text_that_is_no_such_comment_is_passed_over(tmp_path, text):
    """A string, prose, and a file that Python cannot read hold no waiver."""
    assert _read(tmp_path, text) == ()


def test_environments_are_not_read(tmp_path):
    """A library's own comments waive nothing."""
    assert _read(tmp_path, f"{MARK}\ndef a():\n    pass\n", name=".venv/lib/x.py") == ()


def test_a_comment_in_a_body_moves_to_no_handler_below_by_a_line_end_that_is_none(tmp_path):
    """U+2028 ends a line of text and none of Python's: counted as one, it moved the comment down to the handler behind."""
    text = f"def a():\n    '''\u2028\u2028\u2028\n# a\n# b\n# c\n    '''\n    {MARK}\n    return 1\ndef b():\n    return 2\n"
    (found,) = _read(tmp_path, text)
    assert (found.first, found.last) == (0, 0)
