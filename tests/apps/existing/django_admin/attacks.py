"""What an attacker tries; True where it works. `client(...)` makes a fresh browser."""
import re

from django.contrib.auth.models import User
from loans.models import Book, Loan


def _sign_in(client, page, name, password):
    browser = client()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get(page).text)[1]
    sent = {"csrfmiddlewaretoken": token, "username": name, "password": password, "next": "/loans/"}
    return browser, browser.post(page, data=sent, headers={"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"})


def _ann(client):
    if not User.objects.filter(username="ann").exists():
        ann = User.objects.create_user("ann", password="ann-likes-long-walks")
        Loan.objects.create(book=Book.objects.create(title="Emma", author="Jane Austen"), reader=ann)
    return _sign_in(client, "/accounts/login/", "ann", "ann-likes-long-walks")


def forgotten_route(client):
    _ann(client)
    return "Emma" in client().get("/export/readers.csv").text


def forged_form(client):
    browser, _ = _ann(client)
    Loan.objects.update(returned=False)
    loan = Loan.objects.get()
    headers = {"Origin": "https://evil.invalid", "Sec-Fetch-Site": "cross-site"}
    browser.post(f"/books/{loan.book_id}/return/", data={"sure": "yes"}, headers=headers)
    loan.refresh_from_db()
    return loan.returned


def forged_host(client):
    return client().get("/", headers={"Host": "evil.invalid"}).status_code == 200


def injected_script_in_the_admin(client):
    policy = client().get("/admin/login/").headers.get("content-security-policy", "")
    return "script-src" not in policy or "unsafe-inline" in policy


def readable_session_cookie(client):
    _, answer = _ann(client)
    cookies = [value.lower() for value in answer.headers.getlist("set-cookie")]
    return any("sessionid" in cookie and "secure" not in cookie for cookie in cookies)


def cached_private_page(client):
    browser, _ = _ann(client)
    return "no-store" not in browser.get("/loans/").headers.get("cache-control", "")
