from django.urls import include, path
from rest_framework.authtoken.views import obtain_auth_token
from rest_framework.routers import SimpleRouter

from orders import views

router = SimpleRouter(trailing_slash=False)
router.register("orders", views.OrderViewSet, basename="order")

urlpatterns = [
    path("health", views.health),
    path("token", obtain_auth_token),
    path("", include(router.urls)),
    path("hooks/payments", views.paid),
    path("openapi.json", views.schema),
    path("docs", views.docs),
    path("statistics", views.statistics),
]
