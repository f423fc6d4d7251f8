"""Star ratings."""

from django.urls import path

from points.views import star_card_drafts, star_cards, star_cycle, star_objections, star_records, stars

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
    path("stars/cards/", star_cards.star_cards, name="star_cards"),
    path("stars/cards/new/", star_card_drafts.star_card_new, name="star_card_new"),
    path("stars/cards/<int:pk>/", star_cards.star_card, name="star_card"),
    path("stars/cards/<int:pk>/changes/", star_cards.star_card_compare, name="star_card_compare"),
    path("stars/cards/<int:pk>/edit/", star_card_drafts.star_card_edit, name="star_card_edit"),
    path("stars/cards/<int:pk>/weights/", star_card_drafts.star_card_weights, name="star_card_weights"),
    path("stars/cards/<int:pk>/lines/new/", star_card_drafts.star_card_line_new, name="star_card_line_new"),
    path("stars/cards/<int:pk>/lines/<int:line>/", star_card_drafts.star_card_line, name="star_card_line"),
    path(
        "stars/cards/<int:pk>/lines/<int:line>/change/",
        star_card_drafts.star_card_line_change,
        name="star_card_line_change",
    ),
    path("stars/cards/<int:pk>/publish/", star_card_drafts.star_card_publish, name="star_card_publish"),
    path("stars/cards/<int:pk>/delete/", star_card_drafts.star_card_delete, name="star_card_delete"),
]
