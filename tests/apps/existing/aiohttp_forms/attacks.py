"""What an attacker tries; True where it works. `client(...)` makes a fresh browser; `sign_in(client)` signs ann in as a browser does."""
import notes


def _ann(client):
    from conftest import Browser

    browser = Browser.of(client())
    browser.sign_in("ann", "ann-likes-long-walks")
    return browser


def forgotten_route(client):
    notes.NOTES.append({"owner": "ann", "text": "secret-of-ann"})
    return "secret-of-ann" in client().get("/admin/notes", headers={"Accept": "text/html"}).text


def forged_form(client):
    before = len(notes.NOTES)
    headers = {"Origin": "https://evil.invalid", "Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    _ann(client).ask("POST", "/notes", data={"text": "written by evil"}, headers=headers)
    return len(notes.NOTES) > before


def form_without_token(client):
    before = len(notes.NOTES)
    _ann(client).ask("POST", "/notes", data={"text": "written by evil"}, headers={"Accept": "text/html"})
    return len(notes.NOTES) > before


def open_redirect(client):
    from conftest import Browser, Inputs

    browser = Browser.of(client())
    answer = browser.get("/login?next=https://evil.invalid/")
    inputs = Inputs("/login")
    inputs.feed(answer.text)
    form = {**inputs.found, "name": "ann", "password": "ann-likes-long-walks"}
    sent = browser.ask("POST", "/login", data=form, headers={"Accept": "text/html"}, allow_redirects=False)
    return answer.status_code == 200 and "evil.invalid" in sent.headers.get("location", "")


def forged_host(client):
    return client().get("/", headers={"Host": "evil.invalid"}).status_code == 200


def framed(client):
    headers = _ann(client).get("/notes").headers
    return "frame-ancestors" not in headers.get("content-security-policy", "") and "x-frame-options" not in headers


def injected_script(client):
    policy = _ann(client).get("/notes").headers.get("content-security-policy", "")
    return "script-src" not in policy or "unsafe-inline" in policy


def readable_session_cookie(client):
    answer = _ann(client).send("/login", "/login", name="ann", password="ann-likes-long-walks")
    cookies = [value.lower() for one in [answer, *answer.history] for value in one.headers.getall("set-cookie", [])]
    return any("session" in cookie and "secure" not in cookie for cookie in cookies)


def cached_private_page(client):
    return "no-store" not in _ann(client).get("/notes").headers.get("cache-control", "")
