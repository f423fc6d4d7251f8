"""Levels, kinds, roles and capabilities of the organisation (domain.md: roles and permissions)."""

from django.db.models import TextChoices


class BranchLevel(TextChoices):
    SUPERIOR = "superior", "上级党组织"
    COMMITTEE = "committee", "党委"
    GENERAL_BRANCH = "general_branch", "党总支"
    BRANCH = "branch", "党支部"
    GROUP = "group", "党小组"


class Span(TextChoices):
    """How long the period of a report is."""

    MONTH = "month", "月度"
    QUARTER = "quarter", "季度"
    YEAR = "year", "年度"


class BranchKind(TextChoices):
    REGULAR = "regular", "一般"
    JOINT = "joint", "联合党支部"
    TEMPORARY = "temporary", "临时党支部"
    RETIRED = "retired", "离退休党支部"
    FLOATING = "floating", "流动党员党支部"


class BranchCategory(TextChoices):
    """Which work the branch does; score cards and rule variants may differ by it."""

    CLINICAL = "clinical", "临床"
    MEDICAL_TECHNOLOGY = "medical_technology", "医技"
    ADMINISTRATION = "administration", "行政后勤"
    RETIRED = "retired", "离退休"


class Role(TextChoices):
    PARTY_COMMITTEE_SECRETARY = "party_committee_secretary", "党委书记"
    PARTY_COMMITTEE_MEMBER = "party_committee_member", "党委委员"
    PARTY_OFFICE = "party_office", "党委办公室"
    DISCIPLINE_OFFICE = "discipline_office", "纪委"
    GENERAL_BRANCH_SECRETARY = "general_branch_secretary", "党总支书记"
    BRANCH_SECRETARY = "branch_secretary", "支部书记"
    DEPUTY_SECRETARY = "deputy_secretary", "副书记"
    ORGANISATION_MEMBER = "organisation_member", "组织委员"
    PUBLICITY_MEMBER = "publicity_member", "宣传委员"
    DISCIPLINE_MEMBER = "discipline_member", "纪检委员"
    GROUP_LEADER = "group_leader", "党小组组长"
    MEMBER = "member", "党员"
    PROBATIONARY = "probationary", "预备党员"
    ACTIVIST = "activist", "入党积极分子"
    SYSTEM_ADMIN = "system_admin", "信息管理员"
    SUPERIOR_VIEWER = "superior_viewer", "上级查看"
    AUDIT_ADMIN = "audit_admin", "审计管理员"


COMMITTEE_ROLES = frozenset(  # the branch committee (支委会), in the order of the paper forms
    {
        Role.BRANCH_SECRETARY,
        Role.DEPUTY_SECRETARY,
        Role.ORGANISATION_MEMBER,
        Role.PUBLICITY_MEMBER,
        Role.DISCIPLINE_MEMBER,
    }
)
ROLL_ROLES = frozenset({Role.MEMBER, Role.PROBATIONARY, Role.ACTIVIST})  # kept by the members room, never by hand


class Capability(TextChoices):
    DASHBOARD_VIEW = "dashboard.view", "查看总览"
    ORG_VIEW = "org.view", "查看组织架构"
    ORG_MANAGE = "org.manage", "管理组织架构"
    POSTS_MANAGE = "posts.manage", "任免职务"
    TERM_WRITE = "term.write", "登记届次"
    SLIPS_ISSUE = "slips.issue", "打印激活单"
    ACCOUNTS_MANAGE = "accounts.manage", "管理账号"
    ROSTER_VIEW = "roster.view", "查看党员名册"
    ROSTER_WRITE = "roster.write", "修改党员信息"
    ROSTER_IMPORT = "roster.import", "导入党员名册"
    TRANSFER_WRITE = "transfer.write", "办理组织关系转接"
    PII_VIEW = "pii.view", "查看完整身份信息"
    ACTIVITY_VIEW = "activity.view", "查看活动记录"
    ACTIVITY_WRITE = "activity.write", "登记活动"
    ACTIVITY_CONFIRM = "activity.confirm", "确认活动记录"
    ACTIVITY_REVIEW = "activity.review", "抽查和退回活动记录"
    COMMITTEE_RECORD = "committee.record", "登记党委活动"
    COMMITTEE_CONFIRM = "committee.confirm", "确认党委活动记录"
    BRANCH_ACTIVITIES_VIEW = "branch.activities.view", "查看本支部活动"
    PLAN_REVIEW = "plan.review", "布置事项、审核计划和未召开说明"
    POINTS_VIEW = "points.view", "查看支部积分"
    RULES_VIEW = "rules.view", "查看积分规则"
    POINTS_PUBLISHED_VIEW = "points.published.view", "查看晾晒的积分"
    POINTS_REVIEW = "points.review", "审核积分申报"
    POINTS_FIRST_REVIEW = "points.first_review", "初审本组积分申报"
    POINTS_DEDUCT = "points.deduct", "登记扣分"
    POINTS_IMPORT = "points.import", "批量登记积分"
    POINTS_PUBLISH = "points.publish", "晾晒积分"
    POINTS_CHECK = "points.check", "抽查积分"
    DISCIPLINE_VIEW = "discipline.view", "查看纪律扣分和一票否决"
    DISCIPLINE_WRITE = "discipline.write", "登记纪律扣分和一票否决"
    VETO_REVIEW = "veto.review", "审核一票否决"
    VETO_CONFIRM = "veto.confirm", "确认一票否决"
    OBJECTION_ANSWER = "objection.answer", "答复积分异议"
    OBJECTION_DECIDE = "objection.decide", "裁定积分申诉"
    RULES_WRITE = "rules.write", "编制积分规则"
    EXEMPTION_WRITE = "exemption.write", "登记不参加积分名单"
    ASSESSMENT_WRITE = "assessment.write", "登记民主测评、提出考核等次"
    ASSESSMENT_CONFIRM = "assessment.confirm", "审定考核等次"
    STARS_VIEW = "stars.view", "查看星级评定"
    STARS_SELF_RATE = "stars.self_rate", "提交星级自评"
    STARS_REVIEW = "stars.review", "复核星级、编制评分表"
    STARS_APPROVE = "stars.approve", "审定星级"
    PERIODS_CLOSE = "periods.close", "月份关账"
    PERIODS_LOCK = "periods.lock", "锁定和重新开放季度"
    YEAR_REOPEN = "year.reopen", "重新开放年度"
    REPORTS_SCHEDULE = "reports.schedule", "设置定期报表"
    AUDIT_VIEW = "audit.view", "查看审计记录"
    OWN_VIEW = "own.view", "查看本人信息"


class Topic(TextChoices):
    """What a notice is about: the filter of the inbox. A room that needs another adds it here."""

    DUTY = "duty", "规定动作"
    ACTIVITY = "activity", "活动通知"
    RECORD = "record", "活动记录"
    MAKE_UP = "make_up", "补课"
    TERM = "term", "换届和补选"
    ROSTER = "roster", "党员名册"
    DEVELOPMENT = "development", "发展党员"
    DUES = "dues", "党费"
    POINTS = "points", "积分"
    STARS = "stars", "星级评定"
    REPORT = "report", "报表和文件"
    SYSTEM = "system", "系统"


def topic_label(topic: str) -> str:
    return str(Topic(topic).label) if topic in Topic.values else "其他"


class Outgoing(TextChoices):
    """Where a notice stands on its way out of the site."""

    NONE = "none", "只在站内"
    WAITING = "waiting", "等待发送"
    HANDED = "handed", "已交发送"


class ChannelKind(TextChoices):
    EMAIL = "email", "邮件"
    WECOM = "wecom", "企业微信"
    DINGTALK = "dingtalk", "钉钉"
    FEISHU = "feishu", "飞书"


class DeliveryState(TextChoices):
    QUEUED = "queued", "等待发送"
    SENDING = "sending", "正在发送"
    SENT = "sent", "已发送"
    LOST = "lost", "未送达"


class DigestRhythm(TextChoices):
    EACH = "each", "有新消息就发（五分钟内合并为一条）"
    DAILY = "daily", "每天一条，合并发送"
