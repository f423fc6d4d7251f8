"""The doors of log-in, one by one: allauth's own list would open sign-up and reset by mail."""

from allauth.account import views as allauth
from django.urls import path

urlpatterns = [
    path("login/", allauth.login, name="account_login"),
    path("logout/", allauth.logout, name="account_logout"),
    path("password/", allauth.password_change, name="account_change_password"),
    path("reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
]
