"""Files that a user uploads, asked for again as others would: what holds a script has to come back inert, or not at all.

Against a page of an attacker's on the application's own origin: an honest file is taken first, then one with a script in it, and the
address at which the application serves it says whether a browser would run it.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ringwork.errors import TargetFailed
from ringwork.prove import composing, displaying, inlined, objects, pages, things, witness
from ringwork.prove.composing import Draft
from ringwork.prove.evidence import Observation, Outcome
from ringwork.prove.objects import Person
from ringwork.prove.witness import Cast, saw, shown
from ringwork.survey.facts import RouteFacts
from ringwork.survey.wire import multipart
from ringwork.survey.wire.client import FORM, Answer, Client
from ringwork.survey.wire.multipart import Upload

MOST_ROUTES, MOST_PLACES, MOST_FILES, MOST_BYTES = 12, 24, 4000, 200_000
_PAGES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml"})
"""Types that a browser shows as a document in which scripts run."""
_LINK = re.compile(r"(?:href|src)\s*=\s*[\"']?([^\"'\s<>]+)", re.IGNORECASE)
_HTML = "<!doctype html><title>{0}</title><script>{0}</script>"
_SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="{0}"><text>{0}</text></svg>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """A file with a script in it. attack: as the report names it. name: of the file, kind: its claimed type; {} for the fresh word."""

    attack: str
    name: str
    kind: str
    content: str


HOSTILE = (
    Hostile(attack="an uploaded page comes back as one", name="{}.html", kind="text/html", content=_HTML),
    Hostile(attack="an uploaded picture with a script comes back so that it runs", name="{}.svg", kind="image/svg+xml", content=_SVG),
    Hostile(attack="an uploaded page under a picture's name comes back as one", name="{}.png", kind="text/html", content=_HTML),
)


class Uploading:
    """The attacks of one check on one copy."""

    def __init__(self, cast: Cast, mine: Person, readers: Sequence[tuple[str, Client]]) -> None:
        self.cast, self.mine, self.readers = cast, mine, readers

    def run(self) -> Iterator[Observation]:
        """Every route that takes a file."""
        mine = objects.routes_of(self.cast.stage, self.mine)
        routes = [one for one in witness.changes(self.cast.stage.facts) if one in mine and not things.is_administration(one.path)]
        tried = 0
        for route in routes:
            with contextlib.suppress(TargetFailed, OSError):
                draft = self._draft(route)
                if draft is not None and tried < MOST_ROUTES:
                    tried += 1
                    yield from self._upload(route, draft)

    def _draft(self, route: RouteFacts) -> Draft | None:
        method = next((one for one in ("POST", "PUT", "PATCH") if one in route.methods), "")
        takes_files = any(p.where == "files" for p in route.parameters)
        place = inlined.place_of(route, self.cast.stage.facts) if method and not takes_files else None
        if place is not None:
            draft = composing.compose(self.cast, route, method, self.mine.name, self.mine.client)
            return inlined.holding(draft, place, multipart.honest(place.content, ""))
        if not method or (route.body == "json" and not takes_files):
            return None
        draft = composing.compose(self.cast, route, method, self.mine.name, self.mine.client)
        if takes_files and not draft.files:  # one that may be left out of a body in JSON
            draft = replace(draft, kind=FORM, files=pages.files_of(route, None))
        return draft if draft.files else None

    def _with(self, draft: Draft, file: Upload) -> Draft:
        """The same request with this file in place of each honest one."""
        if draft.files:
            return replace(draft, files=dict.fromkeys(draft.files, file))
        place = inlined.place_of(draft.route, self.cast.stage.facts)
        return inlined.holding(draft, place, file) if place is not None else draft

    def _upload(self, route: RouteFacts, honest: Draft) -> Iterator[Observation]:
        """An honest file, then those with a script."""
        first = honest.send(self.cast, self.mine.name, self.mine.client)
        if not witness.is_served(first):
            detail = f"no honest file was taken: {witness.why_not(first)}"
            for one in HOSTILE:
                yield saw(Outcome.UNTRIED, one.attack, route, detail, answers=[shown(first, self.mine.name)])
            return
        control = shown(first, self.mine.name)
        for one in HOSTILE:
            word = witness.marker()
            file = Upload(name=one.name.format(word), kind=one.kind, content=one.content.format(word).encode())
            draft = self._with(self._draft(route) or honest, file)
            answer = draft.send(self.cast, self.mine.name, self.mine.client)
            if not witness.is_served(answer):
                outcome = Outcome.HELD if answer.status < 500 and answer.status != 429 else Outcome.UNTRIED
                detail = f"{file.name.replace(word, 'x')} was not taken ({answer.status})"
                if outcome is Outcome.HELD:
                    # Against a limit, or a file that each user has once, that passes for a refusal of what stands in it.
                    still = (self._draft(route) or honest).send(self.cast, self.mine.name, self.mine.client)
                    if not witness.is_served(still):
                        outcome, detail = Outcome.UNTRIED, f"{detail}, and an honest file is not any more either: {witness.why_not(still)}"
                yield saw(outcome, one.attack, route, detail, answers=[shown(answer, self.mine.name)], control=control)
                continue
            found = self._judged(one, route, word, file, answer)
            yield replace(found, control=control)

    def _judged(self, one: Hostile, route: RouteFacts, word: str, file: Upload, answer: Answer) -> Observation:
        """What became of a file that was taken."""
        name, inert = file.name.replace(word, "x"), None
        for who, page, path in self._served(word, file.name, answer):
            place = next((r for r in self.cast.stage.facts.routes if r.kind == "http" and _serves(r, path)), route)
            told = f"the file, as {page.media_type or 'what a browser makes of it'}"
            answers = [shown(answer, self.mine.name), shown(page, who, told)]
            if is_run(page):
                kept = displaying.is_kept_from_running(page)
                reader = f"as {who} asks for it" if who else "as anybody asks for it"
                detail = f"{name}, taken by {route.name}, is served as {page.media_type or 'a file without a type'} {reader}"
                detail += "; its Content-Security-Policy keeps its scripts from running" if kept else ""
                return replace(saw(Outcome.BROKEN, one.attack, place, detail, answers=answers), severity="medium" if kept else "")
            inert = inert or saw(Outcome.HELD, one.attack, place, f"{name} is served as {_inert(page)}", answers=answers)
        why = f"{name} was taken by {route.name}, and no address was found that serves it"
        # Text that only may be a file, and is not seen again, tells nothing.
        outcome = Outcome.UNTRIED if inlined.place_of(route, self.cast.stage.facts) is not None else Outcome.UNCLEAR
        return inert or saw(outcome, one.attack, route, why, answers=[shown(answer, self.mine.name)])

    # -- where it is served -----------------------------------------------------------------------------

    def _served(self, word: str, name: str, answer: Answer) -> Iterator[tuple[str, Answer, str]]:
        """Whoever is answered with the file, and at which path: other people first."""
        places = list(dict.fromkeys(self._places(word, name, answer)))[:MOST_PLACES]
        for who, client in self.readers:
            for path in places:
                with contextlib.suppress(OSError):
                    page = client.page(path)
                    if page.status == 200 and word in page.text and ("<script>" in page.text or "onload=" in page.text):
                        yield who, page, path

    def _places(self, word: str, name: str, answer: Answer) -> Iterator[str]:
        """Addresses that may serve it: those that the answer and pages name, then routes that take a name or an id."""
        told = list(_texts(_json(answer)))
        yield from (path for text in told if (path := self._path(text)))
        target = self.mine.client.led_to(answer)
        yield from [target] if target else []
        names = [name, *self._kept(word)]
        for path in [*([target] if target else []), *(r.path for r in witness.reads(self.cast.stage.facts) if "{" not in r.path)]:
            with contextlib.suppress(OSError):
                page = self.mine.client.page(path)
                links = [link for link in _LINK.findall(page.text) if page.status == 200 and "html" in page.media_type]
                near = [link for link in links if any(Path(one).name in link for one in names)]
                yield from (found for link in near if (found := self._path(link)))
        ids = [value for _, value in things.made(self._nothing(answer), answer, self.mine.client).ids]
        yield from self._by_routes([*told, *names, *ids, *(value for _, value in things.ids_in(things.rows_kept(self.cast.served, word)))])

    def _nothing(self, answer: Answer) -> Draft:
        route = RouteFacts(kind="http", path=answer.request.split(b" ")[1].decode("latin-1"), methods=("POST",), handler="")
        return Draft(route=route, method="POST", path=route.path)

    def _path(self, link: str) -> str:
        """The path of an address of this origin; "" for any other text."""
        with contextlib.suppress(ValueError):
            parts = urlsplit(link)
            if link.startswith("/") and not link.startswith("//"):
                return link
            if parts.scheme in {"http", "https"} and parts.netloc == self.mine.client.host:
                return parts.path + (f"?{parts.query}" if parts.query else "")
        return ""

    def _by_routes(self, values: Sequence[str]) -> Iterator[str]:
        routes = [r for r in self.cast.stage.facts.routes if r.kind in {"http", "static"} and "GET" in r.methods]
        for route in routes:
            named = pages.parameters_of(route.path)
            if len(named) != 1 or witness.ends_session(route.path):
                continue
            before, _, rest = route.path.partition("{")
            after = rest.partition("}")[2]
            for value in [one for one in dict.fromkeys(values) if 0 < len(one) < 200]:
                tails = _tails(value) if _is_deep(route) else [value.rpartition("/")[2]]
                yield from (before + quote(tail, safe="/") + after for tail in tails)

    def _kept(self, word: str) -> list[str]:
        """Files of the copy that hold the word, below its folder: under which names the application keeps what it was given."""
        folder, found = self.cast.served.folder, list[str]()
        for path in itertools.islice(folder.rglob("*"), MOST_FILES):
            with contextlib.suppress(OSError):
                if path.is_file() and path.stat().st_size < MOST_BYTES and word.encode() in path.read_bytes():
                    found.append(path.relative_to(folder).as_posix())
        return [one for one in found if not re.search(r"\.(?:sqlite3?|db|log)(?:-\w+)?$", one)]


def is_run(page: Answer) -> bool:
    """Whether a browser that goes to this address runs what stands in it, on this origin."""
    said = " ".join(page.header("content-disposition")).strip().lower()
    is_apart = any("sandbox" in one.lower() and "allow-scripts" not in one.lower() for one in page.header("content-security-policy"))
    is_guessed = not page.media_type and "nosniff" not in " ".join(page.header("x-content-type-options")).lower()
    return (page.media_type in _PAGES or is_guessed) and not said.startswith("attachment") and not is_apart


def _is_deep(route: RouteFacts) -> bool:
    """Whether what the route takes may hold folders."""
    return route.kind == "static" or ":path" in route.path or any(p.where == "path" and p.kind == "path" for p in route.parameters)


def _serves(route: RouteFacts, path: str) -> bool:
    """Whether a path is one that the route serves."""
    below = route.path.partition("{")[0]
    return witness.matches(route.path, path) or (_is_deep(route) and len(below) > 1 and path.startswith(below))


def _inert(page: Answer) -> str:
    said = " ".join(page.header("content-disposition")).strip().lower()
    return "an attachment" if said.startswith("attachment") else page.media_type or "what its policy keeps apart"


def _tails(value: str) -> list[str]:
    """A path and what is left of it below each of its folders."""
    parts = value.split("/")
    return ["/".join(parts[at:]) for at in range(len(parts))]


def _json(answer: Answer) -> Any:
    with contextlib.suppress(ValueError):
        return json.loads(answer.text)
    return None


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in an answer."""
    if isinstance(value, str):
        yield value
    elif depth < 5 and isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one, depth + 1)
    elif depth < 5 and isinstance(value, list):
        for one in value:
            yield from _texts(one, depth + 1)
