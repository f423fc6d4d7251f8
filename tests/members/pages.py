"""Short words for the tests of pages."""

from typing import Any

from django.urls import reverse


def url(name: str, *args: Any) -> str:
    return reverse(f"members:{name}", args=args)
