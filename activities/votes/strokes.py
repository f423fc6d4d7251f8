"""In order of the strokes of the surname (按姓氏笔画为序): how names stand on a ballot. Pure.

The first character decides by its number of strokes, then by how it begins (横 竖 撇 点 折), then by itself; of one
surname the one-character names come first, then the strokes of the given name.
"""

from typing import Final, NamedTuple

from activities.votes.stroke_table import CHARACTERS

_COUNT: Final = {char: n for n, chars in CHARACTERS.items() for char in chars}
_UNKNOWN: Final = 99
_BEGINNINGS: Final = (  # of common surnames, kept by hand: the number alone is in the Unihan data
    "丁于万王云韦尤戈车支艾左石古龙平甘邢匡成巩戎权朴毕芮严杜杨李苏巫来连花芦范林武苗茅欧郁杭郏幸荆胡赵柯查柏柳南封荣项郝袁耿聂"
    "莫夏顾贾秦晋桂班莘栗索敖黄萧梅曹戚龚盛萨菅彭董葛蒋韩覃斯雷蓝蒙楚甄鄢裘蒲靳赖蔡臧裴慕樊薛霍戴鞠",
    "卜卢叶田申史冉帅占吕吴时岑肖贝尚易罗明虎卓柴晏党常崔景喻路虞暴瞿",
    "毛仇牛丘白乐包朱乔任伍华向危全仲伊延后邬何佟余谷邹邱佘狄利但金周季竺和岳侯段俞饶钟钮徐殷钱倪翁郜奚留郗卿盘符笪银傅储程焦舒嵇"
    "詹解鲍管黎滕鲁魏穆衡",
    "方文卞计冯兰邝宁闫关江汤许祁安齐庄米刘闵汪沈沙宋应辛况初祝庞单郎郑房宗宓官诸施姜洪宣祖闻娄冼凌高郭席唐涂容阎郦浦海宾谈章康商"
    "梁寇盖鹿麻宿温游曾谢童湛窦褚雍廖谭潘颜",
    "刁马习邓尹孔巴母司阮孙阳阴纪牟邵陆陈张孟居屈经练费胥骆贺姚陶姬桑尉巢隋屠隗强缪翟熊",
)
_BEGINNING: Final = {char: n for n, chars in enumerate(_BEGINNINGS) for char in chars}


class StrokeKey(NamedTuple):
    """What names are sorted by."""

    count: int
    beginning: int
    surname: str
    length: int
    given: tuple[int, ...]
    name: str


def strokes(char: str) -> int | None:
    """Strokes of one character; None for one the table does not have.

    >>> strokes("郭"), strokes("黄"), strokes("A")
    (10, 11, None)
    """
    return _COUNT.get(char)


def stroke_key(name: str) -> StrokeKey:
    """Sort key of a person's name. A surname the table does not know stands last.

    >>> sorted(["赵启明", "王一", "陈静怡", "李芳", "王二小", "丁力"], key=stroke_key)
    ['丁力', '王一', '王二小', '李芳', '陈静怡', '赵启明']
    """
    name = "".join(name.split())
    first = name[:1]
    return StrokeKey(
        _COUNT.get(first, _UNKNOWN),
        _BEGINNING.get(first, len(_BEGINNINGS)),
        first,
        len(name),
        tuple(_COUNT.get(char, _UNKNOWN) for char in name[1:]),
        name,
    )


def without_strokes(names: list[str]) -> list[str]:
    """Names whose surname the table does not know: their place is for a person to check."""
    return [name for name in names if strokes(name.strip()[:1]) is None]
