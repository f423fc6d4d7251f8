"""Signing in, leave, make-up study and hours; part of activities.urls."""

from django.urls import path

from activities.views import hours, leave, make_ups, own, scan, sign_in

urlpatterns = [
    path("sign-in/", scan.code, name="sign_code"),
    path("<int:pk>/scan/", scan.scan, name="scan"),
    path("<int:pk>/signed/", scan.signed, name="signed"),
    path("<int:pk>/sign-in/", sign_in.manage, name="sign_in"),
    path("<int:pk>/sign-in/close/", sign_in.close, name="sign_close"),
    path("<int:pk>/sign-in/tick/", sign_in.tick, name="sign_tick"),
    path("<int:pk>/sign-in/undo/", sign_in.undo, name="sign_undo"),
    path("<int:pk>/sign-in/screen/", sign_in.screen, name="sign_screen"),
    path("<int:pk>/sign-in/live/", sign_in.live, name="sign_live"),
    path("<int:pk>/leave/", leave.ask, name="leave_ask"),
    path("leave/", leave.leave_list, name="leave_list"),
    path("leave/<int:pk>/decide/", leave.decide, name="leave_decide"),
    path("leave/<int:pk>/withdraw/", leave.withdraw, name="leave_withdraw"),
    path("make-ups/", make_ups.make_up_list, name="make_up_list"),
    path("make-ups/check/", make_ups.make_up_check, name="make_up_check"),
    path("make-ups/<int:pk>/", make_ups.make_up_report, name="make_up_report"),
    path("make-ups/<int:pk>/decide/", make_ups.make_up_decide, name="make_up_decide"),
    path("mine/", own.my_attendance, name="my_attendance"),
    path("members/<int:pk>/", own.member_attendance, name="member_attendance"),
    path("hours/", hours.hours_list, name="hours_list"),
    path("hours/mine/", own.my_hours, name="my_hours"),
    path("hours/members/<int:pk>/", own.member_hours, name="member_hours"),
    path("hours/new/", hours.hours_create, name="hours_create"),
    path("hours/<int:pk>/check/", hours.hours_check, name="hours_check"),
    path("hours/<int:pk>/remove/", own.hours_remove, name="hours_remove"),
]
