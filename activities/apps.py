from importlib import import_module

from django.apps import AppConfig


class ActivitiesConfig(AppConfig):
    name = "activities"
    verbose_name = "活动"

    def ready(self) -> None:
        import_module("activities.audit_words")
        import_module("activities.calendar_feed")
        import_module("activities.handbook.kind")
        import_module("activities.reports.kinds")
        import_module("activities.receivers")  # its decorators connect the signals; models must be loaded first
