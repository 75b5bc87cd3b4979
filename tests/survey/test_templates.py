"""Forms and inline scripts of templates are found where they stand, whatever stands in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwork.survey.templates import Spot, SpotKind, spots


def found(tmp_path: Path, text: str, name: str = "page.html") -> list[tuple[SpotKind, int, str]]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return [(spot.kind, spot.line, spot.action) for spot in spots(tmp_path)]


def test_finds_a_posting_form_without_a_token(tmp_path: Path) -> None:
    """The line of its tag, and its action as written, Jinja or not."""
    text = "<h1>\n</h1>\n<form method='POST' action='{{ url_for(\"add\") }}'>\n<input name=a>\n</form>"
    assert found(tmp_path, text) == [(SpotKind.FORM, 3, '{{ url_for("add") }}')]


@pytest.mark.parametrize(
    "inside",
    [
        "{{ csrf_field('/x') }}",
        '<input type=hidden name=csrf_token value="{{ token }}">',
        '<input type=hidden name=csrf_token value="{{ current().csrf_token("/x") }}">',
        "{% csrf_token %}",
    ],
)
def test_leaves_a_form_with_a_token_alone(tmp_path: Path, inside: str) -> None:
    """What is there already is not proposed again."""
    assert found(tmp_path, f"<form method=post action=/x>{inside}</form>") == []


@pytest.mark.parametrize(
    "inside", ['<input type="hidden" name="csrf_token" value="{{ csrf_token() }}"/>', "{{ form.csrf_token }}", "{{ form.hidden_tag() }}"]
)
def test_a_token_of_flask_wtf_is_none_of_ours(tmp_path: Path, inside: str) -> None:
    """Against a form that looks ready and is refused once the guard enforces: its token serves all forms of a session."""
    assert found(tmp_path, f"<form method=post action=/x>{inside}</form>") == [(SpotKind.FORM, 1, "/x")]


def test_leaves_a_form_that_only_reads_alone(tmp_path: Path) -> None:
    """A search by GET changes nothing."""
    assert found(tmp_path, "<form action=/find><input name=q></form><form method=get></form>") == []


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ("""action="{{ url_for("write") }}" class="a\"""", '{{ url_for("write") }}'),
        ("""action='{{ url_for('write', n='x') }}'""", "{{ url_for('write', n='x') }}"),
        ("""data-action="/no" action="/notes/{% if "a" %}a{% endif %}\"""", '/notes/{% if "a" %}a{% endif %}'),
        ("action=/notes", "/notes"),
    ],
)
def test_quotes_inside_an_expression_end_no_action(tmp_path: Path, written: str, action: str) -> None:
    """Against a field that names half an expression, and a form that is refused ever after."""
    tag = f'<form method="post" {written}>'
    (tmp_path / "a.html").write_text(f'{tag}<input name="a"></form>', encoding="utf-8")
    assert [(spot.action, spot.text) for spot in spots(tmp_path)] == [(action, tag)]


def test_finds_inline_scripts_and_handlers(tmp_path: Path) -> None:
    """Scripts with a source, a nonce or mere data need nothing."""
    data = "<script type=application/json>1</script>"
    text = f"<script>go()</script>\n<script src=a.js></script>\n<script nonce=x>a</script>\n{data}\n<a onclick=x>"
    assert found(tmp_path, text) == [(SpotKind.SCRIPT, 1, ""), (SpotKind.HANDLER, 5, "")]


def test_finds_styles_that_stand_in_the_page(tmp_path: Path) -> None:
    """A sheet with a nonce, a file of styles and an empty attribute need nothing."""
    text = "<style>a{}</style>\n<p style='color:red'>\n<style nonce=x>a{}</style>\n<link rel=stylesheet href=a.css>\n<p style=''>"
    assert found(tmp_path, text) == [(SpotKind.STYLE, 1, ""), (SpotKind.STYLED, 2, "")]


def test_reads_two_forms_apart(tmp_path: Path) -> None:
    """The token of the second is not the first's."""
    text = "<form method=post action=/a>\n</form>\n<form method=post action=/b>{{ csrf_field('/b') }}</form>"
    assert found(tmp_path, text) == [(SpotKind.FORM, 1, "/a")]


def test_looks_into_no_folder_of_others(tmp_path: Path) -> None:
    """Packages and hidden folders are not the project's templates."""
    for folder in ("node_modules", ".venv"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.html").write_text("<script>a</script>", encoding="utf-8")
    assert spots(tmp_path) == []


def test_tells_the_file_relative_to_the_project(tmp_path: Path) -> None:
    """As the developer names it."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "a.j2").write_text("<script>a</script>", encoding="utf-8")
    assert spots(tmp_path) == [Spot(kind=SpotKind.SCRIPT, file="templates/a.j2", line=1, text="<script>")]
