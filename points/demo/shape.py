"""What the demo hospital looks like: its branches, the log-ins, the words of its records. Data only."""

from typing import Final, NamedTuple

from branches.choices import BranchCategory, BranchKind, Role

HOSPITAL: Final = "江州市人民医院党委"
GENERAL_BRANCH: Final = "临床党总支"
DEMO_LOGINS: Final[tuple[str, ...]] = (
    "admin",
    "office",
    "leader",
    "secretary",
    "organiser",
    "discipline",
    "member",
    "secretary2",
)
START: Final = 474
ADMITTED: Final = 25
HIGH_LEVEL: Final = 13  # of the admitted
MOVED_IN: Final = 6
MOVED_OUT: Final = 8
DECEASED: Final = 2  # 474 + 25 + 6 − 8 − 2 = 495


class BranchPlan(NamedTuple):
    name: str
    code: str
    size: int  # members today
    category: BranchCategory
    kind: BranchKind = BranchKind.REGULAR
    groups: int = 3
    under_general_branch: bool = False
    departments: tuple[str, ...] = ()
    diligence: float = 0.96  # how often a required action is held
    punctuality: float = 0.93  # how often its record comes in time


C, K = BranchCategory, BranchKind
BRANCHES: Final[tuple[BranchPlan, ...]] = (
    BranchPlan(
        "机关第一党支部",
        "JG01",
        31,
        C.ADMINISTRATION,
        departments=("党委办公室", "医务科", "护理部", "信息科", "财务科"),
        diligence=1.0,
        punctuality=0.95,
    ),
    BranchPlan(
        "机关第二党支部",
        "JG02",
        38,
        C.ADMINISTRATION,
        departments=("院办公室", "人事科", "后勤保障部", "采购中心"),
        diligence=0.95,
    ),
    BranchPlan(
        "内科第一党支部",
        "NK01",
        45,
        C.CLINICAL,
        under_general_branch=True,
        departments=("心血管内科", "呼吸内科", "消化内科"),
    ),
    BranchPlan(
        "内科第二党支部",
        "NK02",
        43,
        C.CLINICAL,
        under_general_branch=True,
        departments=("神经内科", "肾内科", "内分泌科"),
        diligence=0.98,
    ),
    BranchPlan(
        "外科第一党支部",
        "WK01",
        42,
        C.CLINICAL,
        under_general_branch=True,
        departments=("普外科", "骨科", "泌尿外科"),
        diligence=0.9,
        punctuality=0.85,
    ),
    BranchPlan(
        "外科第二党支部",
        "WK02",
        40,
        C.CLINICAL,
        under_general_branch=True,
        departments=("神经外科", "胸外科", "麻醉科"),
        diligence=0.86,
        punctuality=0.8,
    ),
    BranchPlan("妇儿党支部", "FE01", 39, C.CLINICAL, under_general_branch=True, departments=("妇科", "产科", "儿科")),
    BranchPlan(
        "门急诊党支部",
        "MZ01",
        44,
        C.CLINICAL,
        departments=("急诊科", "门诊部", "重症医学科"),
        diligence=0.88,
        punctuality=0.82,
    ),
    BranchPlan("五官科党支部", "WG01", 38, C.CLINICAL, departments=("眼科", "耳鼻喉科", "口腔科")),
    BranchPlan(
        "医技第一党支部", "YJ01", 41, C.MEDICAL_TECHNOLOGY, departments=("检验科", "输血科", "病理科"), diligence=0.97
    ),
    BranchPlan("医技第二党支部", "YJ02", 40, C.MEDICAL_TECHNOLOGY, departments=("放射科", "超声医学科", "药学部")),
    BranchPlan("科教党支部", "KJ01", 6, C.ADMINISTRATION, groups=0, departments=("科教科",), diligence=0.93),
    BranchPlan(
        "离退休党支部", "LT01", 48, C.RETIRED, K.RETIRED, groups=0, departments=("离退休办公室",), diligence=0.97
    ),
)
TEMPORARY: Final = BranchPlan("援外医疗队临时党支部", "LS01", 0, C.CLINICAL, K.TEMPORARY, groups=0)

CAST: Final[dict[str, tuple[str, str, Role | None]]] = {  # log-in -> (name, branch code, post)
    "secretary": ("陈静怡", "JG01", Role.BRANCH_SECRETARY),
    "deputy": ("杨建军", "JG01", Role.DEPUTY_SECRETARY),
    "organiser": ("赵启明", "JG01", Role.ORGANISATION_MEMBER),
    "publicity": ("李思源", "JG01", Role.PUBLICITY_MEMBER),
    "discipline": ("张立新", "JG01", Role.DISCIPLINE_MEMBER),
    "member": ("林晓雯", "JG01", None),
    "secretary2": ("周明远", "NK02", Role.BRANCH_SECRETARY),
    "office": ("孔令仪", "JG02", Role.PARTY_OFFICE),
    "leader": ("方正华", "JG02", Role.PARTY_COMMITTEE_SECRETARY),
}

SURNAMES: Final = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾"
    "丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤"
    "尹黎易常武乔贺赖龚文"
)
GIVEN_F: Final = (
    "佳颖",
    "雅琴",
    "晓彤",
    "淑兰",
    "雨桐",
    "秀英",
    "梅",
    "丽娜",
    "欣然",
    "慧敏",
    "春燕",
    "雪",
    "文静",
    "诗韵",
    "若溪",
    "知秋",
    "海燕",
    "思琪",
    "玉兰",
    "静",
    "敏",
    "婷婷",
    "红霞",
    "美玲",
    "晓红",
    "爱华",
    "丹",
    "芳",
    "莉",
    "雯",
    "倩",
    "洁",
    "颖",
    "琳",
    "佩珊",
    "月华",
    "桂英",
    "云",
    "翠芬",
    "素珍",
)
GIVEN_M: Final = (
    "海峰",
    "国栋",
    "文博",
    "建军",
    "子涵",
    "志强",
    "一帆",
    "海涛",
    "鹏飞",
    "德林",
    "俊杰",
    "伟",
    "磊",
    "思远",
    "景明",
    "立群",
    "长河",
    "卫国",
    "子昂",
    "浩然",
    "晨",
    "勇",
    "军",
    "涛",
    "明",
    "超",
    "刚",
    "平",
    "辉",
    "建国",
    "建平",
    "永康",
    "世杰",
    "宏伟",
    "振华",
    "家豪",
    "天佑",
    "博文",
    "启航",
    "瑞",
)

THEMES: Final = (
    "守护生命，心系患者：志愿导诊服务",
    "清廉医院建设专题学习",
    "学习公立医院高质量发展有关精神",
    "重温入党誓词，牢记医者初心",
    "健康义诊进社区",
    "参观革命纪念馆",
    "过紧日子，从节约一张纸做起",
    "优化门诊流程大讨论",
    "急救技能进校园",
    "安全生产和患者安全主题日",
    "结对共建，服务基层",
    "岗位练兵，技能比武",
    "我为群众办实事：陪诊助老",
    "学习医德医风九项准则",
    "弘扬抗疫精神，讲好身边故事",
)
LECTURES: Final = (
    "做新时代合格的医务工作者",
    "从一台手术看党员的责任",
    "公立医院的公益性从哪里来",
    "纪律是党员的底线",
    "老一辈卫生工作者的初心",
)
COMMITTEE_TOPICS: Final = (
    "研究本月组织生活安排",
    "研究支部年度重点工作推进",
    "研究积分管理和党员发展",
    "研究志愿服务和结对共建",
    "研究意识形态和医德医风工作",
    "研究支部阵地建设",
)
GENERAL_TOPICS: Final = (
    "听取支部委员会季度工作报告",
    "讨论支部年度工作计划",
    "讨论发展党员工作",
    "通报党费收缴和使用情况",
)
GROUP_TOPICS: Final = ("学习研讨和思想汇报", "学习党章和交流岗位体会", "讨论小组志愿服务安排", "学习上级会议精神")
PLACES: Final = ("行政楼三楼党员活动室", "门诊楼五楼会议室", "住院部二楼示教室", "学术报告厅", "外科楼八楼会议室")
MINUTES: Final = (
    "一、主持人通报应到、实到和请假情况，说明本次活动的主题和安排。\n"
    "二、集中学习有关文件，结合科室工作交流体会。与会同志围绕“{topic}”发言，提出改进意见。\n"
    "三、会议议定：由各党小组组长负责落实，下次会议通报进展。"
)
