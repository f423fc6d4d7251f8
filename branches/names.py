"""How a Chinese name is found: by itself, by pinyin, by initials."""

from itertools import islice, product

from pypinyin import Style, pinyin


def search_keys(name: str) -> str:
    """Return what a search box matches for `name`: "曾丽娜 zenglina zln …", every reading of each character.

    Surnames have readings that dictionaries rank second (曾, 单, 仇): all are kept, at most 8 per style.
    """
    keys = [name]
    for style in (Style.NORMAL, Style.FIRST_LETTER):
        readings = pinyin(name, style=style, heteronym=True)
        keys += dict.fromkeys(islice(("".join(parts) for parts in product(*readings)), 8))
    return " ".join(keys).lower()
