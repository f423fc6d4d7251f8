from django.urls import path

from activities.views import board, documents, form, grace, records

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
