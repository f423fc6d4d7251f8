"""Star ratings."""

from django.urls import path

from points.views import star_cycle, star_objections, star_records, stars

urlpatterns = [
    path("stars/", stars.star_list, name="star_list"),
    path("stars/branches/<int:pk>/<int:year>/", stars.star_detail, name="star_detail"),
    path("stars/branches/<int:pk>/<int:year>/records/", star_records.star_records, name="star_records"),
    path("stars/branches/<int:pk>/<int:year>/marks/", star_records.star_mark, name="star_mark"),
    path("stars/branches/<int:pk>/<int:year>/move/", star_cycle.star_move, name="star_move"),
    path("stars/rounds/<int:pk>/<int:year>/", star_cycle.star_round, name="star_round"),
    path("stars/publicity/", star_objections.star_publicity, name="star_publicity"),
    path("stars/publicity/<int:pk>/", star_objections.star_object, name="star_object"),
    path("stars/objections/", star_objections.star_objections, name="star_objections"),
    path("stars/objections/<int:pk>/answer/", star_objections.star_answer, name="star_answer"),
    path("stars/marks/<int:pk>/withdraw/", star_records.star_mark_withdraw, name="star_mark_withdraw"),
]
