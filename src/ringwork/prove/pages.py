"""What one signed-in browser finds by looking round: links, forms and identifiers, so that probes lead to things that exist."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from ringwork.survey.facts import ParameterFacts, RouteFacts
from ringwork.survey.wire import multipart
from ringwork.survey.wire.client import Client
from ringwork.survey.wire.multipart import Upload

_PARAMETER = re.compile(r"\{([^}:]+)(?::[^}]*)?\}")
_MOST_PAGES = 40
T = TypeVar("T")
TOKEN_NAME = re.compile(r"csrf|xsrf|authenticity|_token$|^token$|nonce", re.IGNORECASE)
"""Names under which forms carry a token against forged requests."""


@dataclass(slots=True, kw_only=True)
class Form:
    """A form of a page. fields: name to the value that a browser would send; choices already made. files: names to what they accept."""

    page: str
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    """Collects links and forms of one page."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path, self.links, self.assets, self.forms = path, list[str](), list[str](), list[Form]()
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and values.get("href", "").startswith("/"):
            self.links.append(urlsplit(values["href"]).path)
        elif tag in {"link", "script", "img"} and (values.get("href") or values.get("src", "")).startswith("/"):
            self.assets.append(urlsplit(values.get("href") or values["src"]).path)
        elif tag == "form":
            action = urlsplit(values.get("action") or self.path).path
            self.forms.append(Form(page=self.path, action=action, method=values.get("method", "get").upper()))
        elif self.forms and values.get("name"):
            self._field(tag, values)
        elif tag == "option" and self._select and self.forms:
            fields = self.forms[-1].fields
            if "selected" in values or not fields.get(self._select):
                fields[self._select] = values.get("value", "")

    def _field(self, tag: str, values: Mapping[str, str]) -> None:
        fields, name = self.forms[-1].fields, values["name"]
        kind = values.get("type", "text")
        if tag == "select":
            self._select = name
            fields.setdefault(name, "")
        elif tag == "input" and kind == "file":
            self.forms[-1].files[name] = values.get("accept", "")
        elif tag == "textarea" or (tag == "input" and kind not in {"submit", "button", "image", "reset", "file"}):
            if kind in {"radio", "checkbox"} and name in fields and "checked" not in values:
                return
            fields[name] = values.get("value") or values.get("min") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


class Pages:
    """The pages that one browser reached; fetched at first need, at most 40."""

    def __init__(self, client: Client, routes: Sequence[RouteFacts]) -> None:
        self._client = client
        self._plain = [r.path for r in routes if r.kind == "http" and "GET" in r.methods and "{" not in r.path]
        self._named = frozenset(r.path for r in routes if "{" not in r.path)
        self._answers: dict[str, Any] = {}
        self._behind = [r.path for r in routes if r.kind == "http" and "GET" in r.methods and "{" in r.path]
        self._has_looked = False
        self.links: list[str] = []
        self.assets: list[str] = []
        self.forms: list[Form] = []

    def look(self, prefix: str = "") -> None:
        """Fetch the parameterless pages that lead to `prefix`, then all others."""
        self.first(prefix, lambda: None)

    def first(self, prefix: str, wanted: Callable[[], T | None]) -> T | None:
        """What is wanted as soon as some page shows it, those that lead to `prefix` fetched first; all are where none does.

        A proof looks round hundreds of times, and most of what it wants stands on the first page.
        """
        found = wanted()
        for path in self._unseen(prefix):
            if found:
                break
            self._fetch(path)
            found = wanted()
        return found

    def _unseen(self, prefix: str) -> Iterator[str]:
        """The pages that were not fetched yet, in the order in which they are."""
        paths = sorted(self._plain, key=lambda path: (not (prefix and path and prefix.startswith(path.rstrip("/"))), -len(path)))
        yield from (path for path in paths[:_MOST_PAGES] if path not in self._answers)
        # One step behind links: a form often stands on the page of the thing that it changes.
        for template in self._behind[:_MOST_PAGES] if not self._has_looked else ():
            linked = self.linked(template)
            if linked and linked not in self._answers:
                yield linked
        self._has_looked = True

    def token(self, path: str) -> tuple[str, str]:
        """Name and fresh value of the hidden token in the form that posts to `path`; two empty texts where no page shows one."""
        form = self.first(path, lambda: self.form_for(path))
        name = next((name for name in (form.fields if form is not None else ()) if TOKEN_NAME.search(name)), "")
        if form is None or not name:
            return "", ""
        reader = _Reader(form.page)
        reader.feed(self._client.page(form.page).text)
        return name, next((f.fields.get(name, "") for f in reader.forms if f.action == path and f.method != "GET"), "")

    def _fetch(self, path: str) -> None:
        if path in self._answers or "logout" in path or "signout" in path:
            return
        try:
            answer = self._client.page(path)
        except OSError:
            self._answers[path] = None
            return
        self._answers[path] = None
        if not 200 <= answer.status < 300:
            return
        kind = " ".join(answer.header("content-type"))
        if "json" in kind:
            try:
                self._answers[path] = json.loads(answer.text)
            except ValueError:
                return
        elif "html" in kind:
            reader = _Reader(path)
            reader.feed(answer.text)
            self.links += reader.links
            self.assets += reader.assets
            self.forms += reader.forms

    def linked(self, template: str) -> str:
        """A link or form target that matches a route's template, "" for none."""
        pattern = re.compile(
            "".join(
                (".+" if ":path}" in part else "[^/]+") if part.startswith("{") else f"(?:{re.escape(part)})"
                for part in re.split(r"(\{[^}]+\})", template)
            )
        )
        places = [*self.links, *self.assets, *(form.action for form in self.forms)]
        # Against a route that another one stands before: a link to /admin/login/ is none to /admin/{app_label}/.
        return next((place for place in places if pattern.fullmatch(place) and place not in self._named), "")

    def form_for(self, path: str) -> Form | None:
        """A form that posts to `path`."""
        return next((form for form in self.forms if form.action == path and form.method != "GET"), None)

    def identifier(self, name: str, prefix: str) -> str:
        """A value for the parameter `name` of a path below `prefix`, from JSON that names it; "" for none."""
        collection = prefix.rstrip("/")
        stem = re.sub(r"_?(id|uuid|pk|slug)$", "", name.lower())
        near = [value for path, value in self._answers.items() if value is not None and path.rstrip("/") == collection]
        far = [value for path, value in self._answers.items() if value is not None and stem and stem in path.lower()]
        for answers, keys in ((near, (name, "id", "uuid", "slug", "name")), (far, (name, "id")), (list(self._answers.values()), (name,))):
            for value in answers:
                found = next(_values(value, keys), "")
                if found:
                    return found
        return ""


def _values(value: Any, keys: Sequence[str]) -> Iterator[str]:
    """Scalars under any of `keys`, the earlier key first, in lists and one level of wrapping."""
    items = (
        value
        if isinstance(value, list)
        else [value, *(inner for inner in value.values() if isinstance(inner, list))]
        if isinstance(value, dict)
        else []
    )
    flat = [entry for item in items for entry in (item if isinstance(item, list) else [item])]
    for key in keys:
        for item in flat:
            if isinstance(item, dict) and isinstance(item.get(key), str | int) and not isinstance(item.get(key), bool):
                yield str(item[key])


def parameters_of(template: str) -> list[str]:
    """The names in braces, in order."""
    return [part.partition(":")[0] for part in _PARAMETER.findall(template)]


def fallback(parameter: ParameterFacts | None, name: str) -> str:
    """A plausible value where nothing was found."""
    if parameter is not None and parameter.example:
        return parameter.example.strip('"')
    kind = parameter.kind if parameter is not None else ""
    if kind in {"integer", "number"}:
        return "1"
    if kind == "boolean":
        return "true"
    if kind == "uuid":
        return "3f0c2a52-6e0c-4b57-8a3e-2c8f0a1b9d10"
    return "1" if name == "id" or name.endswith("_id") else "probe"


def fill(route: RouteFacts, pages: Pages) -> str:
    """The route's path with parameters that lead somewhere."""
    if route.kind == "static":
        below = route.path.partition("{")[0].rstrip("/") + "/"
        return pages.first("", lambda: next((asset for asset in pages.assets if asset.startswith(below)), None)) or below
    names = parameters_of(route.path)
    if not names:
        return route.path
    first = route.path.partition("{")[0]
    linked = pages.first(first, lambda: pages.linked(route.path))
    if linked:
        return linked
    known = {p.name: p for p in route.parameters if p.where == "path"}
    path = route.path
    for name in names:
        prefix = path.partition("{")[0]
        value = pages.identifier(name, prefix) or fallback(known.get(name), name)
        path = _PARAMETER.sub(lambda _, chosen=value: chosen, path, count=1)  # type: ignore[misc]  # the default binds the loop's value
    return path


def required_query(route: RouteFacts, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """The query without which the route takes no request, "?" before it; "" for none. known: values by name, given in any case."""
    query = {
        p.name: known.get(p.name) or p.example or (p.choices[0] if p.choices else fallback(p, p.name))
        for p in route.parameters
        if p.where == "query" and (p.required or p.name in known)
    }
    return f"?{urlencode(query)}" if query else ""


def files_of(route: RouteFacts, form: Form | None) -> dict[str, Upload]:
    """An honest file for each input that takes one, by the form that the page shows or the names that the handler reads."""
    asked = {p.name: "" for p in route.parameters if p.where == "files"} | (form.files if form is not None else {})
    return {name: multipart.honest(name, accept) for name, accept in asked.items()}


def fields_of(route: RouteFacts, pages: Pages) -> dict[str, Any]:
    """A value for each input of the body, found or made up; JSON values where the kind asks for them."""
    values = dict[str, Any]()
    inputs = [parameter for parameter in route.parameters if parameter.where in {"form", "json"}]
    if any(parameter.name.endswith("_id") for parameter in inputs):
        pages.look(route.path)
    for parameter in inputs:
        found = pages.identifier(parameter.name, "") if parameter.name.endswith("_id") else ""
        values[parameter.name] = _typed(parameter, found or parameter.example or _example(parameter))
    return values


def _example(parameter: ParameterFacts) -> str:
    if parameter.choices:
        return parameter.choices[0]
    if parameter.kind in {"integer", "number"}:
        return "1"
    if parameter.kind == "boolean":
        return "false"
    return "1" if parameter.name.endswith("_id") else guess_text(parameter.name)


def guess_text(name: str) -> str:
    """Text that a field of this name is likely to take."""
    low = name.lower()
    known = (
        ("mail", "probe@example.org"), ("username", "probeuser"), ("login", "probeuser"), ("password", "Probe-4711-horse-battery"),
        ("date", "2031-05-14"), ("day", "2031-05-14"), ("start", "2031-05-14T10:30"), ("time", "10:30"),
        ("amount", "1"), ("quantity", "1"), ("price", "1"),
    )  # fmt: skip
    if re.search(r"(?<![a-z])age(?![a-z])", low):  # and no message, image or page
        return "30"
    return next((value for part, value in known if part in low), f"probe {low}")


def _typed(parameter: ParameterFacts, text: str) -> Any:
    if parameter.where == "json" and parameter.kind not in {"string", ""}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
