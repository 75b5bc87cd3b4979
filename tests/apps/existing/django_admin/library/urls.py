from django.contrib import admin
from django.urls import include, path

from loans import views

urlpatterns = [
    path("", views.home),
    path("health/", views.health),
    path("loans/", views.my_loans),
    path("books/<int:pk>/borrow/", views.borrow),
    path("books/<int:pk>/return/", views.give_back),
    path("export/readers.csv", views.readers),
    path("accounts/", include("django.contrib.auth.urls")),
    path("admin/", admin.site.urls),
]
