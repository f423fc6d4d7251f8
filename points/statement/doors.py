"""Where claims and objections are made and read."""

from urllib.parse import urlencode

from django.urls import reverse


def new_claim(code: str = "") -> str:
    return _asking("points:claim_create", **({"item": code} if code else {}))


def new_objection(**about: int) -> str:
    """About an entry=… or a deduction claim=…."""
    return _asking("points:objection_create", **about)


def objection(pk: int) -> str:
    return reverse("points:objection_detail", args=[pk])


def _asking(name: str, **query: object) -> str:
    return f"{reverse(name)}?{urlencode(query)}" if query else reverse(name)
