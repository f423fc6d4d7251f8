"""What the demo hospital looks like: its branches, the log-ins, the words of its records. Data only."""

from typing import Final, NamedTuple

from branches.choices import BranchCategory, BranchKind, Role

ROOT: Final = "JZ"
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
LEADING_BRANCHES: Final = ("JG02", "NK01", "WK01", "FE01", "MZ01", "YJ01")  # one member of the committee from each
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
STUDY_TOPICS: Final = (
    "专题学习公立医院高质量发展的有关精神",
    "学习党内法规，研讨党委领导下的院长负责制",
    "学习医德医风和廉洁从业的有关规定",
    "研讨党建与业务深度融合",
)
PLACES: Final = ("行政楼三楼党员活动室", "门诊楼五楼会议室", "住院部二楼示教室", "学术报告厅", "外科楼八楼会议室")
MINUTES: Final = {  # by the first kind of a record; several, so that two records in a row do not read the same
    "theme_day": (
        "一、全体党员佩戴党徽，重温入党誓词。\n二、围绕“{topic}”开展活动，分三组到门诊大厅和病区服务，共服务患者{n}人次。\n"
        "三、支部书记点评：岗位服务要常态化，下月起每周二、四安排党员值守。",
        "一、集中学习上级文件，学习时间{m}分钟。\n二、结合“{topic}”逐一发言，共提出改进建议{k}条，已交办公室汇总。\n"
        "三、议定事项：各党小组两周内完成自查，月底前报支委会。",
        "一、参观学习并听取讲解。\n二、现场交流体会，{k}名同志发言，结合科室实际谈如何落实“{topic}”。\n"
        "三、宣传委员负责整理活动照片和体会文章。",
    ),
    "committee_meeting": (
        "第一议题：学习最新重要讲话精神。\n一、{topic}。各委员汇报分工完成情况。\n"
        "二、决定：组织委员负责核对考勤和补课，宣传委员负责下月主题党日方案。",
        "第一议题：学习党内法规。\n一、讨论“{topic}”，形成一致意见。\n二、通报上次会议{k}项决定的落实情况，均已办结。\n"
        "三、下次会议前，由纪检委员提交廉洁行医情况小结。",
    ),
    "group_meeting": (
        "一、组长传达支部要求，学习资料{m}分钟。\n二、围绕“{topic}”，{k}名党员谈了近期工作和思想情况。\n三、开展批评与自我批评。",
        "一、交流本月岗位工作。\n二、{topic}：安排{k}名同志参加下周志愿服务。\n三、组长小结，请缺席同志自行补学。",
    ),
    "general_meeting": (
        "一、支部书记代表支委会报告本季度工作，完成规定动作情况较好。\n二、{topic}，与会党员审议并提出意见{k}条。\n"
        "三、通报发展党员和党费收缴情况。",
    ),
    "center_group_study": (
        "一、集中学习{m}分钟，领学原文。\n二、围绕“{topic}”，{k}名委员作重点发言。\n三、党委书记小结：由党委办公室整理发言要点，两周内报送落实措施。",
        "一、观看专题辅导报告。\n二、{topic}，与会同志结合分管工作交流。\n三、形成{k}条改进意见，列入党委会下月议题。",
    ),
    "dem_life_meeting": (
        "一、党委书记代表领导班子作对照检查。\n二、班子成员逐一作个人对照检查，开展批评与自我批评，提出批评意见{k}条。\n三、明确整改事项和完成时限。",
    ),
    "report_assessment": (
        "一、各党支部书记逐一述职，每人不超过10分钟。\n二、党委书记逐一点评，指出问题{k}个。\n三、与会同志进行测评，结果由党委办公室汇总。",
    ),
    "": (
        "一、主持人说明本次活动的安排和要求。\n二、围绕“{topic}”学习讨论{m}分钟，{k}名同志发言。\n三、支部书记作小结并提出下一步要求。",
    ),
}
