"""Where a word stands in a page, and what broke out of there: as a browser reads it."""

from __future__ import annotations

import html as escaping
import json

import pytest

from ringwork.prove import markup
from ringwork.prove.markup import Spot

WORD = "rw00112233aabbccdd"
PLACES = [
    ("<p>{}</p>", Spot("text")),
    ('<li title="{}">x</li>', Spot("attribute", "title", '"')),
    ("<li data-a='{}'>x</li>", Spot("attribute", "data-a", "'")),
    ("<li data-a={}>x</li>", Spot("attribute", "data-a")),
    ('<a href="{}">x</a>', Spot("address", "href")),
    ("<a onclick=\"go('{}')\">x</a>", Spot("handler", "onclick", "'")),
    ('<script>let a = "{}";</script>', Spot("script", "", '"')),
    ("<script>let r = /'/; f('{}');</script>", Spot("script", "", "'")),
    ("<script>/* it's */ f(`{}`);</script>", Spot("script", "", "`")),
    ('<script type="application/json">["{}"]</script>', Spot("data")),
    ("<!-- {} -->", Spot("comment")),
    ("<title>{}</title>", Spot("raw", "title")),
    ("<textarea>{}</textarea>", Spot("raw", "textarea")),
    ("<style>/* {} */</style>", Spot("raw", "style")),
]


@pytest.mark.parametrize(("page", "spot"), PLACES)
def test_a_place_is_known_and_what_breaks_out_of_it_is_seen(page: str, spot: Spot) -> None:
    """Each kind of place is named, and every way out of it comes into being where nothing is encoded."""
    assert spot in markup.spots(page.format(WORD), WORD)
    for value in spot.breaking(WORD):
        assert markup.made(page.format(value), WORD, spot), value


@pytest.mark.parametrize(
    ("page", "spot"),
    [one for one in PLACES if one[1].kind in {"text", "attribute", "raw", "comment"} and one[1].quote != ""] + PLACES[:1] + PLACES[11:13],
)
def test_what_is_encoded_is_left_alone(page: str, spot: Spot) -> None:
    """The same letters as text: nothing came into being."""
    for value in spot.breaking(WORD):
        assert not markup.made(page.format(escaping.escape(value)), WORD, spot), value


@pytest.mark.parametrize("quote", ['"'])
def test_a_string_that_is_encoded_for_its_script_is_left_alone(quote: str) -> None:
    """json.dumps with the tag's sign written as a number, as templates do."""
    spot = Spot("script", "", quote)
    for value in [*spot.breaking(WORD), *Spot("script", "", "'").breaking(WORD)]:
        written = json.dumps(value).replace("<", "\\u003c")
        assert not markup.made(f"<script>let other = /[/'\"]/.test(a) ? 1 : b / c; let a = {written};</script>", WORD, spot), value


@pytest.mark.parametrize(
    "page",
    [
        "<textarea>{}</textarea>",
        "<title>{}</title>",
        "<noscript>{}</noscript>",
        "<template>{}</template>",
        "<script type='text/plain'>{}</script>",
        "<iframe>{}</iframe>",
    ],
)
def test_an_element_that_is_text_there_is_none(page: str) -> None:
    """Against an accusation by letters: where a browser reads text, an element's letters are no element."""
    value = Spot("text").breaking(WORD)[0]
    assert not markup.made(page.format(value), WORD, Spot("text"))


def test_code_that_was_meant_is_no_place() -> None:
    """A name that a page's own script uses stands in no string, and nothing can be said of it."""
    assert markup.spots(f"<script>{WORD}.start();</script>", WORD) == []


def test_an_address_that_only_holds_the_word_is_no_way_to_a_script() -> None:
    """`/users/ada` begins as the page wants; only a whole address can be another scheme."""
    assert markup.spots(f'<a href="/users/{WORD}">x</a>', WORD) == [Spot("attribute", "href", '"')]
