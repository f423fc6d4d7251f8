"""Where claims and objections are made and read. An address that is not served is "", and no page shows its link."""

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse


def _address(name: str, *args: int, **query: object) -> str:
    try:
        url = reverse(f"points:{name}", args=args)
    except NoReverseMatch:
        return ""
    return f"{url}?{urlencode(query)}" if query else url


def new_claim(code: str = "") -> str:
    return _address("claim_create", **({"item": code} if code else {}))


def new_objection(**about: int) -> str:
    """About an entry=…, a deduction claim=…, or nothing of the kind."""
    return _address("objection_create", **about)


def objection(pk: int) -> str:
    return _address("objection_detail", pk)
