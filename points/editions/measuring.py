"""The post a member is measured by in a year, set by hand: one or many at once, with the records of the year."""

from collections.abc import Collection
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction

from branches.audit import record
from branches.models import Branch, User
from members.closing import MonthState, month_state
from members.models import Member
from points.choices import PostKind
from points.ledger import registry
from points.ledger.posting import CLAIM, post_many
from points.ledger.posts import default_post
from points.ledger.rollups import count_members, lock_people
from points.models import Entry, MemberPost
from points.rulebook.book import RuleBook

QUARTERS = (1, 4, 7, 10)


def locked_words(branch: Branch, year: int) -> str:
    """Why the posts of a year can no longer be changed at a branch; "" when they can."""
    states = {month_state(branch, date(year, month, 1)) for month in QUARTERS}
    if MonthState.YEAR_LOCKED in states:
        return f"{branch}的{year}年已锁定，计分岗位不能再改。"
    if MonthState.QUARTER_LOCKED in states:
        return f"{branch}的{year}年已有季度锁定，请党委办公室重新开放后再改。"
    return ""


@transaction.atomic
def set_posts(*, members: Collection[Member], year: int, post: str, actor: User) -> int:
    """Measure these members by `post` in a year, and post their records of it anew. Returns how many changed.

    Locks as everywhere: the records of all sources, then everybody who has entries of them, then the rest follows.
    """
    if post not in PostKind.values:
        raise ValidationError({"post": "请选择计分岗位。"})
    people = {member.pk: member for member in members}
    if any(member.user_id == actor.pk for member in people.values()):
        raise ValidationError("本人的计分岗位由其他同志设定，请去掉本人后再提交。")
    known = {
        row.member_id: row
        for row in MemberPost.objects.select_for_update(of=("self",))
        .filter(member__in=people, year=year)
        .order_by("member")
    }
    before = {
        pk: known[pk].post if pk in known else default_post(member.branch.category) for pk, member in people.items()
    }
    changed = sorted(pk for pk, old in before.items() if old != post)
    for branch in {people[pk].branch_id: people[pk].branch for pk in changed}.values():
        if wrong := locked_words(branch, year):
            raise ValidationError(wrong)
    fixed = [pk for pk in people if pk not in known or pk in changed]
    MemberPost.objects.bulk_create(
        [MemberPost(member_id=pk, year=year, post=post, set_by=actor) for pk in sorted(fixed)],
        update_conflicts=True,
        unique_fields=["member", "year"],
        update_fields=["post", "set_by"],
    )
    for pk in changed:
        words = [PostKind(before[pk]).label, PostKind(post).label]
        changes = {"post": words, "year": [None, year]}
        record(actor=actor, action="post_of_points.set", target=people[pk], branch=people[pk].branch, changes=changes)
    if changed:
        _post_again(changed, year, actor)
    return len(changed)


def _post_again(members: list[int], year: int, actor: User) -> None:
    asked: dict[str, list[int]] = {}
    everybody = set(members)
    for source in registry.sources():
        if source.kind == CLAIM:
            continue  # decided as it was
        ids = source.touching(members, year) if source.touching else list(source.worth_asking(year))
        source.lock(ids)
        entries = Entry.objects.filter(source_kind=source.kind, source_id__in=ids).order_by()
        everybody |= set(entries.values_list("member_id", flat=True).distinct())
        asked[source.kind] = ids
    people = lock_people(everybody)
    for kind, ids in asked.items():
        post_many(source_kind=kind, source_ids=ids, actor=actor, tell=True)
    count_members({pk: people[pk] for pk in members}, year, RuleBook())
