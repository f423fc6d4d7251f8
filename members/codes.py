"""The official code lists of the national roster (民族, 学历, 工作岗位) as data, and how people really write them.

A code that longer codes extend (02, 1, 30 …) is a heading of its list, never a value. Codes are strings: 01 and 0212
keep their leading zero.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache


class How(StrEnum):
    """How a text led to its code; everything from WORD on is a repair the reader must show."""

    CODE = "code"
    NAME = "name"
    BOTH = "both"
    WORD = "word"  # a usual word that is not the official name: 本科, 护士
    ZERO = "zero"  # a code that lost its leading zero in a spreadsheet: 1 for 01


class CodeRefused(ValueError):
    """The text names no value of the list: `reason` is heading, mismatch or ambiguous. The message says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Match:
    code: str
    name: str
    how: How

    @property
    def label(self) -> str:
        """`01 汉族`: code and name, as the national roster prints them."""
        return f"{self.code} {self.name}"

    @property
    def repaired(self) -> bool:
        return self.how in (How.WORD, How.ZERO)


@dataclass(frozen=True, eq=False)
class CodeList:
    title: str
    names: Mapping[str, str]
    words: Mapping[str, str] = field(default_factory=dict)
    ambiguous: Mapping[str, str] = field(default_factory=dict)  # word -> what to write instead

    @cached_property
    def headings(self) -> frozenset[str]:
        return frozenset(c for c in self.names if any(o != c and o.startswith(c) for o in self.names))

    @cached_property
    def by_name(self) -> dict[str, str]:
        """Names without spaces and brackets' width; a value wins over a heading of the same name."""
        pairs = sorted(self.names.items(), key=lambda item: item[0] not in self.headings)
        return {plain(name): code for code, name in pairs}

    @cached_property
    def by_word(self) -> dict[str, str]:
        return {plain(word): code for word, code in self.words.items()}

    @cached_property
    def choices(self) -> list[tuple[str, str]]:
        """The values (no headings) with their names, for a form field."""
        return [(code, name) for code, name in self.names.items() if code not in self.headings]

    @cached_property
    def example(self) -> str:
        code, name = next((c, n) for c, n in self.choices if c in ("01", "21", "0212"))
        return f"{code} {name}"

    def label(self, code: str) -> str:
        """`汉族` for "01"; an unknown code is shown as it is."""
        return self.names.get(code, code)


def plain(text: str) -> str:
    """Half-width, without any space or bracket, upper case: two spellings of one name compare equal."""
    return re.sub(r"[\s()（）、,，]", "", unicodedata.normalize("NFKC", text)).upper()


def _read(lines: str) -> dict[str, str]:
    """`code name` pairs between bars or line ends; a line that begins with no code goes on with the one before."""
    text = re.sub(r"\n(?![0-9])", "", lines.strip()).replace("\n", " | ")
    return dict(entry.split(" ", 1) for entry in text.split(" | "))


ETHNICITY = CodeList(
    title="民族",
    names=_read("""
01 汉族 | 02 蒙古族 | 03 回族 | 04 藏族 | 05 维吾尔族 | 06 苗族 | 07 彝族 | 08 壮族 | 09 布依族 | 10 朝鲜族
11 满族 | 12 侗族 | 13 瑶族 | 14 白族 | 15 土家族 | 16 哈尼族 | 17 哈萨克族 | 18 傣族 | 19 黎族 | 20 傈僳族
21 佤族 | 22 畲族 | 23 高山族 | 24 拉祜族 | 25 水族 | 26 东乡族 | 27 纳西族 | 28 景颇族 | 29 柯尔克孜族 | 30 土族
31 达斡尔族 | 32 仫佬族 | 33 羌族 | 34 布朗族 | 35 撒拉族 | 36 毛南族 | 37 仡佬族 | 38 锡伯族 | 39 阿昌族
40 普米族 | 41 塔吉克族 | 42 怒族 | 43 乌孜别克族 | 44 俄罗斯族 | 45 鄂温克族 | 46 德昂族 | 47 保安族 | 48 裕固族
49 京族 | 50 塔塔尔族 | 51 独龙族 | 52 鄂伦春族 | 53 赫哲族 | 54 门巴族 | 55 珞巴族 | 56 基诺族 | 91 其他族
92 外国血统
"""),
    words={"蒙族": "02", "维族": "05", "哈族": "17", "柯族": "29", "达族": "31", "其他": "91", "穿青人": "91"},
)

EDUCATION = CodeList(
    title="学历",
    names=_read("""
1 研究生教育 | 11 博士研究生 | 12 硕士研究生 | 13 硕士生班 | 1A 中央党校研究生 | 1B 省（区、市）委党校研究生
2 本专科教育 | 21 大学 | 22 大专 | 23 大学普通班 | 24 第二学士学位班 | 2A 中央党校大学 | 2B 省（区、市）委党校大学
2C 中央党校大专 | 2D 省（区、市）委党校大专 | 4 中等职业学校 | 41 中等专科 | 44 职业高中 | 47 技工学校 | 6 普通高中
7 初中 | 8 小学 | 9 其他
"""),
    words={
        **dict.fromkeys(("博士", "博士生", "博士学历", "研究生博士", "博士研究生学历", "博士研究生毕业"), "11"),
        **dict.fromkeys(("硕士", "硕士生", "硕士学历", "研究生硕士", "硕士研究生学历", "硕士研究生毕业"), "12"),
        "研究生班": "13",
        "省委党校研究生": "1B",
        "市委党校研究生": "1B",
        "区委党校研究生": "1B",
        **dict.fromkeys(
            ("本科", "大学本科", "本科学历", "大学本科学历", "全日制本科", "在职本科", "大本", "大学毕业"), "21"
        ),
        **dict.fromkeys(
            ("专科", "大学专科", "大专学历", "大学专科学历", "全日制大专", "在职大专", "高职", "高职高专"), "22"
        ),
        **dict.fromkeys(("大普", "大学普通班毕业"), "23"),
        **dict.fromkeys(("第二学士学位", "双学士", "双学位"), "24"),
        **dict.fromkeys(("省委党校大学", "省委党校本科", "市委党校大学", "区委党校大学"), "2B"),
        "中央党校本科": "2A",
        **dict.fromkeys(("省委党校大专", "市委党校大专", "区委党校大专"), "2D"),
        **dict.fromkeys(("中专", "中等专科学校", "中专学历"), "41"),
        **dict.fromkeys(("职高", "职业中学"), "44"),
        **dict.fromkeys(("技校", "技工"), "47"),
        **dict.fromkeys(("高中", "高中学历"), "6"),
        **dict.fromkeys(("初级中学", "初中学历"), "7"),
        "小学学历": "8",
    },
    ambiguous={
        "研究生": "请写明“11 博士研究生”或“12 硕士研究生”",
        "研究生学历": "请写明“11 博士研究生”或“12 硕士研究生”",
        "党校研究生": "请写明“1A 中央党校研究生”或“1B 省（区、市）委党校研究生”",
        "党校大学": "请写明“2A 中央党校大学”或“2B 省（区、市）委党校大学”",
        "党校本科": "请写明“2A 中央党校大学”或“2B 省（区、市）委党校大学”",
        "党校大专": "请写明“2C 中央党校大专”或“2D 省（区、市）委党校大专”",
    },
)

# The second half of the words is the hospital's default: which post of the list a doctor or a porter holds.
JOB_POST = CodeList(
    title="工作岗位",
    names=_read("""
0 在岗职工 | 01 机关干部岗位 | 011 公务员 | 012 参照公务员法管理的工作人员 | 02 企事业单位管理、专业技术岗位
0211 事业单位管理岗位 | 0212 事业单位专业技术岗位 | 0213 公有经济控制企业管理岗位
0214 公有经济控制企业专业技术岗位 | 0215 非公有经济控制企业管理岗位 | 0216 非公有经济控制企业专业技术岗位
0217 民办非企业管理岗位 | 0218 民办非企业专业技术岗位 | 0311 公有经济控制单位工勤岗位 | 0312 非公有企业工勤岗位
0313 民办非企业工勤岗位 | 0314 机关单位工勤岗 | 0315 事业单位工勤岗 | 1 农牧渔民 | 11 农牧渔业生产人员
122 乡村医生 | 123 外出务工经商人员 | 124 其他农牧渔民 | 2 解放军、武警 | 3 学生 | 30 研究生
301 研究生毕业年级学生 | 302 研究生一年级学生 | 303 研究生其他年级学生 | 31 大学本科学生 | 311 大学本科毕业年级学生
312 大学本科一年级学生 | 313 大学本科其他年级学生 | 32 大学专科学生 | 321 大学专科毕业年级学生
322 大学专科一年级学生 | 323 大学专科其他年级学生 | 33 中等专业学校学生 | 34 高中学生 | 35 技工学校学生
5 离退休人员 | 501 离休干部 | 502 退休人员 | 503 退职人员 | 504 内部退养职工 | 6 其他人员 | 601 大学生村官
602 社区工作人员 | 603 停薪留职人员 | 604 个体工商户中的从业人员 | 605 自由职业人员
607 公派或因私出国、出境逾期未归的人员 | 608 改革后不再保留原机关干部身份，党组织关系仍保留在原单位的人员
609 企业破产后，领取保险金或被辞退的职工中未重新就业的人员
610 由于各种原因，已经离开本人的生产、工作岗位，并已不在本单位从事其他工作，
但仍与单位保留劳动关系的职工（不包括内部退养职工）
611 党组织关系在人才（劳动）服务中心，不明职业的人员 | 612 其他从业人员 | 613 其他无业人员
"""),
    words={
        "机关单位工勤岗位": "0314",
        "事业单位工勤岗位": "0315",
        "出国出境逾期未归人员": "607",
        **dict.fromkeys(("专业技术岗位", "专业技术人员", "专技岗", "专技岗位", "专业技术"), "0212"),
        **dict.fromkeys(("管理岗位", "管理岗", "事业管理岗"), "0211"),
        **dict.fromkeys(("工勤岗位", "工勤岗", "工勤", "工勤技能岗位", "工勤人员"), "0315"),
        **dict.fromkeys(("医师", "医生", "临床医生", "临床医师", "临床", "医务人员", "医疗"), "0212"),
        **dict.fromkeys(("护士", "护师", "护理", "护理人员"), "0212"),
        **dict.fromkeys(("医技", "医技人员", "技师", "技士", "药师", "药剂师", "药剂", "药士"), "0212"),
        **dict.fromkeys(("行政", "行政人员", "行政管理", "管理", "职能科室", "职能科室管理人员", "管理人员"), "0211"),
        **dict.fromkeys(("后勤", "后勤人员", "后勤保障"), "0315"),
        "离休": "501",
        **dict.fromkeys(("退休", "退休职工", "退休干部"), "502"),
        "内退": "504",
    },
    ambiguous={
        "离退休": "请写明“501 离休干部”或“502 退休人员”",
        **dict.fromkeys(
            ("规培", "规培生", "规培学员", "住培", "研究生", "研究生学生"),
            "请按年级写明“301 研究生毕业年级学生”“302 研究生一年级学生”或“303 研究生其他年级学生”",
        ),
        **dict.fromkeys(("在职", "在职职工"), "请写明具体岗位，例如“0212 事业单位专业技术岗位”"),
    },
)


@lru_cache(maxsize=4096)
def find_code(codes: CodeList, text: str, *, number: bool = False) -> Match | None:
    """The value that `text` names: `01 汉族`, `汉族`, `01`, `汉` or a usual word; None when nothing fits.

    `number`: the cell held a number, so leading zeros may be gone. Raises CodeRefused for a heading, for a code and a
    name that disagree, and where two values are possible; its message says what to write.

    >>> find_code(EDUCATION, "本科").label
    '21 大学'
    """
    text = unicodedata.normalize("NFKC", text).strip()
    parts = re.fullmatch(r"([0-9]{1,4}|[0-9][A-Da-d])(?![0-9A-Za-z])[\s\-_.、:,]*(.*)", text, re.DOTALL)
    if not parts:
        found = _by_text(codes, text)
        return found and _value(codes, *found)
    code, rest = parts[1].upper(), parts[2]
    how = How.CODE
    padded = next((c for c in ("0" + code, "00" + code) if c in codes.names), None)
    if number and padded and code in codes.names and padded not in codes.headings and code not in codes.headings:
        raise CodeRefused(
            "ambiguous",
            f"数字{code}可能是“{code} {codes.names[code]}”，也可能是丢了开头0的“{padded} {codes.names[padded]}”，"
            "请连同名称一起填写",
        )
    if padded and (code not in codes.names or (number and code in codes.headings)):
        code, how = padded, How.ZERO
    if code not in codes.names:
        return None
    if rest:
        named = _by_text(codes, rest)
        if named is None or named[0] != code:
            raise CodeRefused(
                "mismatch", f"代码{code}是“{codes.names[code]}”，与所写的“{rest}”不一致，请核对后只保留正确的一项"
            )
        how = How.ZERO if how == How.ZERO else How.BOTH
    return _value(codes, code, how)


def _by_text(codes: CodeList, text: str) -> tuple[str, How] | None:
    name = plain(text)
    if not name:
        return None
    hint = next((hint for word, hint in codes.ambiguous.items() if plain(word) == name), None)
    if hint:
        raise CodeRefused("ambiguous", f"“{text}”不够明确，{hint}")
    if name in codes.by_name:
        return codes.by_name[name], How.NAME
    if name in codes.by_word:
        return codes.by_word[name], How.WORD
    if codes is ETHNICITY and name + "族" in codes.by_name:
        return codes.by_name[name + "族"], How.WORD
    return None


def _value(codes: CodeList, code: str, how: How) -> Match:
    if code in codes.headings:
        below = [c for c in codes.names if c.startswith(code) and c not in codes.headings][:3]
        some = "、".join(f"{c} {codes.names[c]}" for c in below)
        raise CodeRefused("heading", f"“{code} {codes.names[code]}”只是分类标题，请填写其下的具体项目，例如{some}")
    return Match(code, codes.names[code], how)
