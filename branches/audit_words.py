"""How the audit trail reads: actions, fields and values in Chinese. Other rooms add theirs in their apps.py."""

import re
from typing import Any, NamedTuple

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

ACTIONS: dict[str, str] = {}
FIELDS: dict[str, str] = {}


def register(actions: dict[str, str], fields: dict[str, str] | None = None) -> None:
    """`actions`: "activity.confirmed" -> 确认活动记录; `fields`: keys of `changes` that are no field of the target."""
    ACTIONS.update(actions)
    FIELDS.update(fields or {})


register(
    {
        "display.made": "建立大屏链接",
        "display.revoked": "停用大屏链接",
        "branch.founded": "新建党组织",
        "branch.changed": "修改党组织信息",
        "branch.moved": "调整上级党组织",
        "branch.dissolved": "撤销党组织",
        "post.appointed": "任命职务",
        "post.ended": "免去职务",
        "post.enrolled": "编入名册",
        "person.added": "新增人员",
        "term.entered": "登记届次",
        "term.changed": "修改届次",
        "term.extended": "登记延期换届",
        "account.logged_in": "登录",
        "account.logged_out": "退出登录",
        "account.login_failed": "登录失败",
        "account.locked": "连续输错密码被锁定",
        "account.unlocked": "解除锁定",
        "account.activated": "激活账号并设置密码",
        "account.password_changed": "修改密码",
        "account.disabled": "停用账号",
        "account.enabled": "启用账号",
        "account.sessions_ended": "强制退出登录",
        "slip.issued": "打印激活单",
        "slip.mail_queued": "申请邮件发送激活链接",
        "slip.mailed": "邮件发送激活链接",
        "slip.mail_failed": "激活链接邮件没有发出",
        "account.email_changed": "修改邮箱",
        "setup.link_made": "生成初始设置链接",
        "setup.done": "完成初始设置",
        "reminder.preference_set": "修改提醒时间",
        "reminder.channel_set": "填写提醒方式",
        "reminder.channel_enabled": "开启提醒方式",
        "reminder.channel_removed": "删除提醒方式",
        "reminder.grace_set": "修改逾期提醒的宽限期",
        "feed.made": "生成日历订阅地址",
        "feed.revoked": "停用日历订阅地址",
        "holiday.set": "登记节假日或调休",
        "holiday.removed": "删除节假日或调休",
        "report.requested": "申请生成报表",
        "report.downloaded": "下载报表",
        "report.cancelled": "取消生成报表",
        "report.deleted": "删除报表",
        "schedule.created": "设置定期报表",
        "schedule.changed": "修改定期报表",
        "schedule.paused": "暂停定期报表",
        "schedule.resumed": "恢复定期报表",
        "schedule.deleted": "删除定期报表",
        "access.refused": "没有权限被拒绝",
    },
    {
        "parent": "上级党组织",
        "role": "职务",
        "starts_on": "开始日期",
        "ends_on": "结束日期",
        "name": "名称",
        "capability": "权限",
        "name_hash": "登录名摘要",
        "path": "页面",
        "channel": "提醒方式",
    },
)


class Change(NamedTuple):
    field: str
    old: str
    new: str


def action_text(action: str) -> str:
    return ACTIONS.get(action, "其他操作")


def actions_saying(text: str) -> list[str]:
    """The actions whose Chinese name holds `text`: for the filter."""
    return [action for action, words in ACTIONS.items() if text in words]


def changes_text(target_type: str, changes: dict[str, Any]) -> list[Change]:
    """One line per changed field; what is not a pair is shown as the new value."""
    lines = []
    for field, pair in changes.items():
        old, new = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        lines.append(Change(_field_text(target_type, field), _value_text(old), _value_text(new)))
    return lines


def _field_text(target_type: str, field: str) -> str:
    if target_type:
        try:
            name = str(apps.get_model(target_type)._meta.get_field(field).verbose_name)
        except (LookupError, ValueError, FieldDoesNotExist, AttributeError):
            name = ""
        if name and not name.isascii():
            return name
    return FIELDS.get(field, "内容" if field.isascii() else field)  # some rooms write the label itself


def _value_text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(_value_text(item) for item in value)
    if isinstance(value, dict):
        return "、".join(_value_text(item) for item in value.values())
    text = str(value)
    if day := re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text):
        return f"{day[1]}年{int(day[2])}月{int(day[3])}日"
    return text
