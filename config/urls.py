"""The composition root: the only module of config that imports the rooms."""

from django.urls import include, path

from config import health
from points import home as points_home
from points.dashboard import views as dashboard

handler403 = "branches.views.refused"
handler404 = "branches.views.not_found"
handler500 = "branches.views.broken"

urlpatterns = [
    path("", points_home.home, name="home"),
    path("overview/", dashboard.overview, name="overview"),
    path("displays/", include("points.urls.displays")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("account/", include("branches.accounts.urls")),
    path("branches/", include("branches.urls")),
    path("members/", include("members.urls")),
    path("activities/", include("activities.urls")),
    path("points/", include("points.urls")),
]
