from django.urls import path
from records import views

urlpatterns = [path("", views.home), path("patients/", views.patients), path("patients/new", views.add)]
