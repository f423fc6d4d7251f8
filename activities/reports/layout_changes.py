"""What a hospital changes about its printed forms: saved, taken back, put into words for the trail.

The differences are those of `config.documents.adapting`; the forms themselves are in `layouts`.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction

from activities.models import FormLayout
from activities.reports.layouts import FORMS, name_of
from branches.audit import record
from branches.models import Branch, User
from config.documents.adapting import SIDES, line_labels, problems, row_labels
from config.documents.layouts import Layout

FACES: Final = {"title": "标题字体", "label": "栏目字体", "cell": "内容字体"}
SIZES: Final = {"title": "标题字号", "cell": "栏目和内容字号"}
CONFLICT: Final = "conflict"


@transaction.atomic
def save_layout(
    *, hospital: Branch, code: str, overrides: Mapping[str, Any], version: int, actor: User
) -> FormLayout | None:
    """Keep the differences of one form; none at all is the same as `reset_layout`. None when nothing is kept.

    `version` is that of the row the actor saw, 0 where there was none. Raises ValidationError: with the code
    CONFLICT when somebody else saved meanwhile, else with what does not fit.
    """
    layout = FORMS[code]
    if wrong := problems(layout, overrides):
        raise ValidationError(wrong)
    Branch.objects.select_for_update().get(pk=hospital.pk)  # there may be no row yet to lock
    row = FormLayout.objects.filter(branch=hospital, code=code).select_related("changed_by").first()
    if version != (row.version if row else 0):
        raise ValidationError(_told(layout, row), code=CONFLICT)
    old = row.overrides if row else {}
    if not overrides and row is not None:
        _remove(row, layout, actor)
        return None
    if overrides == old:
        return row
    row = row or FormLayout(branch=hospital, code=code, version=0)
    row.overrides, row.changed_by = dict(overrides), actor
    row.version += 1
    row.save()
    said = {"表样": name_of(layout)} | changes(layout, old, overrides)
    record(actor=actor, action="layout.changed", target=row, branch=hospital, changes=said)
    return row


@transaction.atomic
def reset_layout(*, hospital: Branch, code: str, actor: User) -> bool:
    """Print the form as the system has it. False where nothing was changed."""
    row = FormLayout.objects.select_for_update().filter(branch=hospital, code=code).first()
    if row is None:
        return False
    _remove(row, FORMS[code], actor)
    return True


def _remove(row: FormLayout, layout: Layout, actor: User) -> None:
    gone = {"表样": name_of(layout)} | changes(layout, row.overrides, {})
    record(actor=actor, action="layout.reset", target=row, branch=row.branch, changes=gone)
    row.delete()


def _told(layout: Layout, row: FormLayout | None) -> str:
    if row is None:
        return "您填写期间，另有人已把这个表样恢复为系统默认。再次保存将以您的为准。"
    said = "；".join(f"{what}：{new}" for what, (_, new) in changes(layout, {}, row.overrides).items())
    return f"您填写期间，{row.changed_by.name}已保存：{said}。再次保存将以您的为准。"


def changes(layout: Layout, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[str]]:
    """What differs, in Chinese: “主持人”的名称 -> [before, after]."""
    before, after = words(layout, old), words(layout, new)
    ours = words(layout, {}, whole=True)
    keys = [key for key in dict.fromkeys((*before, *after)) if before.get(key) != after.get(key)]
    return {key: [before.get(key, ours.get(key, "无")), after.get(key, ours.get(key, "无"))] for key in keys}


def words(layout: Layout, overrides: Mapping[str, Any], *, whole: bool = False) -> dict[str, str]:
    """The differences in Chinese, one line each; `whole`: instead what the system itself prints."""
    names = {row.name: f"“{row_labels(row)[0].split('（')[0]}”" for row in layout.rows}
    names |= {row["name"]: f"“{row['label']}”" for row in overrides.get("add", ())}
    if whole:
        said = [*line_labels(layout), *(label for row in layout.rows for label in row_labels(row))]
        labels: Mapping[str, Any] = {label: label for label in said}
        heights: Mapping[str, Any] = {row.name: row.height for row in layout.rows}
        fonts: Mapping[str, Any] = {name: getattr(layout.fonts, name) for name in FACES}
        sizes: Mapping[str, Any] = {name: getattr(layout.fonts, f"{name}_size") for name in SIZES}
        margins = [getattr(layout.page, side) for side in SIDES]
        title, order = layout.title, [row.name for row in layout.rows]
    else:
        labels, heights, fonts, sizes = (overrides.get(key, {}) for key in ("labels", "heights", "fonts", "sizes"))
        margins, title, order = (overrides.get(key) for key in ("margins", "title", "order"))
    found = {"标题": title} if title else {}
    found |= {f"“{key}”的名称": value for key, value in labels.items()}
    found |= {f"{names.get(key, key)}的高度": f"{value:g}毫米" for key, value in heights.items()}
    if hidden := overrides.get("hide"):
        found["不印的行"] = "".join(names.get(name, name) for name in hidden)
    if extra := overrides.get("add"):
        found["增加的行"] = "".join(f"“{row['label']}”{row.get('height', 0):g}毫米" for row in extra)
    if order:
        found["行的顺序"] = "".join(names.get(name, name) for name in order)
    if margins:
        found["页边距"] = "上{:g}、右{:g}、下{:g}、左{:g}毫米".format(*margins)
    found |= {FACES.get(key, key): value for key, value in fonts.items()}
    found |= {SIZES[key]: f"{value:g}磅" for key, value in sizes.items()}
    return found
