"""What an attacker tries; True where it works. `client(...)` makes a fresh browser."""
import re

from django.contrib.auth.models import User
from notes.models import Note

OWN = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


def _sign_in(client, where="/login/"):
    if not User.objects.filter(username="ann").exists():
        User.objects.create_user("ann", password="ann-likes-long-walks")
    browser = client()
    page = browser.get(where).text
    fields = {name: re.search(f'name="{name}" value="([^"]*)"', page)[1] for name in ("csrfmiddlewaretoken", "next")}
    sent = {**fields, "name": "ann", "password": "ann-likes-long-walks"}
    return browser, browser.post("/login/", data=sent, headers=OWN)


def _note():
    return Note.objects.create(owner=User.objects.get(username="ann"), text="secret-of-ann")


def forgotten_route(client):
    _sign_in(client)
    _note()
    return "secret-of-ann" in client().get("/all-notes/", headers={"Accept": "text/html"}).text


def forged_form(client):
    browser, _ = _sign_in(client)
    note = _note()
    headers = {"Origin": "https://evil.invalid", "Sec-Fetch-Site": "cross-site", "Accept": "text/html"}
    browser.post(f"/notes/{note.pk}/delete/", data={"sure": "yes"}, headers=headers)
    return not Note.objects.filter(pk=note.pk).exists()


def form_without_token(client):
    browser, _ = _sign_in(client)
    note = _note()
    browser.post(f"/notes/{note.pk}/delete/", data={"sure": "yes"}, headers=OWN)
    return not Note.objects.filter(pk=note.pk).exists()


def open_redirect(client):
    _, sent = _sign_in(client, "/login/?next=https://evil.invalid/")
    return "evil.invalid" in sent.headers.get("location", "")


def forged_host(client):
    return client().get("/", headers={"Host": "evil.invalid"}).status_code == 200


def injected_script(client):
    browser, _ = _sign_in(client)
    policy = browser.get("/notes/").headers.get("content-security-policy", "")
    return "script-src" not in policy or "unsafe-inline" in policy


def readable_session_cookie(client):
    _, answer = _sign_in(client)
    cookies = [value.lower() for value in answer.headers.getlist("set-cookie")]
    return any("sessionid" in cookie and "secure" not in cookie for cookie in cookies)


def cached_private_page(client):
    browser, _ = _sign_in(client)
    return "no-store" not in browser.get("/notes/").headers.get("cache-control", "")
