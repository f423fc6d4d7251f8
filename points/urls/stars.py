"""Star ratings."""

from django.urls import path

from points.views import star_records, stars

urlpatterns = [
    path("stars/", stars.star_list, name="star_list"),
    path("stars/branches/<int:pk>/<int:year>/", stars.star_detail, name="star_detail"),
    path("stars/branches/<int:pk>/<int:year>/records/", star_records.star_records, name="star_records"),
    path("stars/branches/<int:pk>/<int:year>/marks/", star_records.star_mark, name="star_mark"),
    path("stars/marks/<int:pk>/withdraw/", star_records.star_mark_withdraw, name="star_mark_withdraw"),
]
