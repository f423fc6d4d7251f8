"""How the audit trail names what happens in this room."""

from branches.audit_words import register

register(
    {
        "activity.created": "登记活动草稿",
        "activity.changed": "修改活动记录",
        "activity.submitted": "提交活动记录",
        "activity.confirmed": "确认活动记录",
        "activity.returned": "退回活动记录",
        "activity.corrected": "更正出席",
        "activity.deleted": "删除活动草稿",
        "activity.photos_added": "添加活动照片",
        "activity.photo_deleted": "删除活动照片",
        "activity.exported": "导出活动记录",
        "plan.made": "生成年度计划",
        "plan.explained": "说明未召开",
        "plan.accepted": "同意未召开说明",
        "plan.refused": "不同意未召开说明",
    },
    {"comment": "退回意见", "rows": "条数", "year": "年度", "items": "项数", "text": "说明"},
)
