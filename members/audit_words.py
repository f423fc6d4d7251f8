"""How the audit trail names what happens in this room."""

from branches.audit_words import register
from members.choices import EventKind
from members.roster_types import TITLES

register(
    {
        **{f"member.{kind.value}": f"名册变动：{kind.label}" for kind in EventKind},
        "member.changed": "修改党员信息",
        "member.grouped": "调整党小组",
        "member.pii_revealed": "查看完整身份信息",
        "exemption.entered": "登记不参加积分",
        "exemption.ended": "结束不参加积分",
        "exemption.withdrawn": "撤销不参加积分登记",
        "development.planned": "登记发展计划",
        "roster.exported": "导出党员名册",
        "import.uploaded": "上传名册",
        "import.applied": "导入名册",
        "import.rolled_back": "撤回名册导入",
        "import.cancelled": "取消名册导入",
    },
    {
        **TITLES,
        "recorded_on": "变动日期",
        "approved_on": "支部大会日期",
        "kind": "进入名册的原因",
        "purpose": "用途",
        "planned": "计划发展人数",
        "rows": "条数",
        "size": "文件大小（字节）",
        "new": "新增",
        "changed": "变更",
        "refused": "不能导入",
    },
)
