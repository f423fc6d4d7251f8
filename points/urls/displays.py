"""The screens of meeting rooms: at the top of the site, because their addresses are typed into a strange machine."""

from django.urls import path

from points.dashboard import display

urlpatterns = [
    path("", display.display_list, name="display_list"),
    path("<int:pk>/revoke/", display.display_revoke, name="display_revoke"),
    path("show/<str:token>/", display.display, name="display"),
    path("show/<str:token>/panel/", display.display_panel, name="display_panel"),
]
