"""What a draft of the rule book must fulfil before it is published.

House policy decides the figures; these checks keep the figures of one edition from contradicting each other. Words of
the messages are Chinese; `today` is an argument.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from points.choices import CAPPED, VETO_LIMITS, Category, Declarer, Grade, Origin, PostKind, Reviewer
from points.rulebook.differences import Plan, month_words, scheme_changes
from points.rulebook.wording import TEXT_LENGTH, number, points_text, scaled_text
from points.rules import LATE, STUDY_DONE, STUDY_SHORT, UNEXCUSED, Item, Scheme

CODE: Final = re.compile(r"[A-Z][A-Z0-9]{1,7}")
MOST: Final = Decimal("9999.99")  # of any figure in points
MOST_LEVELS: Final = 12
MOST_ITEMS: Final = 300
LARGE_SCALE: Final = Decimal(10)
COSTING: Final = frozenset({UNEXCUSED, LATE, STUDY_SHORT, "make_up.lapsed", "dues.unpaid"})  # feeds of deductions
BY_UNITS: Final = frozenset({STUDY_DONE, "service.hours"})  # feeds that count whole units of several hours
BY_LEVEL: Final = frozenset({"dues.unpaid"})  # feeds that say which step of an item applies
SEPARATORS: Final = frozenset("；;=＝：")  # stand between the steps and posts of an item in the workbook


@dataclass
class Checks:
    """What stands in the way of publishing, and what somebody should look at; item messages by code."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


# --- one item ---


def item_problems(item: Item) -> dict[str, str]:
    """Field -> what is wrong with one item by itself."""
    found: dict[str, str] = {}
    if not CODE.fullmatch(item.code):
        found["code"] = "编号由一个大写字母和后面的字母、数字组成，2至8位，如A01。"
    if not item.title:
        found["title"] = "请填写项目名称。"
    elif len(item.title) > 100:
        found["title"] = "项目名称不超过100字。"
    if item.per <= 0:
        found["per"] = "“每满”应大于0。"
    if not item.unit or len(item.unit) > 8:
        found["unit"] = "请填写单位，不超过8字，如次、小时。"
    if item.cap is not None and not 0 < item.cap <= MOST:
        found["cap"] = f"年度上限应大于0，不超过{MOST}；不设上限请留空。"
    elif item.cap is not None and item.category not in CAPPED:
        found["cap"] = "扣分和一票否决不设上限，请留空。"
    if item.factor_without_groups < 0 or item.factor_without_groups > 10:
        found["factor_without_groups"] = "系数应在0至10之间；0表示不设党小组的支部没有这一项。"
    elif item.factor_without_groups != 1 and (item.levels or item.feed in (STUDY_DONE, STUDY_SHORT)):
        found["factor_without_groups"] = "分档次的项目和学时项目不按党小组区分，请填1。"
    if item.grade_limit and (item.category != Category.VETO or item.grade_limit not in VETO_LIMITS):
        found["grade_limit"] = "只有一票否决的项目限制等次，最高为合格。"
    if len(item.points_text) > TEXT_LENGTH:
        found["points_text"] = f"计分说明不超过{TEXT_LENGTH}字。"
    if len(item.evidence) > 60:
        found["evidence"] = "依据不超过60字。"
    return _worth_problems(item) | _feed_problems(item) | _people_problems(item) | _variant_problems(item) | found


def _wrong_sign(category: Category, points: Decimal) -> str:
    if not -MOST <= points <= MOST:
        return f"分值不超过{MOST}。"
    if category == Category.VETO:
        return "一票否决不计分，分值应为0。" if points else ""
    if category == Category.DED:
        return "" if points < 0 else "扣分项目的分值应小于0。"
    return "" if points > 0 else "分值应大于0。"


def _worth_problems(item: Item) -> dict[str, str]:
    if not item.levels:
        wrong = _wrong_sign(item.category, item.points)
        return {"points": wrong} if wrong else {}
    labels = [level.label for level in item.levels]
    codes = [level.code for level in item.levels]
    if item.category == Category.VETO:
        return {"levels": "一票否决不分档次。"}
    if len(labels) < 2:
        return {"levels": "至少填写两个档次；只有一种分值请改为固定分值。"}
    if len(labels) > MOST_LEVELS:
        return {"levels": f"最多{MOST_LEVELS}个档次。"}
    if any(not label or len(label) > 20 or SEPARATORS & set(label) for label in labels):
        return {"levels": "档次名称为1至20字，不含分号、冒号和等号。"}
    if len(set(labels)) < len(labels) or len(set(codes)) < len(codes):
        return {"levels": "档次名称不能重复。"}
    for level in item.levels:
        if wrong := _wrong_sign(item.category, level.points):
            return {"levels": f"“{level.label}”：{wrong}"}
    return {}


def _feed_problems(item: Item) -> dict[str, str]:
    if not item.feed:
        return {"feed": "自动记分的项目请选择来源。"} if item.origin == Origin.AUTO else {}
    if item.origin != Origin.AUTO:
        return {"origin": "选了自动来源的项目，记分方式应为“自动”。"}
    if (item.feed in COSTING) != (item.category == Category.DED):
        costs = "只能用于扣分项目" if item.feed in COSTING else "不能用于扣分或一票否决"
        return {"feed": f"这个来源{costs}。"}
    if item.category == Category.VETO:
        return {"feed": "一票否决不能自动记入。"}
    if item.levels and item.feed not in BY_LEVEL:
        return {"levels": "这个来源按固定分值记分，不能分档次。"}
    if item.per != 1 and item.feed not in BY_UNITS:
        return {"per": "这个来源按次记分，“每满”应为1。"}
    return {}


def _people_problems(item: Item) -> dict[str, str]:
    if item.category == Category.VETO:
        found = {}
        if item.declared_by != Declarer.DISCIPLINE:
            found["declared_by"] = "一票否决由纪检委员登记。"
        if item.reviewed_by != Reviewer.SECRETARY_AND_OFFICE:
            found["reviewed_by"] = "一票否决须支部书记审核、党委办公室确认。"
        return found
    if item.category == Category.DED and item.declared_by == Declarer.MEMBER:
        return {"declared_by": "扣分不由本人申报，请选择登记人。"}
    return {}


def _variant_problems(item: Item) -> dict[str, str]:
    for post, one in item.variants.items():
        if post not in PostKind.values:
            return {"variants": "岗位类别无法识别。"}
        name = PostKind(post).label
        if one.off:
            continue
        if item.category == Category.VETO:
            return {"variants": "一票否决不按岗位区分。"}
        if one.points is None and one.cap is None:
            return {"variants": f"{name}：请填写分值或上限。"}
        if one.points is not None and item.levels:
            return {"variants": f"{name}：分档次的项目只能另定上限。"}
        if one.points is not None and (wrong := _wrong_sign(item.category, one.points)):
            return {"variants": f"{name}：{wrong}"}
        if one.cap is not None and (item.category not in CAPPED or not 0 < one.cap <= MOST):
            return {"variants": f"{name}：上限应大于0；扣分不设上限。"}
    return {}


# --- the whole edition ---


def number_problem(items: int) -> str:
    """Why an edition may not have so many items; "" when it may."""
    return f"一版规则最多{MOST_ITEMS}个项目，这样有{items}个。" if items > MOST_ITEMS else ""


def scheme_problems(scheme: Scheme) -> dict[str, str]:
    """Field -> what is wrong with the figures of the whole year; fields as in points.models.RuleVersion."""
    found: dict[str, str] = {}
    if not 0 <= scheme.base <= MOST:
        found["base"] = f"基础分应在0至{MOST}之间。"
    if not 0 < scheme.scale <= 100:
        found["scale"] = "分值倍数应大于0，不超过100。"
    for category, name in CAP_FIELDS.items():
        if not 0 <= scheme.caps[category] <= MOST:
            found[name] = f"上限应在0至{MOST}之间。"
    if not 0 <= scheme.points_share <= 1:
        found["points_share"] = "积分占比应在0至100之间。"
    lines = dict(scheme.thresholds)
    excellent, qualified = lines[Grade.EXCELLENT], lines[Grade.QUALIFIED]
    basically = lines[Grade.BASICALLY_QUALIFIED]
    if not excellent > qualified > basically >= 0:
        found["qualified_from"] = "优秀、合格、基本合格的分数线应依次降低。"
    if excellent > 100:
        found["excellent_from"] = "分数线不超过100（综合分按百分制）。"
    if not 0 < scheme.excellent_ratio <= 1:
        found["excellent_ratio"] = "优秀比例应大于0，不超过1，如1/3、15%。"
    return found


CAP_FIELDS: Final[Mapping[Category, str]] = {
    Category.ORG: "organisational_cap",
    Category.STU: "study_cap",
    Category.DUT: "duties_cap",
    Category.POS: "position_cap",
    Category.SVC: "service_cap",
    Category.HON: "honours_cap",
}


@dataclass(frozen=True)
class Situation:
    """What a draft is judged against. `closed`: the last month any branch of the hospital closed; `published`: months
    of the hospital's own published editions; `used`: codes with entries in the year the draft begins in; `known`: feeds
    the system delivers today."""

    today: date
    closed: date | None = None
    published: Collection[date] = ()
    used: Collection[str] = ()
    known: Collection[str] = ()


def valid_from_problem(day: date, now: Situation) -> str:
    """Why an edition may not begin on `day`; "" when it may."""
    if day.day != 1:
        return "生效月份从每月1日起，请选择月份。"
    if day.year < now.today.year:
        return f"不能从{day.year}年起执行：以前年度按当年的规则。"
    if now.published and day <= max(now.published):
        return f"应晚于已发布的版本（{month_words(max(now.published))}起执行）。"
    if now.closed is not None and day <= now.closed:
        return f"{month_words(now.closed)}已有党支部关账，应从以后的月份起执行。"
    return ""


def publish_checks(plan: Plan, before: Plan, now: Situation) -> Checks:
    """What stands in the way of publishing `plan` after `before`, the edition in force until then."""
    found = Checks()
    if wrong := valid_from_problem(plan.valid_from, now):
        found.errors.append(f"生效月份：{wrong}")
    if not plan.name:
        found.errors.append("请填写规则名称。")
    if not plan.items:
        found.errors.append("还没有任何项目。")
    found.errors += scheme_problems(plan.scheme).values()
    for item in plan.items:
        found.errors += [f"{item.code} {item.title}：{text}" for text in item_problems(item).values()]
    found.errors += _twice(plan)
    found.errors += _year_facts(plan, before)
    if plan.scheme.scale != before.scheme.scale and plan.valid_from <= now.today:
        found.errors.append(
            "分值倍数不同的规则不能从已经开始的月份起执行：已通过的申报保持原分值。请改为以后的1月起执行。"
        )
    found.warnings += list(_warnings(plan, before, now))
    return found


def _twice(plan: Plan) -> Iterator[str]:
    for code, times in Counter(item.code for item in plan.items).items():
        if times > 1:
            yield f"编号{code}用了{times}次。"
    for feed, times in Counter(item.feed for item in plan.items if item.feed).items():
        if times > 1:
            codes = "、".join(item.code for item in plan.items if item.feed == feed)
            yield f"同一个自动来源只能用于一个项目：{codes}。"


def _year_facts(plan: Plan, before: Plan) -> list[str]:
    """What a member's whole year is counted by changes with the year alone."""
    if plan.valid_from.month == 1:
        return []
    found = []
    if changed := [change.what for change in scheme_changes(before.scheme, plan.scheme)]:
        found.append(f"年中生效的规则不能改动按全年计算的内容：{'、'.join(changed)}。请改为1月起执行，或恢复原值。")
    if _unit_of_study(plan) != _unit_of_study(before):
        found.append("年中不能改每满多少学时记一次分：学时按全年累计。请改为1月起执行。")
    old = before.by_code
    return found + [
        f"{item.code} {item.title}：年中不能改类别，请改为1月起执行，或另设编号。"
        for item in plan.items
        if item.code in old and old[item.code].category != item.category
    ]


def _unit_of_study(plan: Plan) -> Decimal | None:
    return next((item.per for item in plan.items if item.feed == STUDY_DONE), None)


def _warnings(plan: Plan, before: Plan, now: Situation) -> Iterator[str]:
    if plan.valid_from < now.today.replace(day=1):
        since = month_words(plan.valid_from)
        yield f"从{since}起追溯执行：该月以来的记录将按本规则重新记分，已通过的申报和已登记的扣分保持原分值。"
    for category in CAPPED:
        caps = [item.cap for item in plan.items if item.category == category]
        total = sum((cap for cap in caps if cap is not None), Decimal(0))
        limit = plan.scheme.caps[category]
        if None not in caps and total < limit:
            yield f"{category.label}：各项上限合计{number(total)}分，达不到类别上限{number(limit)}分。"
    above = [item.code for item in plan.items if item.cap is not None and _most(item) > item.cap]
    if above:
        yield f"{'、'.join(above)}：一次的分值大于年度上限，超出的部分不计。"
    full = plan.scheme.base + sum((plan.scheme.caps[one] for one in CAPPED if one != Category.HON), Decimal(0))
    if full != 100 * plan.scheme.scale:
        yield f"基础分和五类上限合计{number(full)}分，通常为{number(100 * plan.scheme.scale)}分（100×分值倍数）。"
    for code, item in before.by_code.items():
        if code not in plan.by_code and code in now.used:
            yield f"{code} {item.title}已有记分，本版未列；已记的分照常计算，{month_words(plan.valid_from)}起不再记。"
    if plan.valid_from.month != 1:
        old = before.by_code
        lowered = [one.code for one in plan.items if one.code in old and one.cap != old[one.code].cap]
        if lowered:
            yield f"{'、'.join(lowered)}：年度上限按全年计算，改动也适用于当年此前各月的得分。"
    waiting = [item.code for item in plan.items if item.feed and item.feed not in now.known]
    if waiting:
        yield f"{'、'.join(waiting)}：自动来源还在建设，建成前由申报人申报。"


def _most(item: Item) -> Decimal:
    """The most one deed can be worth."""
    return max((level.points for level in item.levels), default=item.points)


def scaled(plan: Plan, factor: Decimal) -> Plan:
    """The same edition counted in points `factor` times as large: what is decided by it stays the same."""
    scheme = replace(
        plan.scheme,
        base=plan.scheme.base * factor,
        caps={category: cap * factor for category, cap in plan.scheme.caps.items()},
        scale=plan.scheme.scale * factor,
    )
    return replace(plan, scheme=scheme, items=tuple(_scaled_item(item, factor) for item in plan.items))


def _scaled_item(item: Item, factor: Decimal) -> Item:
    def times(value: Decimal | None) -> Decimal | None:
        return None if value is None else value * factor

    larger = replace(
        item,
        points=item.points * factor,
        cap=times(item.cap),
        levels=tuple(replace(level, points=level.points * factor) for level in item.levels),
        variants={
            post: replace(one, points=times(one.points), cap=times(one.cap)) for post, one in item.variants.items()
        },
    )
    by_hand = scaled_text(item.points_text, factor)
    plain = not item.points_text or item.points_text == points_text(item) or len(by_hand) > TEXT_LENGTH
    return replace(larger, points_text=points_text(larger) if plain else by_hand)
