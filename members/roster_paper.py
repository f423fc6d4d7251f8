"""The roll as a paper (党员名册). It goes from hand to hand: no phone, no address, the identity number masked."""

from typing import Final

from branches.choices import Capability, Span
from branches.office import kinds
from branches.office.kinds import Asked, NothingToReport, ReportKind
from config.documents.content import LANDSCAPE, Column, Document, Heading, Line, Paragraph, Table, Value
from config.templatetags.ui import cn_date
from members import facts
from members.choices import MemberType
from members.models import Member

COLUMNS: Final = (
    Column("序号", 11, "center"),
    Column("姓名", 19),
    Column("党支部", 38),
    Column("性别", 10, "center"),
    Column("民族", 17),
    Column("出生年份", 17, "center"),
    Column("公民身份号码", 44, "center"),
    Column("学历", 26),
    Column("人员类别", 22),
    Column("入党日期", 24, "center"),
    Column("转正日期", 24, "center"),
)


def roster(asked: Asked) -> Document:
    """The roll of the last day of the period, by branch. One statement beside that for the branches."""
    names = {branch.pk: branch.name for branch in asked.branches(Capability.ROSTER_VIEW)}
    people = list(
        Member.objects.on_roll(asked.end)
        .filter(roll_branch_id__in=names)
        .select_related("user")
        .order_by("user__search_keys", "pk")
    )
    if not people:
        raise NothingToReport
    place = {pk: n for n, pk in enumerate(names)}
    people.sort(key=lambda one: place[one.roll_branch_id])  # type: ignore[attr-defined]
    full = sum(one.roll_type == MemberType.FULL for one in people)  # type: ignore[attr-defined]
    title = f"{asked.node.name}党员名册"
    counts = f"共{len(people)}人，其中正式党员{full}人、预备党员{len(people) - full}人"
    return Document.of(
        title,
        Heading(title, 0),
        Line((f"截至{cn_date(asked.end)}", counts)),
        Table(
            COLUMNS,
            tuple(_row(n, one, names[one.roll_branch_id]) for n, one in enumerate(people, start=1)),  # type: ignore[attr-defined]
            "党员名册",
            keep=2,
            size=10.5,
        ),
        Paragraph("公民身份号码已遮盖，仅供党内使用。", indent=False, small=True),
        page=LANDSCAPE,
    )


def _row(n: int, member: Member, branch: str) -> tuple[Value, ...]:
    def shown(field: str) -> str:
        text = facts.shown(field, facts.read(member, field), coded=False)
        return "" if text == "空" else text

    return (
        n,
        member.user.name,
        branch,
        shown("gender"),
        shown("ethnicity"),
        f"{member.birth_date.year}年",
        shown("id_number"),
        shown("education"),
        str(MemberType(member.roll_type).label),  # type: ignore[attr-defined]
        member.joined_on,
        member.confirmed_on,
    )


kinds.register(
    ReportKind(
        "roster",
        "党员名册",
        "年末（本年为当天）在册党员，身份号码已遮盖。",
        Span.YEAR,
        kinds.ANY,
        needs=(Capability.ROSTER_VIEW, Capability.POINTS_VIEW),
        build=roster,
        download_action="roster.exported",  # whoever looks for exports of the roll finds all of them
    )
)
