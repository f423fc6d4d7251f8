"""The words rosters use for the short lists (人员类别, 党籍状态 …): which value each means, which are understood only
with a warning, and which mean something an import must not do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from members.choices import Degree, Gender, MembershipStatus, MemberType, StaffCategory, TitleLevel


@dataclass(frozen=True, eq=False)
class Words:
    official: Mapping[str, str]
    usual: Mapping[str, str] = field(default_factory=dict)  # understood, with a warning
    contained: tuple[tuple[str, str], ...] = ()  # (pattern, value), the first that fits, with a warning
    refused: Mapping[str, str] = field(default_factory=dict)  # word -> what to do
    hint: str = ""  # what may stand here

    def label(self, value: str) -> str:
        return next((word for word, known in self.official.items() if known == value), value)


ENDED: Final = "名册只收在册党员。请从表中删去这一行，再到该党员的页面登记这一变动。"
NOT_MEMBER: Final = "还不是党员，请从名册中删去，在“发展党员”中登记。"

MEMBER_TYPE: Final = Words(
    official={word: value for value, word in MemberType.choices},
    usual={
        **dict.fromkeys(("正式", "1", "01", "中共党员", "党员", "中共正式党员"), MemberType.FULL),
        **dict.fromkeys(("预备", "2", "02", "中共预备党员"), MemberType.PROBATIONARY),
    },
    refused=dict.fromkeys(("发展对象", "入党积极分子", "积极分子", "入党申请人", "共青团员", "群众"), NOT_MEMBER),
    hint="正式党员、预备党员",
)
MEMBERSHIP_STATUS: Final = Words(
    official={"正常": MembershipStatus.NORMAL, "停止党籍": MembershipStatus.SUSPENDED},
    usual={
        **dict.fromkeys(("1", "01", "11", "恢复党籍", "正常党籍"), MembershipStatus.NORMAL),
        **dict.fromkeys(("12", "停止", "已停止党籍"), MembershipStatus.SUSPENDED),
    },
    refused={
        **dict.fromkeys(("10", "保留党籍"), "“保留党籍”不能从名册导入。请按“正常”或“停止党籍”填写，并在备注中说明。"),
        **dict.fromkeys(
            [
                "13",
                "开除党籍",
                "开除",
                "出党",
                "除名",
                "退党",
                "已转出",
                "转出",
                "组织关系转出",
                "已调出",
                "已故",
                "去世",
                "已去世",
                "死亡",
                "已死亡",
                "病故",
            ],
            ENDED,
        ),
    },
    hint="正常、停止党籍",
)
GENDER: Final = Words(
    official={"男": Gender.MALE, "女": Gender.FEMALE},
    usual={
        **dict.fromkeys(("男性", "1", "01", "M", "男士"), Gender.MALE),
        **dict.fromkeys(("女性", "2", "02", "F", "女士"), Gender.FEMALE),
    },
    hint="男、女",
)
DEGREE: Final = Words(
    official={word: value for value, word in Degree.choices},
    contained=(("博士", Degree.DOCTORATE), ("硕士", Degree.MASTER), ("学士", Degree.BACHELOR), ("^无", Degree.NONE)),
    hint="博士、硕士、学士、无",
)
TITLE_LEVEL: Final = Words(
    official={word: value for value, word in TitleLevel.choices},
    refused={"高级": "“高级”不够明确，请写明“正高”或“副高”。"},
    contained=(
        ("正高", TitleLevel.SENIOR),
        ("副高|副主任|副教授|副研究|副编审|副译审", TitleLevel.ASSOCIATE_SENIOR),
        ("助理研究员|主治|主管|讲师|中级", TitleLevel.INTERMEDIATE),
        ("助理|助教|初级|住院|护士|药士|技士|医士|见习|员级", TitleLevel.JUNIOR),
        ("主任.*师|教授|研究员|研究馆员|编审", TitleLevel.SENIOR),
        ("高级.+师", TitleLevel.ASSOCIATE_SENIOR),
        ("工程师|会计师|经济师|统计师|审计师|政工师|馆员", TitleLevel.INTERMEDIATE),
        ("医师|护师|药师|技师", TitleLevel.JUNIOR),
        ("^(无职称|未评|未定级|暂无|无)", TitleLevel.NONE),
    ),
    hint="正高、副高、中级、初级、无",
)
STAFF_CATEGORY: Final = Words(
    official={word: value for value, word in StaffCategory.choices},
    usual={
        **dict.fromkeys(("医生", "临床医师", "临床医生", "临床", "医疗"), StaffCategory.DOCTOR),
        **dict.fromkeys(("护理", "护师", "护理人员"), StaffCategory.NURSE),
        **dict.fromkeys(("医技人员", "技师", "检验", "影像"), StaffCategory.TECHNICIAN),
        **dict.fromkeys(("药剂", "药剂师", "药学"), StaffCategory.PHARMACIST),
        **dict.fromkeys(("管理", "行政管理", "职能", "职能科室", "行政人员"), StaffCategory.ADMINISTRATION),
        **dict.fromkeys(("工勤", "后勤人员", "后勤保障"), StaffCategory.LOGISTICS),
        **dict.fromkeys(("退休", "离休", "离退休人员", "退休人员"), StaffCategory.RETIRED),
        **dict.fromkeys(("研究生", "规培", "规培生", "学员"), StaffCategory.STUDENT),
    },
    hint="医师、护士、医技、药师、行政、后勤、离退休、学生、其他",
)
YES_NO: Final = Words(
    official={"是": "yes", "否": "no"},
    usual={
        **dict.fromkeys(
            ["有", "对", "Y", "YES", "TRUE", "1", "√", "✓", "✔", "☑", "离休", "退休", "离退休", "困难", "失联", "流动"],
            "yes",
        ),
        **dict.fromkeys(
            [
                "无",
                "没有",
                "不是",
                "非",
                "N",
                "NO",
                "FALSE",
                "0",
                "×",
                "✗",
                "✘",
                "☐",
                "□",
                "-",
                "—",
                "--",
                "——",
                "/",
                "暂无",
                "在职",
                "正常",
            ],
            "no",
        ),
    },
    hint="是、否",
)
PARTY_POSTS: Final = {
    **dict.fromkeys(("书记", "支部书记", "党支部书记"), "书记"),
    **dict.fromkeys(("副书记", "支部副书记", "党支部副书记"), "副书记"),
    **dict.fromkeys(("组织委员", "组织"), "组织委员"),
    **dict.fromkeys(("宣传委员", "宣传"), "宣传委员"),
    **dict.fromkeys(("纪检委员", "纪检", "纪律检查委员"), "纪检委员"),
    **dict.fromkeys(("群工委员", "群众工作委员", "群众委员"), "群工委员"),
    **dict.fromkeys(("组长", "党小组长", "小组长", "党小组组长"), "党小组长"),
}


class WordRefused(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@lru_cache(maxsize=4096)
def find_word(words: Words, text: str) -> tuple[str, bool]:
    """(value, understood only with a warning). `01 正式党员` counts as the official word. Raises WordRefused."""
    plain = re.sub(r"\s", "", text).upper()
    bare = re.sub(r"^\d+[-_.、:]?(?=\D)", "", plain)
    if bare in words.official:
        return words.official[bare], False
    for candidate in (plain, bare):
        if candidate in words.refused:
            raise WordRefused("VALUE_NOT_ALLOWED", words.refused[candidate])
        if candidate in words.usual:
            return words.usual[candidate], True
    without_note = re.sub(r"\(.*\)$", "", bare)
    if without_note != bare and without_note in words.official:
        return words.official[without_note], True
    for pattern, value in words.contained:
        if re.search(pattern, bare):
            return value, True
    raise WordRefused("VALUE_UNKNOWN", f"认不出“{text}”。这一列可以填：{words.hint}。请改正后再导入。")
