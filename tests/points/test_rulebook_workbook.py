"""A workbook of the rules: reading what was written gives the same edition, and every mistake is found where it is."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from io import BytesIO

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points.catalogue import CATALOGUE, EDITION
from points.choices import CAPPED, Category, Declarer, Grade, Origin, PostKind, Reviewer
from points.ledger.registry import feeds
from points.rulebook.differences import Plan
from points.rulebook.feeds import feed_labels
from points.rulebook.packing import pack, unpack
from points.rulebook.reading import read
from points.rulebook.rules import BY_UNITS, COSTING, item_problems
from points.rulebook.workbook import COLUMNS, write
from points.rules import DEFAULT_SCHEME, Item, Level, Scheme, Variant

LABELS = feed_labels(feeds())
DEFAULT = Plan(EDITION, date(2027, 1, 1), "党委会议", DEFAULT_SCHEME, CATALOGUE)
words = (
    st.text("甲乙丙参加党员大会获奖-+=@'\"<&5，。 ab", min_size=1, max_size=20)
    .map(lambda one: " ".join(one.split()))
    .filter(bool)
)
names = (
    st.text("国家省市县院级一二三等奖-+@ab5", min_size=1, max_size=8)
    .map(lambda one: " ".join(one.split()))
    .filter(bool)
)
figures = st.decimals("0.01", "999.99", places=2)


@st.composite
def items(draw, code):
    category = draw(st.sampled_from([one for one in Category if one != Category.VETO]))
    sign = -1 if category == Category.DED else 1
    feed = draw(st.sampled_from(["", *(f for f in LABELS if (f in COSTING) == (category == Category.DED))]))
    levels, variants = (), {}
    if not feed and draw(st.booleans()):
        labels = draw(st.lists(names, min_size=2, max_size=4, unique=True))
        levels = tuple(Level(f"k{n}", label, draw(figures) * sign) for n, label in enumerate(labels))
    for post in draw(st.lists(st.sampled_from(list(PostKind)), unique=True)):
        figure = draw(figures) * sign
        cap = draw(figures) if category in CAPPED else None
        own = Variant(points=None if levels else figure, cap=cap)
        variants[post.value] = Variant(off=True) if draw(st.booleans()) or own == Variant() else own
    return Item(
        code=code,
        category=category,
        title=draw(words),
        points=Decimal(0) if levels else draw(figures) * sign,
        cap=draw(st.none() | figures) if category in CAPPED else None,
        per=draw(figures) if not levels and (not feed or feed in BY_UNITS) else Decimal(1),
        unit=draw(st.sampled_from(["次", "小时", "项"])),
        levels=levels,
        variants=variants,
        points_text=draw(words),
        origin=Origin.AUTO if feed else draw(st.sampled_from([Origin.MANUAL, Origin.REVIEWED, Origin.IMPORT])),
        evidence=draw(words | st.just("")),
        evidence_required=draw(st.booleans()),
        feed=feed,
        declared_by=draw(st.sampled_from([Declarer.ORGANISER, Declarer.OFFICE])),
        reviewed_by=draw(st.sampled_from(list(Reviewer))),
    )


small = st.integers(1, 9999)


@st.composite
def plans(draw):
    found, used = [], set()
    for n in range(draw(st.integers(0, 4))):
        item = draw(items(f"A{n:02d}"))
        if item.feed not in used or not item.feed:
            found.append(item)
            used.add(item.feed)
    scheme = Scheme(
        base=draw(figures),
        caps={category: draw(figures) for category in CAPPED},
        scale=draw(st.sampled_from([Decimal(1), Decimal(10)])),
        points_share=Decimal(draw(st.integers(0, 100))) / 100,
        thresholds=(
            (Grade.EXCELLENT, Decimal("90.5")),
            (Grade.QUALIFIED, Decimal(75)),
            (Grade.BASICALLY_QUALIFIED, Decimal(60)),
        ),
        excellent_ratio=draw(st.builds(lambda a, b: Fraction(min(a, b), max(a, b)), small, small)),
    )
    return Plan(draw(words), date(2027, draw(st.integers(1, 12)), 1), draw(words | st.just("")), scheme, tuple(found))


@settings(deadline=None, max_examples=60)
@given(plans())
def test_what_is_written_is_read_back_the_same(plan):
    assert [problems for item in plan.items if (problems := item_problems(item))] == []
    found = read(write(plan, LABELS), "规则.xlsx", plan, LABELS)
    assert found.faults == []
    assert found.plan == plan


@settings(deadline=None, max_examples=40)
@given(plans())
def test_a_preview_carries_the_whole_edition(plan):
    assert unpack(pack(plan)) == plan


def test_the_default_rules_make_the_round():
    assert read(write(DEFAULT, LABELS), "规则.xlsx", DEFAULT, LABELS).plan == DEFAULT


def test_a_percentage_typed_in_excel_is_exact():
    book = openpyxl.load_workbook(BytesIO(write(DEFAULT, LABELS)))
    cell = next(cells[1] for cells in book["规则"].iter_rows() if cells[0].value == "优秀比例")
    assert (cell.value, cell.number_format) == ("1/3", "@")  # Excel makes a day of 1/3 typed into another cell
    cell.value, cell.number_format = 0.15, "0%"
    out = BytesIO()
    book.save(out)
    assert read(out.getvalue(), "规则.xlsx", DEFAULT, LABELS).plan.scheme.excellent_ratio == Fraction(3, 20)


def test_no_cell_is_a_formula():
    plan = replace(DEFAULT, name="=1+1", items=(replace(CATALOGUE[0], title="@cmd"),))
    book = openpyxl.load_workbook(BytesIO(write(plan, LABELS)))
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "said"),
    [
        ("规则", "基础分", "基础分", "六十", "不是数字"),
        ("规则", "基础分", "基础分", 60.001, "两位小数"),
        ("规则", "生效月份", "生效月份", "明年", "样式"),
        ("规则", "名称", "名称", None, "请填写名称"),
        ("规则", "合格线", "合格线", 95, "依次降低"),
        ("规则", "优秀比例", "优秀比例", "三成", "1/3或15%"),
        ("规则", "优秀比例", "优秀比例", datetime(2026, 1, 3), "设为文本"),  # noqa: DTZ001 - what Excel makes of 1/3
        ("规则", "优秀比例", "优秀比例", "4/3", "不超过1"),
        ("项目", 2, "类别", "党建", "无法识别"),
        ("项目", 2, "分值", "半分", "不是数字"),
        ("项目", 2, "分值", -1, "应大于0"),
        ("项目", 2, "自动来源", "打卡", "无法识别"),
        ("项目", 2, "编号", "A02", "重复"),
        ("项目", 2, "档次", "一等", "名称=分值"),
        ("项目", 2, "岗位差别", "护理：不适用", "岗位类别"),
        ("项目", 2, "申报人", "院长", "无法识别"),
        ("项目", 2, "必须上传依据", "也许", "无法识别"),
        ("项目", 2, "最高等次", "不合格", "只有一票否决"),
        ("项目", 60, "最高等次", "优秀", "无法识别"),
    ],
)
def test_a_mistake_is_named_where_it_stands(sheet, row, column, value, said):
    book = openpyxl.load_workbook(BytesIO(write(DEFAULT, LABELS)))
    page = book[sheet]
    if sheet == "规则":
        at = next(cells[0].row for cells in page.iter_rows() if cells[0].value == row)
        page.cell(at, 2).value = value
    else:
        at = row
        page.cell(at, list(COLUMNS.values()).index(column) + 1).value = value
    out = BytesIO()
    book.save(out)
    found = read(out.getvalue(), "规则.xlsx", DEFAULT, LABELS)
    assert found.plan is None
    hit = [one for one in found.faults if one.sheet == sheet and one.column == column]
    assert any(said in one.text for one in hit), found.faults
    assert {one.row for one in hit} <= {at, at + 1}


def test_a_sheet_of_more_items_than_an_edition_holds_is_no_edition():
    many = tuple(replace(CATALOGUE[8], code=f"B{n:03d}") for n in range(301))
    found = read(write(replace(DEFAULT, items=many), LABELS), "规则.xlsx", DEFAULT, LABELS)
    assert [(one.sheet, one.text) for one in found.faults] == [("项目", "一版规则最多300个项目，这样有301个。")]
    assert len(read(write(replace(DEFAULT, items=many[:300]), LABELS), "规则.xlsx", DEFAULT, LABELS).plan.items) == 300


def test_a_file_of_another_kind_says_what_it_needs():
    book = openpyxl.Workbook()
    out = BytesIO()
    book.save(out)
    assert [one.sheet for one in read(out.getvalue(), "a.xlsx", DEFAULT, LABELS).faults] == ["规则", "项目"]
    assert read(b"nonsense", "a.xlsx", DEFAULT, LABELS).plan is None
