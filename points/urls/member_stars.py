"""The stars of members."""

from django.urls import path

from points.views import member_star_terms, member_stars

urlpatterns = [
    path("stars/members/", member_stars.member_star_list, name="member_star_list"),
    path("stars/members/file/", member_stars.member_star_hospital_file, name="member_star_hospital_file"),
    path("stars/members/terms/", member_star_terms.member_star_terms, name="member_star_terms"),
    path("stars/members/<int:pk>/<int:year>/", member_stars.member_star_detail, name="member_star_detail"),
    path("stars/members/<int:pk>/<int:year>/row/", member_stars.member_star_row, name="member_star_row"),
    path("stars/members/<int:pk>/<int:year>/move/", member_stars.member_star_move, name="member_star_move"),
    path("stars/members/<int:pk>/<int:year>/file/", member_stars.member_star_file, name="member_star_file"),
]
