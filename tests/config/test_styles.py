"""The style sheets: in parts by subject, every page loads all of them, in one order."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import render_to_string

ORDER = ["base", "shell", "parts", "shapes", "print"]
FOLDER = Path(settings.BASE_DIR) / "static" / "css"


def loaded(text: str) -> list[str]:
    return [name for name in re.findall(r"css/([a-z-]+)[.\w]*\.css", text) if name in ORDER]


def test_the_parts_come_in_their_order_after_bootstrap():
    text = render_to_string("_styles.html")
    assert loaded(text) == ORDER
    assert text.index("bootstrap.min") < text.index("css/base")


def test_no_page_names_them_one_by_one():
    pages = (Path(settings.BASE_DIR) / "templates").rglob("*.html")
    named = [page.name for page in pages if "css/parts.css" in page.read_text(encoding="utf-8")]
    assert named == ["_styles.html"]


@pytest.mark.django_db
def test_the_log_in_page_loads_them_and_its_own_after(client):
    text = client.get("/", follow=True).content.decode()
    assert loaded(text) == ORDER
    assert text.index("css/print") < text.index("css/more")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.css")), ids=lambda path: path.name)
def test_no_part_is_longer_than_a_file_may_be(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
