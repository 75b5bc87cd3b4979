import hashlib
import hmac
import json

from django.conf import settings
from django.contrib.auth.models import User
from rest_framework.test import APITestCase


class OrdersTest(APITestCase):
    @classmethod
    def setUpTestData(cls):
        User.objects.create_user("ann", password="ann-likes-long-walks")
        User.objects.create_user("ben", password="ben-bakes-rye-bread")

    def sign_in(self, name, password):
        token = self.client.post("/token", {"username": name, "password": password}).json()["token"]
        self.client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    def ann(self):
        self.sign_in("ann", "ann-likes-long-walks")

    def test_health(self):
        self.assertEqual(self.client.get("/health").json(), {"status": "ok"})

    def test_needs_a_token(self):
        answer = self.client.get("/orders")
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer.headers["www-authenticate"], "Token")

    def test_wrong_token(self):
        self.client.credentials(HTTP_AUTHORIZATION="Token guess")
        self.assertEqual(self.client.get("/orders").status_code, 401)

    def test_wrong_password(self):
        self.assertEqual(self.client.post("/token", {"username": "ann", "password": "guess"}).status_code, 400)

    def test_orders_come_and_go(self):
        self.ann()
        made = self.client.post("/orders", {"item": "chair", "amount": 2}, format="json")
        self.assertEqual(made.status_code, 201)
        number = made.json()["number"]
        self.assertEqual(self.client.get(f"/orders/{number}").json()["item"], "chair")
        self.assertEqual([order["number"] for order in self.client.get("/orders").json()], [number])
        self.assertEqual(self.client.delete(f"/orders/{number}").status_code, 204)
        self.assertEqual(self.client.get(f"/orders/{number}").status_code, 404)

    def test_orders_of_others_are_not_found(self):
        self.ann()
        number = self.client.post("/orders", {"item": "lamp", "amount": 1}, format="json").json()["number"]
        self.sign_in("ben", "ben-bakes-rye-bread")
        self.assertEqual(self.client.get(f"/orders/{number}").status_code, 404)
        self.assertEqual(self.client.delete(f"/orders/{number}").status_code, 404)

    def test_bad_input_is_told(self):
        self.ann()
        answer = self.client.post("/orders", {"item": "chair", "amount": "many"}, format="json")
        self.assertEqual(answer.status_code, 400)
        self.assertIn("amount", answer.json())

    def test_other_methods_are_not_offered(self):
        self.ann()
        self.assertEqual(self.client.put("/orders", {}, format="json").status_code, 405)

    def test_signed_webhook(self):
        self.ann()
        number = self.client.post("/orders", {"item": "sofa", "amount": 1}, format="json").json()["number"]
        body = json.dumps({"order": number}).encode()
        signature = hmac.new(settings.WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()

        def provider(signature):
            headers = {"X-Signature": signature, "User-Agent": "Payments/2.1"}
            return self.client_class().post("/hooks/payments", body, content_type="application/json", headers=headers)

        self.assertEqual(provider(signature).json(), {"received": True})
        self.assertTrue(self.client.get(f"/orders/{number}").json()["paid"])
        self.assertEqual(provider("00").status_code, 403)

    def test_documentation_is_served(self):
        self.assertContains(self.client.get("/docs"), "swagger-ui")
        self.assertIn("/orders/{number}", self.client.get("/openapi.json").json()["paths"])
