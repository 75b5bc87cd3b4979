from django.contrib.auth import views as auth_views
from django.urls import path

from . import views

urlpatterns = [
    path("", views.index, name="index"),
    path("login/", views.sign_in, name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("tickets/new/", views.TicketCreate.as_view(), name="new"),
    path("tickets/<int:pk>/", views.show, name="show"),
    path("tickets/<int:pk>/close/", views.close, name="close"),
    path("tickets/<int:pk>/link/", views.link, name="link"),
    path("archive/", views.archive, name="archive"),
]
