"""What the site writes to its log opens no door and names nobody."""

import logging
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from branches.accounts.slips import _new_token
from config.logs import OneLine


def test_the_token_of_a_slip_is_not_logged() -> None:
    """Django logs the path of every answer from 400 on: a password refused as too short must not give the link away."""
    token = _new_token()
    path = reverse("account_activate", args=[token])
    line = OneLine("%(message)s").format(
        logging.makeLogRecord({"msg": "%s: %s", "args": ("Unprocessable Entity", path)})
    )
    assert token not in line
    assert line.startswith("Unprocessable Entity: /account/")


@pytest.mark.parametrize("name", ["Dockerfile", "docker-compose.yml"])
def test_the_web_server_logs_no_address_line(name: str) -> None:
    """A search may hold an identity number, a slip its token: method and status are enough."""
    text = (Path(settings.BASE_DIR) / name).read_text()
    shape = re.search(r"--access-logformat\W+(.*%\(L\)s)", text)
    assert shape
    assert not set(re.findall(r"%\((\w)\)s", shape[1])) & set("rUqf")
