from importlib import import_module

from django.apps import AppConfig

from branches import append_only


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = "积分"

    def ready(self) -> None:
        append_only.register("points.Entry")
        import_module("points.audit_words")
        import_module("points.closing").register_periods()
        import_module("points.handbook")
        import_module("points.receivers")  # its decorators connect the signals; models must be loaded first
