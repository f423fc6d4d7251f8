"""How much room a text takes, before anything is laid out: good enough to fill a page, never exact to the point.

Widths and heights are millimetres, sizes points. A Latin character counts as half a Chinese one.
"""

from typing import Final

POINT: Final = 25.4 / 72  # mm


def room_for(width: float, size: float) -> int:
    """Chinese characters on a line."""
    return max(1, int(width / POINT / size))


def line_count(text: str, width: float, size: float = 12, *, indent: bool = False) -> int:
    """Lines of `text` in a cell; each of its own lines counts, empty ones too."""
    room = max(2, int(width / POINT / size * 2))  # half characters
    ahead = 4 if indent else 0
    return sum(max(1, -(-(_halves(part) + ahead) // room)) for part in text.split("\n"))


def _halves(text: str) -> int:
    return sum(1 if char.isascii() else 2 for char in text)


def balanced(text: str, width: float, size: float = 12) -> str:
    """A label in lines of about the same length, a bracket beginning one: 缺席人员 / 及原因. Set breaks stay."""
    room = room_for(width, size)
    if "\n" in text or len(text) <= room:
        return text
    at = text.find("（")
    if 0 < at <= room and len(text) - at <= room:
        return f"{text[:at]}\n{text[at:]}"
    if not text.isalpha():
        return text
    lines = -(-len(text) // room)
    long = -(-len(text) // lines)
    return "\n".join(text[n : n + long] for n in range(0, len(text), long))


def blank_lines(text: str, width: float, height: float, size: float = 12, line: float = 20) -> int:
    """How many empty lines make `text` about `height` mm high in a cell `width` mm wide.

    A row that may split gets its least height so: a height of its own would keep it from splitting.
    """
    used = sum(line_count(part, width, size, indent=True) for part in text.split("\n") if part)
    return max(0, int(height / POINT / line) - used)
