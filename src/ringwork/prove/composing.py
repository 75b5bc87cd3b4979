"""Requests that a route takes, put together for one user: fresh words in their fields, and the id of an object where one is asked for.

Against a probe that is refused for what it lacks and not for who sends it: fields come from the schema, the page's own form or the names
that the handler reads, required parameters of the query are given, and the form's token is the sender's own.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from ringwork.prove import pages, witness
from ringwork.prove.witness import Cast
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import forms, multipart
from ringwork.survey.wire.client import FORM, SAFE, Answer, Client
from ringwork.survey.wire.multipart import Upload

JSON = "application/json"
_ID = re.compile(r"(?:^|_)(?:id|pk|uuid|guid|key|slug|ref|reference|number)$|[a-z](?:Id|ID|Uuid|Key)$")
_FIXED = re.compile(
    r"pass|pwd|mail|date|day|time|amount|quantity|price|(?<![a-z])age(?![a-z])|(?<![a-z])count(?![a-z])|phone|url|colou?r|token|csrf",
    re.IGNORECASE,
)
_SHAPED = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?|\d\d:\d\d(?::\d\d)?|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|[a-z]+://\S+|[\d.:]+", re.IGNORECASE
)
"""Examples that a schema gives for a date, a time, a UUID, an address or a number: a free word is no such thing."""
_FRESH = len(witness.marker())
_CSRF_COOKIE = re.compile(r"(?:^|[_.-])(csrf|xsrf)[_-]?token$", re.IGNORECASE)
"""Cookies that a site's own script reads a token from. Their names are a setting; the name of the header mostly stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One request as it can be sent by anybody. marks: each fresh word that it carries, to the field that carries it.

    plain: what stood in the fields before the words. files: what it carries beside them. token_field: of the form, "" for none.
    """

    route: RouteFacts
    method: str
    path: str
    kind: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, Any] = field(default_factory=dict)
    token_field: str = ""
    files: Mapping[str, Upload] = field(default_factory=dict)

    def send(self, cast: Cast, name: str, client: Client) -> Answer:
        """The answer to the request as this browser sends it, with a token of its own where the form has one. Raises OSError."""
        kind, body = self._body(cast, name, client)
        headers = [("content-type", kind)] if kind else []
        if self.method not in SAFE:
            headers += script_token(client)
        return client.send(self.method, self.path, headers=headers, body=body)

    def _body(self, cast: Cast, name: str, client: Client) -> tuple[str, bytes]:
        if self.kind == JSON:
            return JSON, json.dumps(self.fields).encode()
        if not self.kind:
            return "", b""
        token = own_token(cast, name, client, self.path, self.token_field) if self.token_field else ""
        fields = {**self.fields, **({self.token_field: token} if token else {})}
        return multipart.encode(fields, self.files) if self.files else (self.kind, urlencode(fields).encode())


def script_token(client: Client) -> list[tuple[str, str]]:
    """The header with a token that the site's own script would send from this browser; [] where no cookie carries one."""
    found = [(match[1].lower(), cookie.value) for cookie in client.jar.cookies.values() if (match := _CSRF_COOKIE.search(cookie.name))]
    return [("x-xsrf-token" if kind == "xsrf" else "x-csrftoken", value) for kind, value in found[:1]]


def own_token(cast: Cast, name: str, client: Client, path: str, field_name: str) -> str:
    """A token that this browser was given: of the form that posts there, else of any form of its pages.

    Against an honest request that is refused for its token, so that nothing is tried: some tokens count for one form alone, and a page has
    several, the one that signs out often first.
    """
    found = _with_token(_forms_at(client, path), path, field_name)
    if not found or not _posts_to(found[0], path):
        found = _with_token([*cast.visible_forms(name, client), *found], path, field_name)
    if not found:
        return ""
    fresh = _with_token(_forms_at(client, found[0].page), path, field_name)
    return (fresh or found)[0].fields.get(field_name, "")


def _with_token(found: Iterable[forms.Form], path: str, field_name: str) -> list[forms.Form]:
    """Those with such a token, that of the form which posts there first."""
    return sorted((form for form in found if form.token_field == field_name), key=lambda form: not _posts_to(form, path))


def _posts_to(form: forms.Form, path: str) -> bool:
    return form.action.partition("?")[0] == path


def _forms_at(client: Client, path: str) -> list[forms.Form]:
    with contextlib.suppress(OSError):
        answer = client.page(path)
        if answer.status == 200 and "html" in answer.media_type:
            return forms.forms_of(answer.text, path)
    return []


def is_id(name: str) -> bool:
    """Whether a parameter of this name tells which object is meant."""
    return _ID.search(name) is not None


def id_parameters(route: RouteFacts, *, reading: bool = False) -> list[str]:
    """The parameters by which a request of this route names an object, of the path before others. reading: those of a GET alone."""
    found = [name for name in pages.parameters_of(route.path) if name not in {"format", "filename"}]
    places = {"query"} if reading else {"query", "form", "json"}
    named = [p.name for p in route.parameters if p.where in places and (is_id(p.name) or singular(p.name) in stems(route.path))]
    return list(dict.fromkeys([*found, *named]))


def stems(path: str) -> set[str]:
    """The words of a path's fixed segments, in the singular."""
    return {singular(word) for segment in path.split("/") if "{" not in segment for word in re.split(r"[^A-Za-z]+", segment) if word}


def singular(word: str) -> str:
    """An English noun without its plural's end; good enough to tell "notes" and "note" as one."""
    low = word.lower()
    if low.endswith("ies") and len(low) > 4:
        return low[:-3] + "y"
    if low.endswith(("sses", "shes", "ches", "xes")):
        return low[:-2]
    return low[:-1] if low.endswith("s") and not low.endswith("ss") and len(low) > 3 else low


def compose(cast: Cast, route: RouteFacts, method: str, name: str, client: Client, ids: Mapping[str, str] | None = None) -> Draft:
    """A request that `client` can send, with fresh words in its free texts. ids: values for parameters by name.

    Raises TargetFailed, OSError.
    """
    known = dict(ids or {})
    path = _path(cast, route, method, client, known)
    if method in {"GET", "DELETE"} and not route.body:
        return Draft(route=route, method=method, path=path)
    if method == "GET":
        return Draft(route=route, method=method, path=path)
    kind, body = cast.stage.body(route) or ("", b"")
    form = form_of(cast, route, name, client, path) if method == "POST" and route.body != "json" else None
    if form is not None:
        read = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if kind.startswith(FORM) else {}
        values: dict[str, Any] = {key: value for key, value in {**read, **form.fields}.items() if key != form.token_field}
        free = {key for key in form.fields if form.kinds.get(key, "") in {"", "text", "textarea", "search"} and key != form.token_field}
        short = {key for key in free if form.most.get(key, _FRESH) < _FRESH}
        free, values = free - short, {**values, **{key: pages.guess_text(key)[: form.most[key]] for key in short if not values[key]}}
        values |= {key: "1" for key in form.fields if form.kinds.get(key) in {"number", "range"} and not values[key]}
        fields, marks = _filled(values, free, known)
        files = {name: multipart.honest(name, accept) for name, accept in form.files.items()}
        return Draft(
            route=route, method=method, path=path, kind=FORM, fields=fields, marks=marks, plain=values, token_field=form.token_field,
            files=files,
        )  # fmt: skip
    values = _parsed(kind, body)
    files = pages.files_of(route, None) if route.body == "multipart" else {}
    if files:
        values = {p.name: values.get(p.name, p.example or pages.guess_text(p.name)) for p in route.parameters if p.where == "form"}
    texts = {p.name for p in route.parameters if p.where in {"form", "json"} and p.kind in {"", "string"} and not p.choices}
    if not values and not files and method in {"PUT", "PATCH"}:
        kind, values = JSON, _read_there(client, path)  # what takes whatever it is sent is asked with what it shows
    fields, marks = _filled(values, texts or set(values), known)
    if not fields and not files:
        return Draft(route=route, method=method, path=path, kind=JSON if kind == JSON and body else "")
    kind = JSON if kind == JSON else FORM
    return Draft(route=route, method=method, path=path, kind=kind, fields=fields, marks=marks, plain=values, files=files)


def plainer(draft: Draft, answer: Answer) -> Draft | None:
    """The request with its examples in place of the words that a refusal names, by field or by text; None where it names none.

    Against an object that is never made because a code has ten letters, or a date stands under a name that nobody knows for one.
    """
    if answer.status not in {400, 422}:
        return None
    named = {key for word, key in draft.marks.items() if word in answer.text or re.search(rf"""["']{re.escape(key)}["']""", answer.text)}
    if not named:
        return None
    fields = {**draft.fields, **{key: draft.plain.get(key) or pages.guess_text(key) for key in named}}
    return replace(draft, fields=fields, marks={word: key for word, key in draft.marks.items() if key not in named})


def _read_there(client: Client, path: str) -> dict[str, Any]:
    """The plain fields of the one object that is read where it is changed; none where no such is shown."""
    with contextlib.suppress(OSError, ValueError):
        answer = client.get(path)
        value = json.loads(answer.text) if answer.status == 200 else None
        if isinstance(value, dict):
            plain = {key: one for key, one in value.items() if isinstance(one, str | int | bool) and not is_id(key)}
            return {key: one for key, one in plain.items() if "pass" not in key.lower()}  # against a login that ends by it
    return {}


def _parsed(kind: str, body: bytes) -> dict[str, Any]:
    if kind == JSON:
        with contextlib.suppress(ValueError):
            value = json.loads(body or b"{}")
            return value if isinstance(value, dict) else {}
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)) if kind.startswith(FORM) else {}


def _filled(values: Mapping[str, Any], free: set[str], known: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values with ids as asked for and a fresh word in each free text."""
    fields, marks = dict[str, Any](), dict[str, str]()
    for key, value in values.items():
        if key in known:
            fields[key] = _like(value, known[key])
        elif key in free and isinstance(value, str) and not is_id(key) and not _FIXED.search(key) and not _SHAPED.fullmatch(value):
            fields[key] = word = witness.marker()
            marks[word] = key
        elif key in free and isinstance(value, str) and "mail" in key.lower():
            word = witness.marker()
            fields[key] = f"{word}@example.org"
            marks[word] = key
        else:
            fields[key] = value if value != "" else pages.guess_text(key)
    if not marks:  # a thing that nobody can tell from another: a number that is a text takes any as well
        key = next((key for key, value in fields.items() if key in free and key not in known and value == f"probe {key.lower()}"), "")
        if key:
            fields[key] = word = witness.marker()
            marks[word] = key
    for key, value in known.items():
        if key in free and key not in fields:
            fields[key] = value
    return fields, marks


def _like(value: Any, text: str) -> Any:
    """The text as the kind of value that stood there."""
    return int(text) if isinstance(value, int) and not isinstance(value, bool) and text.isdecimal() else text


def _path(cast: Cast, route: RouteFacts, method: str, client: Client, known: Mapping[str, str]) -> str:
    """The path with known ids, what else it needs found by looking round, and the query that the route requires."""
    template = route.path
    for one in pages.parameters_of(route.path):
        if one in known:
            before, _, rest = template.partition(f"{{{one}")
            whole = rest.partition("}")[0] == ":path"
            template = before + quote(known[one], safe="/" if whole else "") + rest.partition("}")[2]
    path = cast.stage.fill(replace(route, path=template), client=client)
    return path + pages.required_query(route, known)


def form_of(cast: Cast, route: RouteFacts, name: str, client: Client, path: str) -> forms.Form | None:
    """The form that posts there, on its own page or on any page that this browser sees."""
    plain = path.partition("?")[0]
    near = [*_forms_at(client, path), *cast.visible_forms(name, client)]
    exact = [form for form in near if form.method == "POST" and form.action.partition("?")[0] == plain]
    alike = [form for form in near if form.method == "POST" and witness.matches(route.path, form.action)]
    return next(iter([*exact, *alike]), None)
