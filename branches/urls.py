from django.urls import path

from branches.accounts import pages
from branches.office import schedule_views
from branches.office import views as office
from branches.views import audit, feed, holidays, inbox, posts, reminders, terms, tree

app_name = "branches"
urlpatterns = [
    path("", tree.branch_tree, name="branch_tree"),
    path("<int:pk>/", tree.branch_detail, name="branch_detail"),
    path("<int:pk>/new/", tree.branch_create, name="branch_create"),
    path("<int:pk>/edit/", tree.branch_edit, name="branch_edit"),
    path("<int:pk>/dissolve/", tree.branch_dissolve, name="branch_dissolve"),
    path("<int:pk>/move/", tree.branch_move, name="branch_move"),
    path("<int:pk>/posts/new/", posts.post_create, name="post_create"),
    path("<int:pk>/people/new/", posts.person_create, name="person_create"),
    path("<int:pk>/slips/", pages.branch_slips, name="slips"),
    path("<int:pk>/term/", terms.term_edit, name="term_edit"),
    path("<int:pk>/term/extend/", terms.term_extend, name="term_extend"),
    path("posts/<int:pk>/end/", posts.post_end, name="post_end"),
    path("people/", posts.person_search, name="person_search"),
    path("accounts/", pages.account_list, name="account_list"),
    path("accounts/<int:pk>/", pages.account_detail, name="account_detail"),
    path("inbox/", inbox.notice_list, name="inbox"),
    path("inbox/<int:pk>/", inbox.notice_open, name="notice_open"),
    path("inbox/read/", inbox.notices_read, name="notices_read"),
    path("todos/", inbox.todo_list, name="todo_list"),
    path("reminders/", reminders.settings_page, name="reminders"),
    path("reminders/channels/<str:kind>/", reminders.channel, name="channel"),
    path("reminders/feed/", reminders.feed_link, name="feed_link"),
    path("feed/<str:token>.ics", feed.calendar_feed, name="calendar_feed"),
    path("holidays/", holidays.holiday_list, name="holiday_list"),
    path("holidays/<int:pk>/delete/", holidays.holiday_delete, name="holiday_delete"),
    path("reports/", office.report_list, name="reports"),
    path("reports/new/", office.report_new, name="report_new"),
    path("reports/schedules/", schedule_views.schedule_list, name="schedules"),
    path("reports/schedules/new/", schedule_views.schedule_new, name="schedule_new"),
    path("reports/schedules/<int:pk>/", schedule_views.schedule_edit, name="schedule_edit"),
    path("reports/schedules/<int:pk>/switch/", schedule_views.schedule_switch, name="schedule_switch"),
    path("reports/schedules/<int:pk>/delete/", schedule_views.schedule_delete, name="schedule_delete"),
    path("reports/<int:pk>/cancel/", office.report_cancel, name="report_cancel"),
    path("reports/<int:pk>/", office.report_state, name="report_state"),
    path("reports/<int:pk>/file/", office.report_file, name="report_download"),
    path("reports/<int:pk>/again/", office.report_again, name="report_again"),
    path("reports/<int:pk>/delete/", office.report_delete, name="report_delete"),
    path("audit/", audit.audit_list, name="audit_list"),
]
