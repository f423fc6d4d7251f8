from django.urls import path

from points import views

app_name = "points"
urlpatterns = [
    path("", views.my_points, name="my_points"),
    path("members/<int:pk>/", views.member_points, name="member_points"),
    path("branch/", views.branch_points, name="branch_points"),
    path("rules/", views.rule_list, name="rule_list"),
]
