"""The post a member is measured by in a year, where the rules differ by post; else nothing is asked or written."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from points.choices import PostKind
from points.models import MemberPost


class Measured(NamedTuple):
    """A member in a year, and the category of the home branch, which decides while no post is fixed."""

    member_id: int
    year: int
    category: str


def default_post(category: str) -> str:
    return category if category in PostKind.values else PostKind.CLINICAL.value


def posts_of(wanted: Iterable[Measured]) -> dict[tuple[int, int], str]:
    """(member, year) -> post, as fixed, else by the branch. One statement, none for nobody."""
    asked = {(one.member_id, one.year): default_post(one.category) for one in wanted}
    if not asked:
        return {}
    rows = MemberPost.objects.filter(member__in={m for m, _ in asked}, year__in={y for _, y in asked})
    fixed = {(member, year): post for member, year, post in rows.values_list("member_id", "year", "post")}
    return {key: fixed.get(key, post) for key, post in asked.items()}


def fix_posts(posts: Mapping[tuple[int, int], str]) -> None:
    """Write down what was assumed, so that it stays; the caller holds the lock on the members."""
    members, years = {m for m, _ in posts}, {y for _, y in posts}
    known = set(MemberPost.objects.filter(member__in=members, year__in=years).values_list("member_id", "year"))
    MemberPost.objects.bulk_create(
        [MemberPost(member_id=m, year=y, post=post) for (m, y), post in sorted(posts.items()) if (m, y) not in known]
    )
