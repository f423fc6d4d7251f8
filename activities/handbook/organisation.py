"""Parts 1 to 6: how to keep the book, the branch, its committee and terms, its groups, its roll, its plan."""

from collections import defaultdict
from collections.abc import Iterator

from django.db.models import Q

from activities.choices import YearDocumentKind
from activities.handbook.book import Book, note, nothing, one, table, wide
from activities.models import PlanItem, YearDocument
from activities.plan.year_texts import document_of
from activities.reports.sheets import plan_of_year
from activities.reports.wording import day as cn
from branches.choices import COMMITTEE_ROLES, BranchLevel, Role
from branches.models import Appointment, Branch, Term
from branches.rules import subtree_end
from config.documents.content import Block, Cell, Column, Grid, Heading, Line, Paragraph, Row, Section, label
from members import facts
from members.choices import Gender, MemberType

ORDER = [role for role in Role if role in COMMITTEE_ROLES]
HAN = "01"


def how_to(book: Book) -> Iterator[Section]:
    lines = (
        f"一、本手册由支部工作平台根据{book.branch.name}{book.year}年度已确认的记录生成，生成日期为{cn(book.today)}，"
        f"内容截至{cn(book.last)}。",
        "二、手册一年一册。各项活动应当在开展后及时登记，内容与实际一致，经他人确认后编入手册；没有确认的记录不编入。",
        "三、手册打印后，由主持人、记录人在各份记录的签字处签字，需要盖章的加盖党支部印章。",
        "四、记录有误的，在平台上更正并写明原因，再重新生成有关内容，不在纸上涂改。",
        "五、写明“请在此附纸质材料”的部分，将纸质材料按顺序装订在该部分之后。",
        "六、支部书记调整时，手册连同所附材料一并移交。年度检查结束后由党支部存档。",
        "七、手册含有党员姓名和组织生活情况，仅供党内使用，不得对外公开。",
    )
    yield from one(*(Paragraph(line) for line in lines))


def basics(book: Book) -> Iterator[Section]:
    branch = book.branch
    above = Branch.objects.get_parent(branch)
    roll = list(book.roll())
    full = sum(one.roll_type == MemberType.FULL for one in roll)
    ages = [book.last.year - one.birth_date.year for one in roll]
    counts = (
        ("党员总数", f"{len(roll)}人"),
        ("其中：正式党员", f"{full}人"),
        ("预备党员", f"{len(roll) - full}人"),
        ("女党员", f"{sum(one.gender == Gender.FEMALE for one in roll)}人"),
        ("少数民族党员", f"{sum(one.ethnicity != HAN for one in roll)}人"),
        ("35岁以下党员", f"{sum(age <= 35 for age in ages)}人"),
        ("离退休党员", f"{sum(one.retired for one in roll)}人"),
        ("党小组", f"{len(_groups(book))}个"),
    )
    pairs = [
        ("党支部名称", branch.name),
        ("编码", branch.code),
        ("上级党组织", above.name if above else ""),
        ("成立日期", cn(branch.founded_on)),
        ("类型", branch.get_kind_display()),
        ("工作类别", branch.get_category_display() or "未分类"),
        *counts,
    ]
    rows = [
        Row((label(a[0]), Cell(a[1]), label(b[0]), Cell(b[1])), 10)
        for a, b in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    held = book.held().count()
    yield from one(
        Grid(4, tuple(rows)),
        note(f"党员情况截至{cn(book.last)}，年龄按年份计算。全年已确认的活动记录{held}份。"),
    )


def committee(book: Book) -> Iterator[Section]:
    posts = Appointment.objects.filter(branch=book.branch, role__in=COMMITTEE_ROLES, starts_on__lte=book.last)
    posts = posts.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=book.first)).select_related("user")
    found = sorted(posts, key=lambda post: (ORDER.index(Role(post.role)), post.starts_on))
    blocks: list[Block] = [Heading("支部委员会", 2)]
    if found:
        columns = (Column("职务", 30), Column("姓名", 25), Column("任职日期", 38), Column("免职日期", 38))
        blocks.append(
            table(columns, [(p.get_role_display(), p.user.name, cn(p.starts_on), cn(p.ends_on)) for p in found])
        )
    else:
        blocks.append(nothing(book, "支部委员任职"))
    blocks.append(Heading("届次和换届", 2))
    terms = list(Term.objects.filter(branch=book.branch, starts_on__lte=book.last))
    if terms:
        columns = (
            Column("届次", 20, "center"),
            Column("任期开始", 36),
            Column("任期届满", 36),
            Column("批复文号", 42),
            Column("延期至", 36),
        )
        rows = [(f"第{t.number}届", cn(t.starts_on), cn(t.ends_on), t.document, cn(t.extended_to)) for t in terms]
        blocks.append(table(columns, rows))
        if elected := [t for t in terms if t.starts_on >= book.first]:
            blocks.append(note(f"本年度{cn(elected[0].starts_on)}完成换届，产生第{elected[0].number}届支部委员会。"))
        elif terms[0].due <= book.last:
            blocks.append(note(f"第{terms[0].number}届支部委员会已于{cn(terms[0].due)}届满，本年度没有换届记录。"))
    else:
        blocks.append(nothing(book, "届次登记"))
    yield from one(*blocks)


def secretaries(book: Book) -> list[Appointment]:
    """Who led the branch on the last day."""
    posts = Appointment.objects.current(book.last).filter(branch=book.branch, role=Role.BRANCH_SECRETARY)
    return list(posts.select_related("user"))


def _groups(book: Book) -> list[Branch]:
    path = book.branch.path
    below = Branch.objects.filter(path__gt=path, path__lt=subtree_end(path), level=BranchLevel.GROUP)
    return list(below.open_on(book.last).order_by("path"))


def groups(book: Book) -> Iterator[Section]:
    found = _groups(book)
    if not found:
        yield from one(nothing(book, "党小组"))
        return
    leaders = defaultdict(list)
    posts = Appointment.objects.current(book.last).filter(branch__in=found, role=Role.GROUP_LEADER)
    for post in posts.select_related("user"):
        leaders[post.branch_id].append(post.user.name)
    people = defaultdict(list)
    for member in book.roll():
        people[member.group_id].append(member.user.name)
    rows = [
        (group.name, "、".join(leaders[group.pk]) or "空缺", len(people[group.pk]), "、".join(people[group.pk]))
        for group in found
    ]
    columns = (Column("党小组", 34), Column("组长", 22), Column("人数", 14, "center"), Column("党员", 100))
    blocks: list[Block] = [table(columns, rows)]
    if without := people[None]:
        blocks.append(note(f"没有编入党小组的党员：{'、'.join(without)}。"))
    yield from one(*blocks)


def roster(book: Book) -> Iterator[Section]:
    """As the roll was on the last day; no identity number, phone or address, of the birth the year alone."""
    columns = (
        Column("序号", 11, "center"),
        Column("姓名", 20),
        Column("性别", 11, "center"),
        Column("民族", 16, "center"),
        Column("出生年份", 18, "center"),
        Column("学历", 26),
        Column("入党日期", 25, "center"),
        Column("转正日期", 25, "center"),
        Column("人员类别", 22, "center"),
        Column("科室", 34),
        Column("党小组", 32),
    )
    rows = [
        (
            n,
            one.user.name,
            one.get_gender_display(),
            facts.shown("ethnicity", one.ethnicity, coded=False),
            str(one.birth_date.year),
            facts.shown("education", one.education, coded=False),
            one.joined_on,
            one.confirmed_on,
            MemberType(one.roll_type).label,
            one.department,
            one.group.name if one.group else "",
        )
        for n, one in enumerate(book.roll(), start=1)
    ]
    head = Line((f"党支部：{book.branch.name}", f"截至{cn(book.last)}，共{len(rows)}人"))
    yield wide(head, table(columns, rows, size=11) if rows else nothing(book, "在册党员"))


def plan(book: Book) -> Iterator[Section]:
    """The branch's own words, then what it owed and what became of it."""
    yield from year_text(book, YearDocumentKind.PLAN)
    items = PlanItem.objects.filter(branch=book.branch, start__year=book.year).select_related("group")
    yield from plan_of_year(book.branch, book.year, items, today=book.today, layouts=book.layouts).sections


def year_text(book: Book, kind: YearDocumentKind) -> Iterator[Section]:
    found = YearDocument.objects.filter(branch=book.branch, year=book.year, kind=kind)
    written = found.select_related("branch").first()
    if written is None or not written.text.strip():
        yield from one(Paragraph(f"{book.year}年度没有{kind.label}文稿记录。"))
        return
    yield from document_of(written).sections
