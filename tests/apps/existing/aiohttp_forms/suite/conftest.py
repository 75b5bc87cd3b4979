import asyncio
import html.parser

import pytest
from aiohttp.test_utils import TestClient, TestServer

import notes


class Inputs(html.parser.HTMLParser):
    """The inputs of the form with the wanted action, as a browser would send them."""

    def __init__(self, action):
        super().__init__()
        self.action, self.inside, self.found = action, False, {}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form":
            self.inside = attributes.get("action") == self.action
        elif tag == "input" and self.inside:
            self.found[attributes["name"]] = attributes.get("value", "")


class Answer:
    def __init__(self, response, body):
        self.status_code, self.headers, self.data, self.history = response.status, response.headers, body, response.history

    @property
    def text(self):
        return self.data.decode()


class Browser:
    def __init__(self, loop, client):
        self.loop, self.client = loop, client

    @classmethod
    def of(cls, client):
        return cls(client.loop, client.client)

    def ask(self, method, path, **more):
        async def asked():
            async with self.client.request(method, path, **more) as response:
                return Answer(response, await response.read())

        return self.loop.run_until_complete(asked())

    def get(self, path, allow_redirects=True):
        return self.ask("GET", path, headers={"Accept": "text/html"}, allow_redirects=allow_redirects)

    def send(self, page, action, **fields):
        inputs = Inputs(action)
        inputs.feed(self.get(page).text)
        return self.ask("POST", action, data={**inputs.found, **fields}, headers={"Accept": "text/html"})

    def sign_in(self, name, password):
        return self.send("/login", "/login", name=name, password=password)


@pytest.fixture(scope="session")
def started():
    async def start():
        client = TestClient(TestServer(notes.app))
        await client.start_server()
        return client

    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(start())
    yield loop, client
    loop.run_until_complete(client.close())
    loop.close()


@pytest.fixture()
def browser(started):
    notes.NOTES.clear()
    loop, client = started
    client.session.cookie_jar.clear()
    return Browser(loop, client)


@pytest.fixture()
def ann(browser):
    browser.sign_in("ann", "ann-likes-long-walks")
    return browser
