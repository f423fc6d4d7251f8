"""The doors, one by one: allauth's own list would open sign-up and reset by mail."""

from allauth.account import views as allauth
from django.urls import path

from branches.accounts import views

urlpatterns = [
    path("login/", views.log_in, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("password/", views.password_change, name="account_change_password"),
    path("email/", views.email_change, name="account_change_email"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("activate/<str:token>/", views.activate, name="account_activate"),
    path("setup/<str:token>/", views.setup, name="account_setup"),
]
