"""Print a one-time link for the set-up of an empty installation; nothing when there is nothing to set up."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from branches.accounts.slips import make_setup_token, needs_setup


def _local_address() -> str:
    """Where `./dev run` serves: the same variables, the same defaults."""
    host = os.environ.get("HOST", "")
    host = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104
    return f"http://{host}:{os.environ.get('PORT') or 8000}"


class Command(BaseCommand):
    help = (
        "Prints a link, valid for a day, that makes the top organisation and the first account. Prints nothing later."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--base", default="", help="address of the site, e.g. https://dj.example")

    def handle(self, *args: Any, **options: Any) -> None:
        if not needs_setup():
            return
        base = options["base"].rstrip("/") or _local_address()
        url = base + reverse("account_setup", args=[make_setup_token()])
        self.stdout.write(f"初始设置链接（{settings.SETUP_HOURS}小时内有效，只能用一次）：\n{url}")
