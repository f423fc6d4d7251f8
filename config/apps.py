from django.apps import AppConfig
from django.core.checks import Tags, register

from config.checks import no_demo_accounts


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "设置"

    def ready(self) -> None:
        register(no_demo_accounts, Tags.security, deploy=True)
