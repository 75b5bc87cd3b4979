"""What an attacker tries; True where it works. `client(...)` makes a fresh browser; `sign_in(client)` signs ann in as a browser does."""
import notes


def _ann(client):
    from conftest import Browser

    browser = Browser(client())
    browser.sign_in("ann", "ann-likes-long-walks")
    return browser


def forgotten_route(client):
    notes.NOTES.append({"owner": "ann", "text": "secret-of-ann"})
    return "secret-of-ann" in client().get("/admin/notes", headers={"Accept": "text/html"}).text


def forged_form(client):
    before = len(notes.NOTES)
    headers = {"Origin": "https://evil.invalid", "Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    _ann(client).client.post("/notes", data={"text": "written by evil"}, headers=headers)
    return len(notes.NOTES) > before


def form_without_token(client):
    before = len(notes.NOTES)
    _ann(client).client.post("/notes", data={"text": "written by evil"}, headers={"Accept": "text/html"})
    return len(notes.NOTES) > before


def open_redirect(client):
    from conftest import Browser

    browser = Browser(client())
    answer = browser.client.get("/login?next=https://evil.invalid/")
    browser.client.follow_redirects = False
    sent = browser.send("/login?next=https://evil.invalid/", "/login", name="ann", password="ann-likes-long-walks")
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
    cookies = [value.lower() for one in [answer, *answer.history] for value in one.headers.get_list("set-cookie")]
    return any("session" in cookie and "secure" not in cookie for cookie in cookies)


def cached_private_page(client):
    return "no-store" not in _ann(client).get("/notes").headers.get("cache-control", "")
