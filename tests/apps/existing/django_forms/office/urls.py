from django.contrib.auth.views import LogoutView
from django.urls import path

from notes import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.sign_in, name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("notes/", views.NotesView.as_view(), name="notes"),
    path("notes/<int:pk>/delete/", views.delete, name="delete"),
    path("notes.csv", views.export, name="export"),
    path("handbook.pdf", views.handbook, name="handbook"),
    path("all-notes/", views.all_notes),
]
