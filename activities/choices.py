"""Words of the activities room that rules, models and pages share."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.db.models import TextChoices


class Kind(TextChoices):
    """Everything a node or a person owes in a year; only GATHERINGS become activity records."""

    GENERAL_MEETING = "general_meeting", "支部党员大会"
    COMMITTEE_MEETING = "committee_meeting", "支部委员会会议"
    GROUP_MEETING = "group_meeting", "党小组会"
    PARTY_LECTURE = "party_lecture", "党课"
    THEME_DAY = "theme_day", "主题党日"
    ORG_LIFE_MEETING = "org_life_meeting", "组织生活会"
    DEMOCRATIC_APPRAISAL = "democratic_appraisal", "民主评议党员"
    HEART_TALK = "heart_talk", "谈心谈话"
    POLITICAL_BIRTHDAY = "political_birthday", "政治生日"
    DUES_COLLECTION = "dues_collection", "收缴党费"
    POINTS_PUBLICATION = "points_publication", "晾晒积分"
    WARNING_EDUCATION = "warning_education", "警示教育"
    CENTER_GROUP_STUDY = "center_group_study", "党委理论学习中心组学习"
    DEM_LIFE_MEETING = "dem_life_meeting", "领导班子民主生活会"
    REPORT_ASSESSMENT = "report_assessment", "书记抓党建述职评议"
    RESEARCH = "research", "调查研究"
    DOUBLE_ORG_LIFE = "double_org_life", "双重组织生活"
    ASSIGNED = "assigned", "党委布置事项"  # what the committee pushed; never in the duty table


SHORT_LABELS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.GENERAL_MEETING: "党员大会",
        Kind.COMMITTEE_MEETING: "支委会",
        Kind.DEMOCRATIC_APPRAISAL: "民主评议",
        Kind.POINTS_PUBLICATION: "积分晾晒",
        Kind.CENTER_GROUP_STUDY: "中心组学习",
        Kind.DEM_LIFE_MEETING: "民主生活会",
        Kind.REPORT_ASSESSMENT: "述职评议",
        Kind.ASSIGNED: "布置事项",
    }
)  # headings of narrow columns; read through short_label()


def short_label(kind: Kind | str) -> str:
    kind = Kind(kind)
    return SHORT_LABELS.get(kind, str(kind.label))


class DoneBy(TextChoices):
    """What fulfils a duty."""

    GATHERING = "gathering", "活动记录"
    SERVICE = "service", "业务办理"  # the service that does the thing; nobody types it in as a meeting
    DERIVED = "derived", "系统统计"  # counted from other records


class Audience(TextChoices):
    """Who is expected at a gathering."""

    ROLL = "roll", "支部全体党员"
    COMMITTEE = "committee", "支部委员"
    GROUP = "group", "党小组成员"
    LEADERS = "leaders", "领导班子成员"
    SECRETARIES = "secretaries", "支部书记"


AUDIENCES: Final[Mapping[Kind, Audience]] = MappingProxyType(
    {
        Kind.GENERAL_MEETING: Audience.ROLL,
        Kind.COMMITTEE_MEETING: Audience.COMMITTEE,
        Kind.GROUP_MEETING: Audience.GROUP,
        Kind.PARTY_LECTURE: Audience.ROLL,
        Kind.THEME_DAY: Audience.ROLL,
        Kind.ORG_LIFE_MEETING: Audience.ROLL,
        Kind.DEMOCRATIC_APPRAISAL: Audience.ROLL,
        Kind.POLITICAL_BIRTHDAY: Audience.ROLL,
        Kind.WARNING_EDUCATION: Audience.ROLL,
        Kind.CENTER_GROUP_STUDY: Audience.LEADERS,
        Kind.DEM_LIFE_MEETING: Audience.LEADERS,
        Kind.REPORT_ASSESSMENT: Audience.SECRETARIES,
    }
)

BRANCH_KINDS: Final = (  # what a branch holds, in the order its form offers
    Kind.THEME_DAY,
    Kind.GENERAL_MEETING,
    Kind.COMMITTEE_MEETING,
    Kind.GROUP_MEETING,
    Kind.PARTY_LECTURE,
    Kind.ORG_LIFE_MEETING,
    Kind.DEMOCRATIC_APPRAISAL,
    Kind.POLITICAL_BIRTHDAY,
    Kind.WARNING_EDUCATION,
)
COMMITTEE_KINDS: Final = (Kind.CENTER_GROUP_STUDY, Kind.DEM_LIFE_MEETING, Kind.REPORT_ASSESSMENT)

GATHERINGS: Final[frozenset[Kind]] = frozenset(AUDIENCES)  # kinds an activity record may have
GATHERING_CHOICES: Final[list[tuple[str, str]]] = [(k.value, str(k.label)) for k in Kind if k in GATHERINGS]

# Gatherings of the whole roll that decide nothing: what branches may hold jointly; why not the others.
JOINT_KINDS: Final[frozenset[Kind]] = frozenset(
    {Kind.THEME_DAY, Kind.PARTY_LECTURE, Kind.POLITICAL_BIRTHDAY, Kind.WARNING_EDUCATION}
)
NOT_JOINT: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.GENERAL_MEETING: "党员大会按本支部应到会人数表决和选举",
        Kind.COMMITTEE_MEETING: "支委会只由本支部委员参加",
        Kind.GROUP_MEETING: "党小组会只由本组党员参加",
        Kind.ORG_LIFE_MEETING: "组织生活会在本支部内开展批评和自我批评",
        Kind.DEMOCRATIC_APPRAISAL: "民主评议和测评在本支部内进行",
        Kind.CENTER_GROUP_STUDY: "这类活动由党委登记",
        Kind.DEM_LIFE_MEETING: "这类活动由党委登记",
        Kind.REPORT_ASSESSMENT: "这类活动由党委登记",
    }
)

# A general meeting needs its quorum only when it votes; the two others always.
QUORUM_KINDS: Final[frozenset[Kind]] = frozenset({Kind.GENERAL_MEETING, Kind.COMMITTEE_MEETING, Kind.DEM_LIFE_MEETING})


class ActivityState(TextChoices):
    PLANNED = "planned", "计划"
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待确认"
    RETURNED = "returned", "已退回"
    CONFIRMED = "confirmed", "已确认"
    ARCHIVED = "archived", "已归档"


HANDED_IN: Final = (ActivityState.SUBMITTED, ActivityState.CONFIRMED, ActivityState.ARCHIVED)


class AttendanceStatus(TextChoices):
    PRESENT = "present", "到会"
    LEAVE = "leave", "请假"
    OFFICIAL = "official", "因公"
    UNEXCUSED = "unexcused", "无故缺席"


class AbsenceReason(TextChoices):
    LEAVE_PERSONAL = "leave_personal", "事假"
    LEAVE_SICK = "leave_sick", "病假"
    OFFICIAL = "official", "因公出差"
    DUTY = "duty", "值班/夜班"
    EMERGENCY = "emergency", "急诊/手术/抢救"
    DEPLOYMENT = "deployment", "支援任务/外派进修"
    MATERNITY = "maternity", "产假"
    FLOATING = "floating", "流动外出"
    RETIRED_FRAIL = "retired_frail", "年老体弱"
    UNEXCUSED = "unexcused", "无故"


_STATUS_OF: Final[Mapping[AbsenceReason, AttendanceStatus]] = MappingProxyType(
    {
        AbsenceReason.LEAVE_PERSONAL: AttendanceStatus.LEAVE,
        AbsenceReason.LEAVE_SICK: AttendanceStatus.LEAVE,
        AbsenceReason.MATERNITY: AttendanceStatus.LEAVE,
        AbsenceReason.FLOATING: AttendanceStatus.LEAVE,
        AbsenceReason.RETIRED_FRAIL: AttendanceStatus.LEAVE,
        AbsenceReason.OFFICIAL: AttendanceStatus.OFFICIAL,
        AbsenceReason.DUTY: AttendanceStatus.OFFICIAL,
        AbsenceReason.EMERGENCY: AttendanceStatus.OFFICIAL,
        AbsenceReason.DEPLOYMENT: AttendanceStatus.OFFICIAL,
        AbsenceReason.UNEXCUSED: AttendanceStatus.UNEXCUSED,
    }
)


def status_of(reason: AbsenceReason | str) -> AttendanceStatus:
    """The attendance status an absence reason stands for. Raises ValueError for an unknown code."""
    return _STATUS_OF[AbsenceReason(reason)]


class Period(TextChoices):
    MONTH = "month", "每月"
    QUARTER = "quarter", "每季度"
    HALF_YEAR = "half_year", "每半年"
    YEAR = "year", "每年"


class Per(TextChoices):
    """Whom one unit of a duty belongs to."""

    BRANCH = "branch", "支部"
    GROUP = "group", "党小组"
    MEMBER = "member", "党员"
    MEMBER_PAIR = "member_pair", "谈话双方"
    COMMITTEE = "committee", "党委"
    LEADER = "leader", "领导班子成员"


class DutyLevel(TextChoices):
    """The level of the node that owes a duty; the first three are values of a node's own level."""

    COMMITTEE = "committee", "党委"
    BRANCH = "branch", "党支部"
    GROUP = "group", "党小组"
    PERSON = "person", "个人"


class PlanState(TextChoices):
    OPEN = "open", "未开展"
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待确认"
    RETURNED = "returned", "已退回"
    CONFIRMED = "confirmed", "已完成"
    NOT_HELD_ASKED = "not_held_asked", "申请不开展"
    NOT_HELD = "not_held", "同意不开展"
    NOT_APPLICABLE = "not_applicable", "不适用"


class CellState(TextChoices):
    """One cell of the board, whatever number of plan items stands behind it."""

    OK = "ok", "已完成"
    OK_LATE = "ok_late", "已完成（迟）"
    SENT = "sent", "待确认"
    RETURNED = "returned", "已退回"
    SOON = "soon", "即将到期"
    LATE = "late", "逾期"
    PLAN = "plan", "未到期"
    NA = "na", "不适用"


class MotionKind(TextChoices):
    """What a meeting decides; admission, confirmation, election and the appraisal poll are secret ballots."""

    RESOLUTION = "resolution", "一般决议"
    ADMISSION = "admission", "接收预备党员"
    CONFIRMATION = "confirmation", "预备党员转正"
    ELECTION = "election", "选举"
    APPRAISAL_POLL = "appraisal_poll", "民主测评"


class VoteMethod(TextChoices):
    SHOW_OF_HANDS = "show_of_hands", "举手表决"
    SECRET = "secret", "无记名投票"
    OPEN = "open", "记名投票"


class ElectionBase(TextChoices):
    """Whose half a candidate must pass (setting `election_pass_base`)."""

    PRESENT = "present", "到会有选举权的党员"
    SHOULD_ATTEND = "should_attend", "应到会有选举权的党员"


class ConfirmedBy(TextChoices):
    """Which office confirms a record (activities.rules.confirmers)."""

    OFFICERS = "officers", "支部书记、副书记、组织委员"  # of a committee: its secretary and members
    LEADERS = "leaders", "党小组组长"
    OFFICE = "office", "党委办公室"


class VoteResult(TextChoices):
    """What a count comes to; empty while nothing was counted."""

    PASSED = "passed", "通过"
    FAILED = "failed", "未通过"
    VOID = "void", "无效"


class ElectionBody(TextChoices):
    COMMITTEE = "committee", "支部委员会委员"
    SECRETARY = "secretary", "支部书记"
    DEPUTY = "deputy", "支部副书记"
    DELEGATES = "delegates", "党代表"


class ExclusionReason(TextChoices):
    """The six cases in which a full member may be left out of those who should attend; FIVE hold for admissions too."""

    INCAPABLE = "incapable", "患有精神病或其他疾病导致不能表达本人意志"
    ABROAD = "abroad", "自费出国半年以上"
    IMPRISONED = "imprisoned", "虽未受到留党察看以上党纪处分，但正在服刑"
    FRAIL = "frail", "年老体弱卧床不起或长期生病、生活不能自理"
    AWAY = "away", "工作调动、外派、学习或外出半年以上，按规定应转走组织关系而没有转走"
    RETIRED_AWAY = "retired_away", "离退休后回原籍长期居住，未转组织关系"


class LeaveState(TextChoices):
    ASKED = "asked", "待审批"
    APPROVED = "approved", "已同意"
    REFUSED = "refused", "未同意"
    WITHDRAWN = "withdrawn", "已撤回"


class MakeUpState(TextChoices):
    OPEN = "open", "待补课"
    REPORTED = "reported", "待审核"
    DONE = "done", "已补课"
    WAIVED = "waived", "免补"


class StudyState(TextChoices):
    """Of an entry in the ledger of hours; what came from a record counts by itself."""

    COUNTED = "counted", "已计入"
    ASKED = "asked", "待审核"
    REFUSED = "refused", "未计入"


class SignMethod(TextChoices):
    QR = "qr", "扫码"
    CODE = "code", "签到码"
    MANUAL = "manual", "书记登记"


class FollowUpSort(TextChoices):
    RESOLUTION = "resolution", "议定事项"
    RECTIFICATION = "rectification", "整改事项"


class AttachmentGroup(TextChoices):
    """The groups of material that belong to an organisational life meeting, and courseware."""

    NOTICE = "notice", "通知"
    STUDY = "study", "会前学习"
    RECORD = "record", "记录"
    ANALYSIS = "analysis", "党员剖析材料"
    SELF_REVIEW = "self_review", "党员自评材料"
    PROBLEMS = "problems", "问题清单"
    RECTIFICATION = "rectification", "整改清单"
    MINUTES = "minutes", "会议记录"
    APPRAISAL = "appraisal", "民主评议党员"
    REPORT = "report", "情况报告"
    COURSEWARE = "courseware", "课件"
    OTHER = "other", "其它"


class YearDocumentKind(TextChoices):
    PLAN = "plan", "年度计划"
    SUMMARY = "summary", "年度总结"


class YearDocumentState(TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "待审批"
    RETURNED = "returned", "已退回"
    APPROVED = "approved", "已同意"
