from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import post_migrate, pre_migrate

from branches import append_only


class BranchesConfig(AppConfig):
    name = "branches"
    verbose_name = "党组织"

    def ready(self) -> None:
        from django.contrib.auth import signals

        from branches.accounts import receivers

        append_only.register("branches.AuditEntry")
        pre_migrate.connect(append_only.lift_before_migrate, dispatch_uid="frozen")
        post_migrate.connect(append_only.install_after_migrate, dispatch_uid="append_only")
        checks.register(append_only.check_triggers, checks.Tags.database)
        signals.user_logged_in.connect(receivers.note_login, dispatch_uid="note_login")
        signals.user_logged_out.connect(receivers.note_logout, dispatch_uid="note_logout")
        signals.user_login_failed.connect(receivers.note_failure, dispatch_uid="note_failure")
