from django.urls import path

from activities.views import board, documents, follow_ups, form, grace, records

app_name = "activities"
urlpatterns = [
    path("", records.activity_list, name="activity_list"),
    path("new/", form.activity_create, name="activity_create"),
    path("board/", board.board, name="board"),
    path("grace/", grace.grace, name="grace"),
    path("plan/<int:pk>/", board.plan_item, name="plan_item"),
    path("year/", documents.year_files, name="year_files"),
    path("year/attendance/", documents.attendance_file, name="attendance_file"),
    path("year/plan/", documents.plan_file, name="plan_file"),
    path("<int:pk>/file/", documents.record_file, name="record_file"),
    path("<int:pk>/sign-in-sheet/", documents.sign_in_file, name="sign_in_file"),
    path("<int:pk>/", records.activity_detail, name="activity_detail"),
    path("drafts/keep/", form.draft_keep, name="draft_keep"),
    path("drafts/drop/", form.draft_drop, name="draft_drop"),
    path("matters/", follow_ups.follow_up_list, name="follow_ups"),
    path("matters/<int:pk>/done/", follow_ups.follow_up_done, name="follow_up_done"),
    path("files/<int:pk>/", follow_ups.attachment, name="attachment"),
    path("files/<int:pk>/delete/", follow_ups.attachment_delete, name="attachment_delete"),
    path("<int:pk>/files/", follow_ups.attachment_add, name="attachment_add"),
    path("<int:pk>/announce/", follow_ups.activity_announce, name="activity_announce"),
    path("<int:pk>/edit/", form.activity_edit, name="activity_edit"),
    path("<int:pk>/submit/", records.activity_submit, name="activity_submit"),
    path("<int:pk>/confirm/", records.activity_confirm, name="activity_confirm"),
    path("<int:pk>/return/", records.activity_return, name="activity_return"),
    path("<int:pk>/correct/", records.activity_correct, name="activity_correct"),
    path("<int:pk>/delete/", records.activity_delete, name="activity_delete"),
    path("photos/<int:pk>/image/", records.photo, {"size": "image"}, name="photo"),
    path("photos/<int:pk>/thumb/", records.photo, {"size": "thumb"}, name="photo_thumb"),
    path("photos/<int:pk>/delete/", records.photo_delete, name="photo_delete"),
]
