"""Which branch a name in a roster means. Pure: names in, names out."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NUMERALS = "〇一二三四五六七八九"
ENDING = re.compile(r"(党?支部)?(委员会)?$")


@dataclass(frozen=True, slots=True)
class Found:
    """`branches`: the known ones the name can mean; none, one (`exact` or alike) or several that are alike."""

    branches: tuple[int, ...] = ()
    exact: bool = False


def plain_name(name: str) -> str:
    """What two spellings of one branch share: 内科二支部, 内科第二党支部 and 中共内科第 2 党支部委员会 are the same.

    >>> plain_name("内科第 2 党支部委员会") == plain_name("内科二支部") == "内科二"
    True
    """
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", name))
    text = re.sub(r"^(中国共产党|中共)", "", text)
    text = ENDING.sub("", text) or text
    text = re.sub(r"\d{1,2}", lambda digits: _numeral(int(digits[0])), text)
    return re.sub(rf"第(?=[{NUMERALS}十百])", "", text)


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    if not tens:
        return NUMERALS[ones]
    return f"{'' if tens == 1 else NUMERALS[tens]}十{NUMERALS[ones] if ones else ''}"


def match_names(names: Iterable[str], known: Mapping[int, str]) -> dict[str, Found]:
    """Each name of the file with the known branch (id -> name) it means: the same name, else the only one alike."""
    exact: dict[str, list[int]] = {}
    alike: dict[str, list[int]] = {}
    for pk, name in known.items():
        exact.setdefault(name, []).append(pk)
        alike.setdefault(plain_name(name), []).append(pk)
    found = {}
    for name in set(names):
        if name in exact:
            found[name] = Found(tuple(exact[name]), exact=True)
        else:
            found[name] = Found(tuple(alike.get(plain_name(name), ())))
    return found


def spellings(names: Iterable[str]) -> dict[str, str]:
    """Names nobody knows yet, each with the spelling to found: of several alike the most frequent, then the longest."""
    counts = Counter(names)
    best: dict[str, str] = {}
    for name in sorted(counts, key=lambda name: (-counts[name], -len(name), name)):
        best.setdefault(plain_name(name), name)
    return {name: best[plain_name(name)] for name in counts}
