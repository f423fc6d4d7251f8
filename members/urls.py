from django.urls import path

from members.views import changes, development, exemptions, imports, roster, setup

app_name = "members"
urlpatterns = [
    path("", roster.member_list, name="member_list"),
    path("export/", roster.member_export, name="member_export"),
    path("me/", roster.me, name="me"),
    path("new/", changes.member_create, name="member_create"),
    path("<int:pk>/", roster.member_detail, name="member_detail"),
    path("<int:pk>/reveal/", roster.member_reveal, name="member_reveal"),
    path("<int:pk>/edit/", changes.member_edit, name="member_edit"),
    path("<int:pk>/transfer/", changes.member_transfer, name="member_transfer"),
    path("<int:pk>/confirm/", changes.member_confirm, name="member_confirm"),
    path("<int:pk>/leave/", changes.member_leave, name="member_leave"),
    path("<int:pk>/return/", changes.member_return, name="member_return"),
    path("import/", imports.import_create, name="import_create"),
    path("import/<int:pk>/", imports.import_detail, name="import_detail"),
    path("import/<int:pk>/confirm/", imports.import_confirm, name="import_confirm"),
    path("import/<int:pk>/cancel/", imports.import_cancel, name="import_cancel"),
    path("import/<int:pk>/roll-back/", imports.import_roll_back, name="import_roll_back"),
    path("import/<int:pk>/refused/", imports.import_refused, name="import_refused"),
    path("exemptions/", exemptions.exemption_list, name="exemption_list"),
    path("exemptions/new/", exemptions.exemption_create, name="exemption_create"),
    path("exemptions/<int:pk>/end/", exemptions.exemption_end, name="exemption_end"),
    path("exemptions/<int:pk>/withdraw/", exemptions.exemption_withdraw, name="exemption_withdraw"),
    path("development/", development.development, name="development"),
    path("setup/", setup.setup, name="setup"),
    path("officers/", setup.officer_list, name="officers"),
]
