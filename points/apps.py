from django.apps import AppConfig

from branches import append_only


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = "积分"

    def ready(self) -> None:
        append_only.register("points.Entry")
