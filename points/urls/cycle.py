"""The cycle: periods, publications, objections."""

from django.urls import path

from points.views import objections, publications

urlpatterns = [
    path("publications/", publications.publication_list, name="publication_list"),
    path("publications/<int:pk>/", publications.publication_detail, name="publication_detail"),
    path("publications/create/<int:pk>/", publications.publication_create, name="publication_create"),
    path("objections/", objections.objection_list, name="objection_list"),
    path("objections/create/", objections.objection_create, name="objection_create"),
    path("objections/<int:pk>/", objections.objection_detail, name="objection_detail"),
    path("objections/<int:pk>/act/", objections.objection_act, name="objection_act"),
]
