"""How a Chinese name is found and sorted: by pinyin, by initials, by itself."""

from itertools import islice, product

from pypinyin import Style, pinyin


def search_keys(name: str) -> str:
    """Return what a search box matches for `name`: "cenglina zenglina cln zln 曾丽娜", every reading of each character.

    Pinyin stands first, so that rows ordered by it are in the order people expect.
    Surnames have readings that dictionaries rank second (曾, 单, 仇): all are kept, at most 8 per style.
    """
    keys: list[str] = []
    for style in (Style.NORMAL, Style.FIRST_LETTER):
        readings = pinyin(name, style=style, heteronym=True)
        keys += dict.fromkeys(islice(("".join(parts) for parts in product(*readings)), 8))
    return " ".join([*keys, name]).lower()
