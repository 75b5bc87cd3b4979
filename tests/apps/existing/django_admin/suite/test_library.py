from django.contrib.auth.models import User
from django.test import TestCase

from loans.models import Book, Loan


class LibraryTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.ann = User.objects.create_user("ann", password="ann-likes-long-walks")
        cls.eve = User.objects.create_superuser("eve", password="eve-orders-the-books")
        cls.book = Book.objects.create(title="Emma", author="Jane Austen")


class ReaderTest(LibraryTest):
    def test_home_is_open(self):
        self.assertContains(self.client.get("/"), "Emma by Jane Austen")

    def test_health(self):
        self.assertEqual(self.client.get("/health/").json(), {"status": "ok"})

    def test_slash_is_added(self):
        self.assertRedirects(self.client.get("/health"), "/health/", status_code=301)

    def test_loans_need_a_login(self):
        self.assertRedirects(self.client.get("/loans/"), "/accounts/login/?next=/loans/")

    def test_wrong_password(self):
        answer = self.client.post("/accounts/login/", {"username": "ann", "password": "guess"})
        self.assertContains(answer, "Please enter a correct username and password")

    def test_sign_in_and_out(self):
        answer = self.client.post("/accounts/login/", {"username": "ann", "password": "ann-likes-long-walks"}, follow=True)
        self.assertContains(answer, "Signed in as ann")
        answer = self.client.post("/accounts/logout/", follow=True)
        self.assertContains(answer, "Sign in")

    def test_books_come_and_go(self):
        self.client.force_login(self.ann)
        self.assertContains(self.client.post(f"/books/{self.book.pk}/borrow/", follow=True), "Emma")
        self.assertNotContains(self.client.post(f"/books/{self.book.pk}/return/", follow=True), "Emma")

    def test_a_missing_book_is_not_found(self):
        self.client.force_login(self.ann)
        self.assertEqual(self.client.post("/books/999/borrow/").status_code, 404)

    def test_borrowing_is_a_post(self):
        self.client.force_login(self.ann)
        self.assertEqual(self.client.get(f"/books/{self.book.pk}/borrow/").status_code, 405)


class AdminTest(LibraryTest):
    def test_readers_are_sent_to_the_login(self):
        self.client.force_login(self.ann)
        self.assertRedirects(self.client.get("/admin/"), "/admin/login/?next=/admin/")

    def test_staff_signs_in(self):
        self.assertContains(self.client.get("/admin/login/"), "Django administration")
        sent = {"username": "eve", "password": "eve-orders-the-books", "next": "/admin/"}
        self.assertContains(self.client.post("/admin/login/", sent, follow=True), "Site administration")

    def test_staff_adds_changes_and_deletes_a_book(self):
        self.client.force_login(self.eve)
        self.assertContains(self.client.get("/admin/loans/book/add/"), "Add book")
        sent = {"title": "Persuasion", "author": "Jane Austen"}
        self.assertContains(self.client.post("/admin/loans/book/add/", sent, follow=True), "was added successfully")
        made = Book.objects.get(title="Persuasion")
        changed = {**sent, "lost": "on"}
        self.assertContains(self.client.post(f"/admin/loans/book/{made.pk}/change/", changed, follow=True), "was changed successfully")
        self.assertContains(self.client.get(f"/admin/loans/book/{made.pk}/history/"), "Changed Lost")
        self.assertContains(self.client.post(f"/admin/loans/book/{made.pk}/delete/", {"post": "yes"}, follow=True), "was deleted successfully")

    def test_staff_searches(self):
        self.client.force_login(self.eve)
        self.assertContains(self.client.get("/admin/loans/book/?q=emm"), "Emma")
        self.assertNotContains(self.client.get("/admin/loans/book/?q=nothing"), "Jane Austen")

    def test_staff_runs_an_action(self):
        self.client.force_login(self.eve)
        sent = {"action": "mark_lost", "_selected_action": [self.book.pk]}
        self.assertRedirects(self.client.post("/admin/loans/book/", sent), "/admin/loans/book/")
        self.book.refresh_from_db()
        self.assertTrue(self.book.lost)

    def test_autocomplete_and_translations_are_served(self):
        self.client.force_login(self.eve)
        asked = "/admin/autocomplete/?term=em&app_label=loans&model_name=loan&field_name=book"
        self.assertEqual(self.client.get(asked).json()["results"][0]["text"], "Emma")
        self.assertEqual(self.client.get("/admin/jsi18n/").headers["content-type"].split(";")[0], "text/javascript")

    def test_staff_records_a_loan(self):
        self.client.force_login(self.eve)
        self.client.post("/admin/loans/loan/add/", {"book": self.book.pk, "reader": self.ann.pk})
        self.assertEqual(Loan.objects.get().reader, self.ann)
