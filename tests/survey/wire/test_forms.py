from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwork.survey.wire import forms

PAGE = """
<form action="/book?x=1" method="post">
  <input type="hidden" name="csrf_token" value="t1">
  <input name="day" value="2031-05-14"><input type="submit" name="go" value="Go">
  <select name="with"><option value="1">A<option value="2" selected>B</select>
  <select name="first"><option value="8">A<option value="9">B</select>
  <textarea name="why">sore throat</textarea>
  <input type="radio" name="kind" value="a"><input type="radio" name="kind" value="b" checked>
</form>
<form><input type="email" name="mail"><input type="password" name="word"></form>
<input name="outside" value="1">
"""


def test_reads_every_field_as_a_browser_sends_it():
    """Values, choices and what is unseen; buttons and what stands outside are left out."""
    form = forms.forms_of(PAGE, "/page")[0]
    assert (form.action, form.method, form.token_field, form.hidden) == ("/book?x=1", "POST", "csrf_token", {"csrf_token": "t1"})
    assert form.fields == {"csrf_token": "t1", "day": "2031-05-14", "with": "2", "first": "8", "why": "sore throat", "kind": "b"}


@pytest.mark.parametrize(("inside", "value"), [("\n", ""), ("\r\nfirst\nlast", "first\nlast"), ("\n\nlast", "\nlast"), ("plain", "plain")])
def test_the_line_end_behind_the_tag_of_a_text_area_is_no_text(inside, value):
    """Django writes one into each: what looked filled was sent empty, and no honest form was taken."""
    assert forms.forms_of(f"<form><textarea name=text>{inside}</textarea></form>", "/")[0].fields == {"text": value}


def test_knows_how_much_a_field_takes():
    """Where it says so in a number."""
    page = "<form><input name=code maxlength=6><input name=zip maxlength=x><textarea name=text maxlength=40></textarea></form>"
    assert forms.forms_of(page, "/")[0].most == {"code": 6, "text": 40}


def test_sends_a_form_without_action_to_its_own_page():
    """As HTML says."""
    form = forms.forms_of(PAGE, "/page")[1]
    assert (form.action, form.method, form.username_field, form.password_field) == ("/page", "GET", "mail", "word")


@pytest.mark.parametrize(
    "name", ["csrf_token", "csrfmiddlewaretoken", "_csrf", "authenticity_token", "__RequestVerificationToken", "xsrf", "_token"]
)
def test_knows_the_token_names_of_common_frameworks(name):
    """A token works whatever its framework calls it."""
    assert forms.is_token_name(name)


@pytest.mark.parametrize("name", ["token_count", "name", "description"])
def test_takes_no_other_field_for_a_token(name):
    """The opposite."""
    assert not forms.is_token_name(name)


@given(st.text(max_size=300))
def test_reads_any_text_without_a_fault(text):
    """Pages of strangers are broken in every way."""
    assert isinstance(forms.forms_of(f"<form>{text}", "/"), list)


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ("enter", "/account/enter"),
        ("?next=1", "/account/login?next=1"),
        ("#top", "/account/login"),
        ("../enter", "/enter"),
        ("https://shop.example/enter?a=1", "/enter?a=1"),
        ("//[", "/account/login"),
    ],
)
def test_resolves_an_action_against_its_page(action, target):
    """A relative action is posted where a browser posts it."""
    assert forms.forms_of(f'<form action="{action}">', "/account/login")[0].action == target


def test_sends_the_text_of_an_option_without_value():
    """As HTML says, the label is the value then."""
    days = '<select name="day"><option>Monday</option><option>Tuesday</option></select>'
    people = '<select name="to"><option>A<option selected>B<option>C</select>'
    assert forms.forms_of(f"<form>{days}{people}</form>", "/")[0].fields == {"day": "Monday", "to": "B"}


def test_leaves_disabled_fields_out():
    """No browser sends them."""
    assert forms.forms_of('<form><input name="a" disabled value="1"><input name="b" value="2"></form>', "/")[0].fields == {"b": "2"}


def test_carries_no_open_field_into_the_next_form():
    """Broken markup of one form neither stops the reading nor changes another form."""
    html = '<form><select name="a"><option value="1"></form><form><option value="2"><input name="c" value="3"></form>'
    assert [form.fields for form in forms.forms_of(html, "/")] == [{"a": "1"}, {"c": "3"}]


@given(st.text(alphabet='<>/=" ab', max_size=60), st.lists(st.sampled_from(["form", "textarea", "select", "option", "input"]), max_size=8))
def test_reads_any_order_of_tags_without_a_fault(text, tags):
    """What opens in one form may close in another."""
    html = text.join(f'<{tag} name="{tag}">x</{tag[:4]}>' for tag in tags)
    assert len(forms.forms_of(html, "/")) <= html.count("<form")
