"""Addresses of the points room, by subject."""

from django.urls import path

from points.urls import rule_book
from points.urls.assessment import urlpatterns as assessment
from points.urls.claims import urlpatterns as claims
from points.urls.cycle import urlpatterns as cycle
from points.urls.member_stars import urlpatterns as member_stars
from points.urls.stars import urlpatterns as stars
from points.views import pages, periods

app_name = "points"
urlpatterns = [
    path("", pages.my_points, name="my_points"),
    path("members/<int:pk>/", pages.member_points, name="member_points"),
    path("branch/", pages.branch_points, name="branch_points"),
    *claims,
    path("periods/", periods.period_list, name="period_list"),
    path("periods/<int:pk>/", periods.period_detail, name="period_detail"),
    path("periods/<int:pk>/change/", periods.period_change, name="period_change"),
    path("periods/<int:pk>/urge/", periods.period_urge, name="period_urge"),
    path("periods/close/", periods.period_close_all, name="period_close_all"),
    path("periods/lock/", periods.period_lock_all, name="period_lock_all"),
    *assessment,
    *rule_book.urlpatterns,
    *cycle,
    *stars,
    *member_stars,
]
