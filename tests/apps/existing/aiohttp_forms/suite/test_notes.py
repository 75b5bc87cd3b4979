def test_home_is_open(browser):
    assert "Sign in" in browser.get("/").text


def test_notes_need_a_login(browser):
    answer = browser.get("/notes", allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/login")


def test_wrong_password(browser):
    assert browser.sign_in("ann", "guess").status_code == 401


def test_sign_in_and_out(ann):
    assert "Notes of ann" in ann.get("/notes").text
    assert "Sign in" in ann.send("/", "/logout").text
    assert "Sign in" in ann.get("/notes").text


def test_notes_are_kept(ann):
    assert "<li>buy &lt;bread&gt;</li>" in ann.send("/notes", "/notes", text="buy <bread>").text


def test_page_counts_its_notes(ann):
    assert "querySelectorAll" in ann.get("/notes").text


def test_downloads(ann):
    ann.send("/notes", "/notes", text="first")
    table = ann.get("/notes.csv")
    assert table.text.strip() == "first"
    assert table.headers["content-disposition"] == 'attachment; filename="notes.csv"'
    handbook = ann.get("/handbook.pdf")
    assert handbook.data.startswith(b"%PDF")
    assert handbook.headers["content-type"] == "application/pdf"


def test_returns_to_the_page_that_asked(browser):
    page = browser.get("/login?next=/notes.csv")
    assert 'value="/notes.csv"' in page.text
