import html.parser

import pytest
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


class Browser:
    def __init__(self, client):
        self.client = client

    def get(self, path):
        return self.client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)

    def send(self, page, action, **fields):
        inputs = Inputs(action)
        inputs.feed(self.get(page).text)
        return self.client.post(action, data={**inputs.found, **fields}, headers={"Accept": "text/html"}, follow_redirects=True)

    def sign_in(self, name, password):
        return self.send("/login", "/login", name=name, password=password)


@pytest.fixture()
def browser():
    notes.NOTES.clear()
    return Browser(notes.app.test_client())


@pytest.fixture()
def ann(browser):
    browser.sign_in("ann", "ann-likes-long-walks")
    return browser
