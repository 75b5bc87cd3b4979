"""Orders: a small JSON API with bearer tokens, a documentation page with Swagger UI, and a signed webhook of the payment provider."""
import hashlib
import hmac
import json

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum
from django.http import HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from rest_framework import serializers, viewsets
from rest_framework.decorators import api_view
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from orders.models import Order


class OrderSerializer(serializers.ModelSerializer):
    number = serializers.IntegerField(source="pk", read_only=True)

    class Meta:
        model = Order
        fields = ["number", "item", "amount", "paid"]
        read_only_fields = ["paid"]


class OrderViewSet(viewsets.ModelViewSet):
    serializer_class = OrderSerializer
    permission_classes = [IsAuthenticated]
    http_method_names = ["get", "post", "delete", "head", "options"]

    def get_queryset(self):
        return Order.objects.filter(owner=self.request.user).order_by("pk")

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user)


@require_GET
def health(request):
    return JsonResponse({"status": "ok"})


@csrf_exempt
@require_POST
def paid(request):
    wanted = hmac.new(settings.WEBHOOK_SECRET.encode(), request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted, request.headers.get("X-Signature", "")):
        return HttpResponseForbidden("no")
    Order.objects.filter(pk=json.loads(request.body)["order"]).update(paid=True)
    return JsonResponse({"received": True})


@require_GET
def schema(request):
    paths = {"/orders": {}, "/orders/{number}": {}}
    return JsonResponse({"openapi": "3.1.0", "info": {"title": "Orders", "version": "1"}, "paths": paths})


@require_GET
def docs(request):
    return HttpResponse("""<!doctype html><html lang="en"><head><title>Orders</title>
<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui"})</script></body></html>""")


@api_view(["GET"])
def statistics(request):
    # Somebody wanted a quick look at the turnover.
    customers = list(User.objects.values_list("username", flat=True))
    return Response({"orders": Order.objects.count(), "turnover": Order.objects.aggregate(Sum("amount")), "customers": customers})
