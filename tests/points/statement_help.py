"""The page of one member's points, read in tests."""

import re
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from branches.models import User
from members.models import Member
from points.choices import Category
from points.statement.own import Statement, statement
from points.statement.parts import Part
from tests import factories

MINE = reverse("points:my_points")


def shown(member: Member, year: int = 2026, reader: User | None = None, **kw: Any) -> Statement:
    return statement(member=member, year=year, reader=reader or member.user, today=factories.TODAY, **kw)


def words(answer: HttpResponse) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", answer.content.decode()))


def part(page: Statement, category: Category | str) -> Part:
    return next(one for one in page.parts if one.category == category)
