"""Ballots and the counting sheet of an election as files; the pages to print from the browser say the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.utils import timezone

from activities.models import Election
from activities.reports import wording
from activities.votes.elections import title_of
from activities.votes.voting import Voters
from config.documents.content import (
    FONTS,
    RECORD,
    Block,
    Cell,
    Document,
    Grid,
    Heading,
    Line,
    Page,
    Paragraph,
    Row,
    Section,
    label,
)
from config.documents.measuring import POINT, line_count

COLUMN: Final = 14  # mm of a name on a ballot
WIDTHS: Final = (130, 186)  # mm a ballot takes at least and at most
MARGIN: Final = 12  # mm above and below the ballots of a sheet
MOST: Final = 3  # ballots on a sheet
BOX, NAME = 10, 34  # mm: the box to mark, and the name below it
FACES: Final = replace(FONTS, title_size=16, cell_size=14)
NOTE: Final = (
    "候选人按姓氏笔画为序。赞成的在姓名上方空格内画“○”，不赞成的画“×”，弃权的不画。另选他人的，在空白栏写上姓名，"
    "并在其上方画“○”。应选{seats}名，多于应选人数的为无效票。"
)
CUT: Final = "┄"


def ballots(election: Election, names: Sequence[str], copies: int) -> Document:
    """`copies` ballots, cut apart along the line between them. No number and no mark stands on any sheet."""
    columns = max(1, len(names) + election.seats)
    width = min(max(columns * COLUMN, WIDTHS[0]), WIDTHS[1])
    side = (210 - width) / 2
    page = Page(MARGIN, side, MARGIN, side, numbered=False)
    title = f"{election.activity.branch.name}{election.get_body_display()}选票"
    note = NOTE.format(seats=election.seats)
    longest = max((len(name) for name in names), default=0)
    lines = line_count(title, width, FACES.title_size) * 23 + 12 + line_count(note, width, 12, indent=True) * 20 + 26
    high = BOX + max(NAME, longest * FACES.cell_size * 5 / 3 * POINT + 3) + lines * POINT
    abreast = max(1, min(MOST, int((page.height - 2 * MARGIN) // high)))
    one: list[Block] = [
        Heading(title, 0),
        Grid(
            columns,
            (
                Row(tuple(Cell() for _ in range(columns)), BOX),
                Row(tuple(Cell("\n".join(name), align="center") for name in [*names, *[""] * election.seats]), NAME),
            ),
        ),
        Paragraph(note, small=True),
    ]
    cut = Paragraph(CUT * int(width / POINT / 12), "center", indent=False, small=True)
    sheets = []
    for start in range(0, copies, abreast):
        blocks: list[Block] = []
        for n in range(min(abreast, copies - start)):
            blocks += [cut, *one] if n else one
        sheets.append(Section(tuple(blocks), page, FACES))
    return Document(f"{election.get_body_display()}选票", tuple(sheets), FACES)


def counting_sheet(election: Election, voters: Voters) -> Document:
    """Empty for a pen before the count was entered, else with it. `voters` of the sitting that elects."""
    counted = bool(election.issued)
    rows = list(election.candidates.all())
    listed = [row for row in rows if not row.write_in]
    written = [row for row in rows if row.write_in]

    def said(number: int) -> str:
        return str(number) if counted else ""

    def pair(*cells: tuple[str, str]) -> Row:
        return Row(tuple(one for name, value in cells for one in (label(name), Cell(value, align="center"))), 11)

    def votes(name: str, *numbers: str) -> Row:
        return Row((label(name), *(Cell(number, align="center") for number in numbers)), 11)

    names = [votes(row.name, said(row.yes), said(row.no), said(row.abstain)) for row in listed]
    names += [votes(f"{row.name}（另选人）", said(row.yes), "—", "—") for row in written]
    names += [votes("另选人：", "", "—", "—")] * max(0, election.seats - len(written))
    activity = election.activity
    day = wording.day(timezone.localdate(activity.starts_at))
    return Document.of(
        f"{title_of(election)}计票单",
        Heading(f"{activity.branch.name}{title_of(election)}计票单", 0),
        Paragraph(f"{day}，应选{election.seats}名", "center", indent=False, small=True),
        Grid(
            4,
            (
                pair(("应到会有选举权", str(voters.eligible)), ("实到会有选举权", str(voters.present))),
                pair(("发出选票", said(election.issued)), ("收回选票", said(election.returned))),
                pair(("有效票", said(election.returned - election.invalid)), ("无效票", said(election.invalid))),
            ),
        ),
        Grid(4, (Row(tuple(map(label, ("姓名", "赞成", "不赞成", "弃权"))), 11), *names), repeat=1),
        Line((f"监票人签字：{election.scrutineers}", f"计票人签字：{election.tellers}", "")),
        page=RECORD,
    )
