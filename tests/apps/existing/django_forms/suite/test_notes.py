from html.parser import HTMLParser

from django.contrib.auth.models import User
from django.test import Client, TestCase

from notes.models import Note


class Inputs(HTMLParser):
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


class NotesTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ann = User.objects.create_user("ann", password="ann-likes-long-walks")
        cls.ben = User.objects.create_user("ben", password="ben-bakes-rye-bread")


class VisitorTest(NotesTest):
    def test_home_is_open(self):
        self.assertContains(self.client.get("/"), "Sign in")

    def test_notes_need_a_login(self):
        self.assertRedirects(self.client.get("/notes/"), "/login/?next=/notes/")

    def test_wrong_password(self):
        answer = self.client.post("/login/", {"name": "ann", "password": "guess"})
        self.assertContains(answer, "That was not right.", status_code=401)

    def test_returns_to_the_page_that_asked(self):
        self.assertContains(self.client.get("/login/?next=/notes.csv"), 'value="/notes.csv"')
        sent = {"name": "ann", "password": "ann-likes-long-walks", "next": "/notes.csv"}
        self.assertRedirects(self.client.post("/login/", sent), "/notes.csv")

    def test_unknown_pages_are_not_found(self):
        self.assertEqual(self.client.get("/nothing/").status_code, 404)


class OwnerTest(NotesTest):
    def setUp(self):
        self.client.force_login(self.ann)

    def test_sign_out(self):
        self.assertContains(self.client.get("/"), "Welcome back, ann.")
        self.client.post("/logout/")
        self.assertContains(self.client.get("/"), "Sign in")

    def test_notes_are_kept(self):
        answer = self.client.post("/notes/", {"text": "buy <bread>"}, follow=True)
        self.assertContains(answer, "buy &lt;bread&gt;")

    def test_an_empty_note_is_refused(self):
        self.assertContains(self.client.post("/notes/", {"text": ""}), "This field is required", status_code=400)

    def test_notes_are_deleted(self):
        note = Note.objects.create(owner=self.ann, text="done")
        self.assertRedirects(self.client.post(f"/notes/{note.pk}/delete/"), "/notes/")
        self.assertFalse(Note.objects.exists())

    def test_notes_of_others_stay(self):
        note = Note.objects.create(owner=self.ben, text="mine")
        self.assertEqual(self.client.post(f"/notes/{note.pk}/delete/").status_code, 404)
        self.assertNotContains(self.client.get("/notes/"), "mine")

    def test_page_counts_its_notes(self):
        self.assertContains(self.client.get("/notes/"), "querySelectorAll")

    def test_downloads(self):
        Note.objects.create(owner=self.ann, text="first")
        table = self.client.get("/notes.csv")
        self.assertEqual(table.content.decode().strip(), "first")
        self.assertEqual(table.headers["content-disposition"], 'attachment; filename="notes.csv"')
        handbook = self.client.get("/handbook.pdf")
        self.assertTrue(b"".join(handbook.streaming_content).startswith(b"%PDF"))
        self.assertEqual(handbook.headers["content-type"], "application/pdf")


class BrowserTest(NotesTest):
    """With the checks of Django's own middleware on, as a browser meets them."""

    def setUp(self):
        self.client = Client(enforce_csrf_checks=True, headers={"Origin": "http://testserver"})

    def fill(self, page, action, **fields):
        inputs = Inputs(action)
        inputs.feed(self.client.get(page).text)
        return self.client.post(action, {**inputs.found, **fields}, follow=True)

    def test_signs_in_and_writes(self):
        self.fill("/login/", "/login/", name="ann", password="ann-likes-long-walks")
        self.assertContains(self.fill("/notes/", "/notes/", text="by hand"), "by hand")

    def test_a_form_without_its_token_is_refused(self):
        self.assertEqual(self.client.post("/login/", {"name": "ann", "password": "ann-likes-long-walks"}).status_code, 403)
