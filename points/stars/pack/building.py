"""The zip: what is missing and the contents in front, then a folder for each line of the card."""

import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import IO, Final, NamedTuple

from branches.models import Branch
from config.documents import pdf
from config.documents.content import RECORD, Column, Document, Heading, Paragraph, Table, Value
from config.documents.responses import safe_name
from config.templatetags.ui import cn_date
from points.stars.card_page import STAR_WORDS, sum_words
from points.stars.pack.materials import Materials, Paper
from points.stars.rules import Line, decimal
from points.stars.standing import Rated, standing_of

Tell = Callable[[int, int, str], None]  # (done, total, step in Chinese)
STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the same materials make the same file
FRONT: Final = "00 缺项清单和总目录.pdf"


class Folder(NamedTuple):
    """What was put together for a line: the names of its files, and of photos whose file is gone."""

    line: Line
    names: list[str]
    lost: list[str]


class NothingToPack(Exception):
    """The branch has no score card of the year; the message says why."""


def build(branch: Branch, year: int, today: date, out: IO[bytes], tell: Tell = lambda done, total, step: None) -> None:
    """Write the zip into `out`. Raises PdfMissing where this machine cannot make a PDF, NothingToPack."""
    if not pdf.is_available():
        raise pdf.PdfMissing
    rated = _rated(branch, year, today)
    materials = Materials(branch, year, today)
    lines = [line for line in rated.rating.lines if line.applicable]
    contents: list[Folder] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for n, line in enumerate(lines):
            contents.append(_folder(archive, line, materials, partial(tell, n, len(lines) + 1)))
        tell(len(lines), len(lines) + 1, "缺项清单和总目录")
        _put(archive, FRONT, pdf.render(_front(rated, contents, min(date(year, 12, 31), today))))
    tell(len(lines) + 1, len(lines) + 1, "完成")


def _rated(branch: Branch, year: int, today: date) -> Rated:
    if branch.hospital is None:
        raise NothingToPack(f"{branch}不属于任何医院党委")
    try:
        rated = standing_of(branch.hospital, year, today).of(branch.pk)
    except LookupError as error:
        raise NothingToPack(str(error)) from error
    if rated is None:
        raise NothingToPack(f"{branch}在{year}年还没有成立或者已经撤销")
    return rated


def _folder(archive: zipfile.ZipFile, line: Line, materials: Materials, tell: Callable[[str], None]) -> Folder:
    """The papers of a line and their list. `tell` before each: a line of many meetings takes long."""
    words = f"{line.card.code} {line.card.title}"
    tell(words)
    folder = safe_name(words)
    names: list[str] = []
    lost: list[str] = []
    for number, paper in enumerate(materials.of(line), start=1):
        tell(f"{words}（第{number}份）")
        ending, data = _contents(paper)
        if data is None:
            lost.append(paper.name)
            continue
        name = safe_name(f"{len(names) + 1:02d} {paper.name}"[:80]) + ending
        _put(archive, f"{folder}/{name}", data)
        names.append(name)
    _put(archive, f"{folder}/00 目录.pdf", pdf.render(_index(line, names)))
    return Folder(line, names, lost)


def _contents(paper: Paper) -> tuple[str, bytes | None]:
    """None: a photo whose file is gone from the disk; it stands in the list of what is missing."""
    if paper.document is not None:
        return ".pdf", pdf.render(paper.document())
    if paper.photo is None:
        return ".jpg", None
    try:
        with paper.photo.image.open() as stream:
            return ".jpg", stream.read()
    except OSError:
        return ".jpg", None


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """A JPEG gets no smaller."""
    method = zipfile.ZIP_STORED if name.endswith(".jpg") else zipfile.ZIP_DEFLATED
    archive.writestr(zipfile.ZipInfo(name, STAMP), data, method)


def _index(line: Line, names: Sequence[str]) -> Document:
    """What lies in a folder, and how the line was scored."""
    title = f"{line.card.code}　{line.card.title}"
    rows = tuple((n, name) for n, name in enumerate(names, start=1))
    lacking = [Paragraph(f"尚缺：{gap.text}（可加{decimal(gap.gain)}分）") for gap in line.gaps]
    return Document.of(
        title,
        Heading(title, 0),
        Paragraph(f"得分{decimal(line.score)}分，满分{line.card.max.normalize():f}分。{sum_words(line)}。"),
        Paragraph(f"计分办法：{line.formula}。"),
        *lacking,
        Table((Column("序号", 16, "center"), Column("材料", 144)), rows, title="目录", empty="没有材料"),
        page=RECORD,
    )


def _front(rated: Rated, contents: Sequence[Folder], until: date) -> Document:
    """What is missing comes first; then every line with its score and its number of papers."""
    branch, rating = rated.branch, rated.rating
    title = f"{branch}{rated.year}年度迎检材料"
    missing: list[tuple[Value, ...]] = []
    for line, names, lost in contents:
        missing += [(line.card.code, line.card.title, gap.text, decimal(gap.gain)) for gap in line.gaps]
        if not names:
            missing.append((line.card.code, line.card.title, "没有材料", None))
        missing += [(line.card.code, line.card.title, f"照片文件已丢失：{name}", None) for name in lost]
    absent = tuple((line.card.code, line.card.title, line.reason) for line in rating.lines if not line.applicable)
    table: tuple[tuple[Value, ...], ...] = tuple(
        (line.card.code, line.card.title, decimal(line.score), line.card.max, len(names)) for line, names, _ in contents
    )
    summed = f"总分{rating.total}分，{STAR_WORDS[rated.stars]}" if rating.is_rated else rating.unrated
    code, name = Column("编号", 16, "center"), Column("项目", 44)
    return Document.of(
        title,
        Heading(title, 0),
        Paragraph(
            f"截至{cn_date(until)}，按《{rated.card_row.name}》，得分{decimal(rating.score)}分，适用满分{decimal(rating.max)}分，{summed}。"
        ),
        Heading("一、缺项清单", 1),
        Table(
            (code, name, Column("尚缺", 74), Column("可加分", 22, "center", places=2)),
            tuple(missing),
            title="缺项",
            empty="没有缺项",
        ),
        Heading("二、总目录", 1),
        Table(
            (
                code,
                name,
                Column("得分", 30, "center", places=2),
                Column("满分", 30, "center", places=2),
                Column("材料（份）", 36, "center"),
            ),
            table,
            title="总目录",
        ),
        Heading("三、不适用的项目", 1),
        Table((code, name, Column("原因", 96)), absent, title="不适用", empty="没有不适用的项目"),
        page=RECORD,
    )
