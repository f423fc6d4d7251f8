"""A workbook of results read row by row: whom it means, what it earns, or which column is wrong. Writes nothing.

One row is one claim. A result that does not earn its item (a mark below 80) is left out without being an error; what is
registered already is recognised, so that the same file again adds nothing.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone

from branches.models import Branch
from config.templatetags.ui import cn_date
from members.closing import MonthState, month_state
from members.dates import DateRefused, read_date
from members.models import Member
from members.roster_file import Limits, Sheet
from members.roster_layout import text_of
from points.choices import Category, Origin
from points.claims.announcing import document_key
from points.claims.choosing import Terms
from points.claims.rules import counts, deed_digest, quantity_of, takes_quantity, worth
from points.ledger.homes import homes_on
from points.ledger.registry import is_automatic
from points.ledger.rollups import measured_posts, people_of
from points.models import Claim
from points.rulebook.book import RuleBook
from points.rules import Item

LIMITS: Final = Limits(file_bytes=5 * 2**20, unpacked_bytes=50 * 2**20, rows=5000, cells=200_000)
HEAD: Final = ("工号", "姓名", "党支部", "项目编号", "日期", "档次", "数量", "结果", "事由", "文号")
FILLED: Final = (
    "项目编号",
    "档次",
    "数量",
    "结果",
    "事由",
    "文号",
)  # with none of these a row of the roster is left
ALIASES: Final = {
    "编号": "项目编号",
    "项目": "项目编号",
    "成绩": "结果",
    "分数": "结果",
    "考评结果": "结果",
    "证书名称": "事由",
}
HEAD_WITHIN: Final = 10
GOOD, KNOWN, LEFT, WRONG = "good", "known", "left", "wrong"


class Raw(NamedTuple):
    """A row as the file has it: its number, and its cells as text by head."""

    row: int
    cells: dict[str, str]


@dataclass
class Line:
    """A row with what becomes of it: good, known (registered already), left (earns nothing) or wrong."""

    row: int
    name: str
    kind: str = WRONG
    column: str = ""
    problem: str = ""
    member: int = 0
    branch: int = 0
    branch_name: str = ""
    code: str = ""
    item: str = ""
    rule: int = 0
    category: str = ""
    day: str = ""
    level: str = ""
    quantity: str = "1"
    points: str = ""
    title: str = ""
    result: str = ""
    document_no: str = ""
    deed: str = ""
    own: bool = False  # the uploader's own: somebody else decides
    cells: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def on(self) -> date | None:
        return date.fromisoformat(self.day) if self.day else None

    @property
    def value(self) -> str:
        return self.cells.get(self.column, "")


class Wrong(Exception):
    def __init__(self, column: str, problem: str) -> None:
        super().__init__(problem)
        self.column, self.problem = column, problem


def read_rows(sheets: Sequence[Sheet]) -> list[Raw]:
    """Every filled row below the heads of the first sheet that has them. Raises ValidationError where none has."""
    for sheet in sheets:
        for at, row in enumerate(sheet.rows[:HEAD_WITHIN]):
            named = {n: _head(text_of(cell)) for n, cell in enumerate(row)}
            columns = {name: n for n, name in reversed(named.items()) if name in HEAD}
            if not {"工号", "姓名"} & set(columns) or len(columns) < 3:
                continue
            found = []
            for n, cells in enumerate(sheet.rows[at + 1 :], start=at + 2):
                texts = {name: text_of(cells[i]).strip() if i < len(cells) else "" for name, i in columns.items()}
                if any(texts.get(name) for name in FILLED):
                    found.append(Raw(n, texts))
            if not found:
                raise ValidationError({"file": "表中没有填写任何结果。"})
            return found
    raise ValidationError({"file": f"没有找到表头，应有：{'、'.join(HEAD)}。请下载模板填写。"})


def _head(text: str) -> str:
    text = re.sub(r"[\s*＊]|[（(].*?[）)]", "", text)
    return ALIASES.get(text, text)


class Reader:
    """Judges rows for one node of the tree. Statements: a fixed number, and one for each branch and month met."""

    def __init__(self, node: Branch, params: Mapping[str, Any], uploader: int | None) -> None:
        self.node, self.uploader = node, uploader
        self.code, self.day = params.get("item", ""), params.get("day", "")
        people: list[Member] = list(Member.objects.within([node.path]).select_related("user", "branch").order_by("pk"))
        self.by_number = {one.user.staff_no: one for one in people if one.user.staff_no}
        self.by_name: dict[str, list[Member]] = defaultdict(list)
        for one in people:
            self.by_name[one.user.name].append(one)
        self.members = {one.pk: one for one in people}
        self.book = RuleBook()
        self.branches = {one.pk: one for one in Branch.objects.filter(pk__in={p.branch_id for p in people})}
        self.states: dict[tuple[int, date], MonthState] = {}
        self.met: dict[tuple[int, str], int] = {}

    def read(self, rows: Collection[Raw]) -> list[Line]:
        lines, pairs = [], []
        for raw in rows:
            line = Line(raw.row, raw.cells.get("姓名") or raw.cells.get("工号", ""), cells=raw.cells)
            lines.append(line)
            try:
                member = self._member(raw.cells)
                line.member, line.name, line.own = member.pk, member.user.name, member.user_id == self.uploader
                line.day = self._day(raw.cells).isoformat()
                pairs.append((line, (member.pk, date.fromisoformat(line.day))))
            except Wrong as wrong:
                line.column, line.problem = wrong.column, wrong.problem
        homes = homes_on({pair for _, pair in pairs})
        missing = set(homes.values()) - self.branches.keys()
        self.branches |= {one.pk: one for one in Branch.objects.filter(pk__in=missing)}
        people = people_of({pk for _, (pk, _) in pairs})
        posts = {
            (pk, year): post
            for year in {day.year for _, (_, day) in pairs}
            for pk, post in measured_posts(people, year, self.book).items()
        }
        for line, (pk, day) in pairs:
            person = people[pk]
            home = homes.get((pk, day))
            try:
                if home is None:
                    raise Wrong("日期", f"{cn_date(day)}不在名册中。")
                edition = self.book.on(person.hospital_id, day)
                terms = Terms(self.branches[home], edition, person.has_groups, posts.get((pk, day.year), ""))
                self._judge(line, terms, day)
            except Wrong as wrong:
                line.column, line.problem = wrong.column, wrong.problem
        self._recognise(lines)
        return lines

    def terms(self, line: Line) -> Terms:
        """What a good line is judged by, for those that are written one by one."""
        person = people_of([line.member])[line.member]
        edition = self.book.on(person.hospital_id, date.fromisoformat(line.day))
        return Terms(self.branches[line.branch], edition, person.has_groups, "")

    def _member(self, cells: Mapping[str, str]) -> Member:
        number, name = cells.get("工号", ""), re.sub(r"\s", "", cells.get("姓名", ""))
        if number:
            found = self.by_number.get(number)
            if found is None:
                raise Wrong("工号", f"{self.node.name}的名册中没有这个工号。")
            if name and name != found.user.name:
                raise Wrong("姓名", f"与工号不符：名册中工号{number}是{found.user.name}。")
            return found
        if not name:
            raise Wrong("姓名", "工号和姓名至少填一项。")
        same = self.by_name.get(name, [])
        if len(same) > 1:
            raise Wrong("姓名", f"有{len(same)}位同名，请填写工号。")
        if not same:
            raise Wrong("姓名", f"{self.node.name}的名册中没有这个人。")
        return same[0]

    def _day(self, cells: Mapping[str, str]) -> date:
        text = cells.get("日期", "") or self.day
        if not text:
            raise Wrong("日期", "请填写日期。")
        try:
            day = read_date(text).day
        except DateRefused as error:
            raise Wrong("日期", error.message) from error
        if day > timezone.localdate():
            raise Wrong("日期", "日期不能晚于今天。")
        return day

    def _judge(self, line: Line, terms: Terms, day: date) -> None:
        cells = line.cells
        line.branch, line.branch_name = terms.branch.pk, terms.branch.name
        if not terms.branch.path.startswith(self.node.path):
            raise Wrong("日期", f"{cn_date(day)}在{terms.branch.name}，请由该支部登记。")
        line.code = (cells.get("项目编号", "") or self.code).upper().split(" ")[0]
        item = terms.edition.items.get(line.code)
        if not line.code or item is None:
            raise Wrong("项目编号", "请填写项目编号。" if not line.code else "执行中的规则里没有这个编号。")
        line.item, line.category, line.rule = item.title, item.category.value, terms.edition.rows[line.code].pk
        if why := not_for_batches(item):
            raise Wrong("项目编号", why)
        self._open(terms.branch, day)
        line.result = cells.get("结果", "")
        verdict = counts(line.code, line.result)
        if verdict is None:
            raise Wrong("结果", "成绩应为0至100的数字。")
        line.level, quantity = self._level(item, cells), self._quantity(item, cells)
        try:
            points = worth(item, level=line.level, quantity=quantity, has_groups=terms.has_groups, post=terms.post)
        except ValueError as error:
            raise Wrong("档次" if item.levels else "数量", str(error)) from error
        line.quantity, line.points = f"{quantity}", f"{points}"
        line.document_no = " ".join(cells.get("文号", "").split())
        if len(line.document_no) > 60:
            raise Wrong("文号", "文号请控制在60字以内。")
        line.title = " ".join(cells.get("事由", "").split()) or item.title
        if len(line.title) > 100:
            raise Wrong("事由", "事由请控制在100字以内。")
        if item.category == Category.VETO:
            if verdict and not line.document_no:
                raise Wrong("文号", "一票否决须填写决定的文号。")
            line.title = "一票否决"
            line.deed = document_key(line.code, line.document_no)
        else:
            line.deed = deed_digest(category=item.category, code=line.code, day=day, title=line.title)
        line.kind = GOOD if verdict else LEFT
        if not verdict:
            line.problem = f"“{line.result}”不计{line.code}"

    def _level(self, item: Item, cells: Mapping[str, str]) -> str:
        text = cells.get("档次", "")
        if not item.levels:
            if text:
                raise Wrong("档次", "这一项不分档次，请留空。")
            return ""
        for one in item.levels:
            if text in (one.label, one.code):
                return one.code
        raise Wrong("档次", f"应为{'、'.join(one.label for one in item.levels)}之一。")

    def _quantity(self, item: Item, cells: Mapping[str, str]) -> Decimal:
        text = cells.get("数量", "")
        if not text and not takes_quantity(item):
            return Decimal(1)
        quantity = quantity_of(text)
        if quantity is None:
            raise Wrong("数量", f"请填写数量（{item.unit}），最多两位小数。")
        return quantity

    def _open(self, branch: Branch, day: date) -> None:
        key = branch.pk, day.replace(day=1)
        if key not in self.states:
            self.states[key] = month_state(branch, key[1])
        if self.states[key] == MonthState.YEAR_LOCKED:
            raise Wrong("日期", f"{branch.name}{day.year}年已锁定，须由党委书记先重新开放。")
        if self.states[key] == MonthState.QUARTER_LOCKED:
            raise Wrong("日期", f"{branch.name}这一天所在的季度已锁定，须由党委办公室先重新开放。")

    def _recognise(self, lines: Collection[Line]) -> None:
        """Mark what the file has twice, and what is registered already. One statement."""
        good = [line for line in lines if line.kind == GOOD]
        alive = Claim.objects.alive().filter(member__in={line.member for line in good}).exclude(deed="")
        known = set(alive.values_list("member_id", "deed"))
        for line in good:
            key = line.member, line.deed
            if key in self.met:
                line.kind, line.column = WRONG, "事由"
                line.problem = f"与第{self.met[key]}行重复，一件事只记一次。"
                continue
            self.met[key] = line.row
            if key in known:
                line.kind, line.problem = KNOWN, "已登记过"


def not_for_batches(item: Item) -> str:
    """Why an item cannot be entered by workbook; empty when it can."""
    if is_automatic(item):
        return "这一项由系统按记录自动记分。"
    if item.category == Category.DED:
        return "扣分须先告知本人，请在“扣分”中逐条登记。"
    if item.category == Category.VETO and item.origin != Origin.IMPORT:
        return "这一项一票否决由纪检委员登记。"
    return ""
