"""Motions, elections and their papers; part of activities.urls."""

from django.urls import path

from activities.views import elections, votes

urlpatterns = [
    path("<int:pk>/votes/", votes.votes_page, name="votes"),
    path("<int:pk>/votes/new/", votes.motion_create, name="motion_create"),
    path("<int:pk>/votes/exclude/", votes.exclusion_create, name="exclusion_create"),
    path("<int:pk>/elections/new/", elections.election_create, name="election_create"),
    path("votes/<int:pk>/", votes.motion_edit, name="motion_edit"),
    path("votes/<int:pk>/delete/", votes.motion_delete, name="motion_delete"),
    path("exclusions/<int:pk>/", votes.exclusion_edit, name="exclusion_edit"),
    path("exclusions/<int:pk>/delete/", votes.exclusion_delete, name="exclusion_delete"),
    path("elections/<int:pk>/", elections.election_edit, name="election_edit"),
    path("elections/<int:pk>/count/", elections.election_count, name="election_count"),
    path("elections/<int:pk>/again/", elections.election_again, name="election_again"),
    path("elections/<int:pk>/delete/", elections.election_delete, name="election_delete"),
    path("elections/<int:pk>/approve/", elections.election_approve, name="election_approve"),
    path("elections/<int:pk>/ballots/", elections.election_ballot, name="election_ballot"),
    path("elections/<int:pk>/sheet/", elections.election_sheet, name="election_sheet"),
]
