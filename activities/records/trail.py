"""What happened to a record, in Chinese, from the audit trail."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from activities.models import Activity
from branches.models import AuditEntry

WORDS: Final = {
    "activity.created": "创建草稿",
    "activity.changed": "修改",
    "activity.submitted": "提交",
    "activity.confirmed": "确认",
    "activity.returned": "退回",
    "activity.corrected": "更正",
    "activity.reopened": "抽查退回",
    "activity.checked": "抽查，合格",
    "activity.photos_added": "上传照片",
    "activity.photo_deleted": "删除照片",
    "activity.files_added": "上传附件",
    "activity.file_deleted": "删除附件",
    "activity.planned": "存为计划",
    "activity.announced": "通知应到人员",
    "activity.invited": "邀请联合举办",
    "activity.shared": "更新公共内容",
    "activity.matter_done": "办结议定事项",
    "activity.matter_reopened": "重开议定事项",
}


@dataclass(frozen=True)
class Step:
    at: datetime
    text: str
    comment: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()  # field, before, after


def trail_of(activity: Activity) -> list[Step]:
    """Newest first. One query."""
    lines = AuditEntry.objects.filter(target_type=activity._meta.label_lower, target_id=activity.pk).order_by("-pk")[
        :60
    ]
    steps = []
    for line in lines:
        what = WORDS.get(line.action, "")
        if not what:
            continue
        pairs = {name: pair for name, pair in line.changes.items() if isinstance(pair, list) and len(pair) == 2}
        comment = ""
        if line.action in ("activity.returned", "activity.reopened"):
            comment = "\n".join(text if name == "退回意见" else f"{name}：{text}" for name, (_, text) in pairs.items())
        if line.action == "activity.checked":
            comment = str(pairs.pop("抽查意见", ["", ""])[1])
        if line.action == "activity.corrected":
            comment = str(pairs.pop("更正原因", ["", ""])[1])
        if line.action == "activity.changed" and pairs:
            what = f"修改{len(pairs)}处"
        if line.action not in ("activity.changed", "activity.corrected", "activity.shared"):
            pairs = {}
        shown = tuple((name, _shown(old), _shown(new)) for name, (old, new) in pairs.items())
        steps.append(Step(line.at, f"{line.actor_name}{what}", comment, shown))
    return steps


def _shown(value: object) -> str:
    return "（不显示）" if value == "***" else str(value or "（空）")
