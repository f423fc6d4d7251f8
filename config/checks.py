"""What `manage.py check --deploy` asks of an installation beyond Django's own list."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def no_demo_accounts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Demo accounts share one printed password: such a site is never a deployment."""
    if not settings.DEMO:
        return []
    hint = "start it without DEMO, on data of its own"
    return [Error("DEMO=1: this site has demo accounts", hint=hint, id="config.E002")]
