from importlib import import_module

from django.apps import AppConfig

from branches import append_only


class MembersConfig(AppConfig):
    name = "members"
    verbose_name = "党员"

    def ready(self) -> None:
        append_only.register("members.MembershipEvent")
        import_module("members.audit_words")
        import_module("members.cautions")  # what it says of appointments is asked for by the room below
        import_module("members.roster_paper")  # tells the report centre of it
