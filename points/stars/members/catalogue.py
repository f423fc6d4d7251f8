"""The default terms of member stars: the figures the fields of the table begin with."""

from typing import Any, Final

VALID_FROM: Final = 2020


def install_default(scheme: Any) -> None:
    """Write the default edition where it is missing: migration 0013 did, and a database may have been emptied since."""
    scheme.objects.get_or_create(hospital=None, valid_from=VALID_FROM)
