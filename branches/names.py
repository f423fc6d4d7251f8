"""How a Chinese name is found and sorted: by pinyin, by initials, by itself."""

from importlib import import_module
from itertools import islice, product


def search_keys(name: str) -> str:
    """Return what a search box matches for `name`: "cenglina zenglina cln zln 曾丽娜", every reading of each character.

    Pinyin stands first, so that rows ordered by it are in the order people expect.
    Surnames have readings that dictionaries rank second (曾, 单, 仇): all are kept, at most 8 per style.
    """
    pypinyin = import_module("pypinyin")  # its dictionaries take 56 MB: only processes that write names have them
    keys: list[str] = []
    for style in (pypinyin.Style.NORMAL, pypinyin.Style.FIRST_LETTER):
        readings = pypinyin.pinyin(name, style=style, heteronym=True)
        keys += dict.fromkeys(islice(("".join(parts) for parts in product(*readings)), 8))
    return " ".join([*keys, name]).lower()
