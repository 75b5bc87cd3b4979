"""Templates and scripts: what is shown unescaped, by which names code finds it, and what listens or keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.looks import templates
from ringwork.survey.looks.texts import Text, texts


def _written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def _shown(root):
    return {name: {path for page in each for path in page.shown} for name, each in templates.pages(texts(root)).items()}


def test_what_is_shown_as_it_is_is_named_by_template(tmp_path):
    """Code gives the template this name and the variable these fields."""
    root = _written(tmp_path, {"shop/templates/notes/one.html": "<p>{{ note.text|safe }} {{ title }}</p>"})
    assert _shown(root) == {"notes/one.html": {"note.text"}}


@pytest.mark.parametrize(
    "text",
    [
        "{% for note in notes %}{% set t = note.text %}{{ t | safe }}{% endfor %}",
        "{% macro field(text, label='') %}{{ text|safe }}{{ label|safe }}{% endmacro %}",
    ],
)
def test_a_name_of_the_template_itself_is_no_variable_of_its_context(tmp_path, text):
    """Which text a loop, an assignment or a macro shows is not the view's to say."""
    root = _written(tmp_path, {"templates/a.html": text})
    assert _shown(root) == {}
    assert [flow.strength.value for flow in templates.look(Text(root, "templates/a.html")) if flow.kind == "html"] != []


def test_what_an_included_or_extended_template_shows_counts_for_who_includes_it(tmp_path):
    """A context is handed on."""
    files = {
        "templates/page.html": '{% extends "frame.html" %}{% include "part.html" %}',
        "templates/frame.html": "{{ banner|safe }}",
        "templates/part.html": "{% autoescape off %}{{ text }}{% endautoescape %}{{ name }}",
    }
    assert _shown(_written(tmp_path, files))["page.html"] == {"banner", "text"}


@pytest.mark.parametrize(
    "text",
    [
        "{{ text }}",
        "{{ data|tojson|safe }}",
        "{{ '<br>'|safe }}",
        "{# {{ text|safe }} #}",
        "{% autoescape on %}{{ text }}{% endautoescape %}",
        "{{ form.name|safe }}",
    ],
)
def test_what_is_escaped_or_made_by_the_framework_is_not_named(tmp_path, text):
    """JSON is escaped for a page, and a constant is nobody's."""
    assert not templates.pages(texts(_written(tmp_path, {"templates/a.html": text})))


def test_each_unescaped_expression_is_told_at_its_line(looked):
    """A reviewer goes through them one by one."""
    found = looked({"templates/a.html": "<p>\n{{ text|safe }}\n</p>\n"}, "html")
    assert [(flow.place.file, flow.place.line, flow.strength.value) for flow in found] == [("templates/a.html", 2, "weak")]


@pytest.mark.parametrize(
    ("kind", "bad", "safe"),
    [
        ("inline-script", "<button onclick='go()'>x</button>", "<button id='go'>x</button>"),
        ("inline-script", "<script>go()</script>", "<script nonce='{{ csp_nonce }}'>go()</script>"),
        ("inline-script", "<a href='javascript:go()'>x</a>", "<a href='/go'>x</a>"),
        (
            "inline-script",
            "<script src='https://cdn.example/a.js'></script>",
            "<script src='https://cdn.example/a.js' integrity='sha384-x'></script><script src='/a.js'></script>",
        ),
        (
            "new-window",
            "<a href='https://other.example/' target='_blank'>x</a>",
            "<a href='https://other.example/' target='_blank' rel='noopener'>x</a><a href='/here' target='_blank'>y</a>",
        ),
    ],
)
def test_tells_what_a_policy_cannot_allow_in_pages(looked, kind, bad, safe):
    """Handlers, script without a nonce, script of other hosts without a digest, windows that reach back."""
    assert [flow.place.line for flow in looked({"templates/a.html": f"\n{bad}\n"}, kind)] == [2]
    assert not looked({"templates/a.html": f"{safe}\n"}, kind)


@pytest.mark.parametrize("forgotten", ["<script>go()</script>", "<b onclick='go()'>x</b>", "<a href='javascript:go()'>x</a>"])
def test_a_script_is_strong_where_others_of_the_page_have_their_nonce(looked, forgotten):
    """The page is meant for a policy that allows nothing else; without any nonce nobody knows what it is meant for."""
    nonce = "<script nonce='{{ csp_nonce }}' src='/a.js'></script>"
    assert [flow.strength.value for flow in looked({"templates/a.html": f"{nonce}\n{forgotten}\n"}, "inline-script")] == ["strong"]
    assert [flow.strength.value for flow in looked({"templates/a.html": f"{forgotten}\n"}, "inline-script")] == ["weak"]
    assert not looked({"templates/a.html": f"{nonce}\n"}, "inline-script")


def test_a_link_that_hands_its_page_over_is_strong(looked):
    """rel=opener asks every browser for what only old ones did by themselves."""
    link = "<a href='https://other.example/' target='_blank' rel='{}'>x</a>\n"
    assert [flow.strength.value for flow in looked({"templates/a.html": link.format("opener")}, "new-window")] == ["strong"]
    assert not looked({"templates/a.html": link.format("noopener")}, "new-window")


@pytest.mark.parametrize(
    ("kind", "strength", "bad", "safe"),
    [
        (
            "message-listener",
            "strong",
            "window.addEventListener('message', (e) => { box.innerHTML = e.data; });",
            "window.addEventListener('message', (e) => { if (e.origin !== HOME) return; box.textContent = e.data; });",
        ),
        ("message-listener", "weak", "parent.postMessage({done: true}, '*');", "parent.postMessage({done: true}, HOME);"),
        ("message-listener", "weak", "window.onmessage = (e) => show(e);", "worker.onmessage = (e) => show(e); socket.onmessage = show;"),
        ("browser-storage", "strong", "localStorage.setItem('refresh_token', t);", "localStorage.setItem('theme', t);"),
        ("browser-storage", "weak", "sessionStorage['access_token'] = t;", "sessionStorage['csrf_token'] = t;"),
        ("html", "weak", "box.innerHTML = name;", "box.innerHTML = '<br>'; box.textContent = name;"),
    ],
)
def test_tells_what_scripts_trust_and_keep(looked, kind, strength, bad, safe):
    """Messages of any window, secrets in storage, markup from a value."""
    assert [flow.strength.value for flow in looked({"static/app.js": bad + "\n"}, kind)] == [strength]
    assert not looked({"static/app.js": safe + "\n"}, kind)


def test_bundles_are_left_alone(looked):
    """What a tool wrote is somebody else's source."""
    bad = "localStorage.setItem('refresh_token', t);\n"
    assert not looked({"static/vendor/lib.js": bad, "static/app.min.js": bad, "static/one.js": bad + "x" * 3_000}, "browser-storage")


@pytest.mark.parametrize("text", ["{{" * 200_000, "{#" * 200_000, "{% a " * 100_000], ids=["shown", "comment", "tag"])
def test_what_is_opened_and_never_closed_is_read_without_delay(tmp_path, text):
    """Against a template that was made to keep a reader busy: no text is read again from each of its openings."""
    root = _written(tmp_path, {"templates/a.html": text + "{{ note|safe }}"})
    assert _shown(root) == {"a.html": {"note"}}


def test_bytes_that_were_read_are_named_by_themselves(tmp_path):
    """Against a file that is written between two looks: what is told of the later bytes is not kept under the name of the earlier ones."""
    (tmp_path / "a.html").write_text("{{ note|safe }}")
    known, alone = Text(tmp_path, "a.html", "digest of earlier bytes"), Text(tmp_path, "a.html")
    assert known.digest() == "digest of earlier bytes"
    assert known.of() == "{{ note|safe }}"
    assert known.digest() == alone.digest() != "digest of earlier bytes"
