"""Reading ends, and finds what is there, whatever calls what how often; each of these once took for ever, or lost what it had found."""

from __future__ import annotations

import pytest

from ringwork.survey import reading

_HEAD = "import os\nfrom flask import Flask, request\n\napp = Flask(__name__)\n"


def _calls_next_twice(count: int) -> str:
    chain = "".join(f'def f{i}(v):\n    return f{i + 1}(v) + f{i + 1}("{i}" + v)\n' for i in range(count))
    return f'{chain}def f{count}(v):\n    os.system(v)\n    return v\n@app.route("/a")\ndef a():\n    return f0(request.args["v"])\n'


def _holds_itself_twice(count: int) -> str:
    lines = '    d = {"a": d, "b": d, "c": [d, d]}\n' * count
    return f'@app.route("/a")\ndef a():\n    d = {{"a": request.args["v"]}}\n{lines}    os.system(str(d))\n'


def _hands_on_twice(count: int) -> str:
    chain = "".join(
        f'def f{i}(v):\n    return f{i + 1}({{"a": v, "b": [v, {i}]}}) or f{i + 1}({{"c": v, "d": (v, "{i}")}})\n' for i in range(count)
    )
    return f'{chain}def f{count}(v):\n    os.system(v)\n    return v\n@app.route("/a")\ndef a():\n    return f0(request.args["v"])\n'


@pytest.mark.parametrize("text", [_calls_next_twice(20), _holds_itself_twice(30), _hands_on_twice(16)], ids=["calls", "holds", "hands"])
def test_what_doubles_with_each_line_is_read(tmp_path, text):
    """Against a file of a hundred lines that no check ever comes back from."""
    (tmp_path / "app.py").write_text(_HEAD + text)
    assert "command" in {flow.kind for flow in reading.read(tmp_path).flows}


def test_functions_that_call_each_other_are_each_followed(tmp_path):
    """However many they are: what no round saw to return is read as if it did."""
    made = ""
    for i in range(12):
        calls = "".join(f"    x = x + f{j}(v)\n" for j in range(12) if j != i)
        made += f"def f{i}(v):\n    if len(v) > 9:\n        return v\n    x = v\n{calls}    os.system(x)\n    return x\n"
    (tmp_path / "app.py").write_text(f'{_HEAD}{made}@app.route("/a")\ndef a():\n    return f0(request.args["v"])\n')
    found = {flow.place.line for flow in reading.read(tmp_path).flows if flow.kind == "command"}
    assert len(found) == 12
