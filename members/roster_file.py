"""From bytes to sheets of cells: which format it really is, whether it is safe to open, what stands in it."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from typing import Final

import python_calamine
from defusedxml.ElementTree import fromstring

from members.dates import Cell

ERROR_CELL: Final = "#N/A"  # how a formula that failed is shown; the reader below hands it on as nothing
Range = tuple[tuple[int, int], tuple[int, int]]


class UnreadableFile(ValueError):
    """The file as a whole cannot be read; the message is Chinese and says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Limits:
    file_bytes: int = 30 * 1024 * 1024
    unpacked_bytes: int = 200 * 1024 * 1024
    ratio: int = 100  # of one part that unpacks to more than `ratio_from`
    ratio_from: int = 10 * 1024 * 1024
    parts: int = 2000
    rows: int = 100_000
    cells: int = 4_000_000  # of the rectangle around everything filled in


@dataclass(slots=True)
class Sheet:
    """Rows as the file has them, `rows[0]` being row 1 and `rows[0][0]` column A; blank rows are empty lists."""

    name: str
    rows: list[list[Cell]]
    merged: list[Range] = field(default_factory=list)  # ((row, column), (row, column)), from 0
    broken: dict[tuple[int, int], str] = field(default_factory=dict)  # (row, column) from 0 -> FORMULA_… code
    visible: bool = True


ZIP: Final = b"PK\x03\x04"
OLE: Final = bytes.fromhex("D0CF11E0A1B11AE1")
SAVE_AS: Final = "请用Excel或WPS打开后“另存为”.xlsx格式，再重新上传。"


def read_workbook(data: bytes, filename: str, *, limits: Limits | None = None) -> list[Sheet]:
    """Every sheet of an .xlsx, .xls or .csv file. Raises UnreadableFile."""
    limits = limits or Limits()
    suffix = filename.rsplit(".", 1)[-1].lower() if "." in filename else ""
    if not data:
        raise UnreadableFile("FILE_EMPTY", "这个文件是空的。请检查后重新上传。")
    if len(data) > limits.file_bytes:
        raise UnreadableFile(
            "FILE_TOO_LARGE",
            f"文件超过{limits.file_bytes // 1024 // 1024}MB。请删去图片和无关工作表，或分几个文件上传。",
        )
    if suffix in ("xlsm", "xltm", "xlsb", "xlam", "xla", "xlt"):
        raise UnreadableFile("FILE_MACRO", f"不接收可能带宏的文件（.{suffix}）。{SAVE_AS}")
    if suffix not in ("xlsx", "xls", "csv"):
        raise UnreadableFile("FILE_TYPE", f"只能读取.xlsx、.xls和.csv文件。{SAVE_AS}")
    kind = _kind(data)
    if kind != suffix:
        raise UnreadableFile("FILE_RENAMED", f"文件名以.{suffix}结尾，内容却{KINDS[kind]}。{SAVE_AS}")
    if kind == "csv":
        return [_read_csv(data, filename, limits)]
    broken = _inspect_zip(data, limits) if kind == "xlsx" else _inspect_ole(data)
    return _read_with_calamine(data, broken, limits)


KINDS: Final = {
    "xlsx": "是.xlsx表格",
    "xls": "是.xls表格",
    "csv": "是纯文本",
    "html": "是网页",
    "pdf": "是PDF",
    "picture": "是图片",
    "zip": "是压缩包或别的文档",
    "other": "不是表格",
}


def _kind(data: bytes) -> str:
    """The real format, by what the file begins with (and, for an archive, by what lies in it)."""
    if data.startswith(ZIP):
        return "xlsx" if b"xl/workbook.xml" in data else "zip"
    if data.startswith(OLE):
        return "xls"
    if data.startswith(b"%PDF"):
        return "pdf"
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8")):
        return "picture"
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta", b"<svg")):
        return "html"
    if b"\0" in data[:65536]:
        return "other"
    return "csv"


def _read_csv(data: bytes, filename: str, limits: Limits) -> Sheet:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise UnreadableFile("FILE_ENCODING", f"文件中的文字编码无法识别。{SAVE_AS}") from None
    head = text[:4096]
    delimiter = max(",\t;，", key=head.count)
    rows: list[list[Cell]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(list(row) if any(cell.strip() for cell in row) else [])
            if len(rows) > limits.rows:
                raise _too_many_rows(limits)
    except csv.Error:
        raise UnreadableFile("FILE_DAMAGED", f"文件内容损坏，引号不成对。{SAVE_AS}") from None
    return Sheet(name=re.split(r"[\\/]", filename)[-1].rsplit(".", 1)[0], rows=rows)


def _too_many_rows(limits: Limits) -> UnreadableFile:
    return UnreadableFile("TOO_MANY_ROWS", f"表格超过{limits.rows}行。请按党总支或党支部分成几个文件上传。")


def _damaged() -> UnreadableFile:
    return UnreadableFile("FILE_DAMAGED", f"文件已损坏，打不开。{SAVE_AS}")


def _inspect_ole(data: bytes) -> dict[str, dict[tuple[int, int], str]]:
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise UnreadableFile("FILE_PASSWORD", "文件设有打开密码。请取消密码后重新上传。")
    if "_VBA_PROJECT".encode("utf-16-le") in data:
        raise UnreadableFile("FILE_MACRO", f"文件带有宏，不予接收。{SAVE_AS}")
    if "Workbook".encode("utf-16-le") not in data and "Book".encode("utf-16-le") not in data:
        raise UnreadableFile("FILE_RENAMED", f"文件内容不是表格。{SAVE_AS}")
    return {}


def _inspect_zip(data: bytes, limits: Limits) -> dict[str, dict[tuple[int, int], str]]:
    """Refuse bombs, macros and foreign markup before anything unpacks the file; find cells of failed formulas."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _refuse_bomb(parts, limits)
            if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
                raise UnreadableFile("FILE_MACRO", f"文件带有宏，不予接收。{SAVE_AS}")
            if any(part.flag_bits & 1 for part in parts):
                raise UnreadableFile("FILE_PASSWORD", "文件设有打开密码。请取消密码后重新上传。")
            _refuse_unsafe(archive, data)
            return {name: _scan_sheet(archive, path, limits) for name, path in _sheet_paths(archive)}
    except UnreadableFile:
        raise
    except Exception as exc:  # zlib, zip, XML, key errors: whatever a damaged or hostile archive brings up
        raise _damaged() from exc


def _refuse_bomb(parts: list[zipfile.ZipInfo], limits: Limits) -> None:
    total = sum(part.file_size for part in parts)
    swollen = any(
        part.file_size > limits.ratio_from and part.file_size > limits.ratio * max(part.compress_size, 1)
        for part in parts
    )
    if total > limits.unpacked_bytes or swollen or len(parts) > limits.parts:
        raise UnreadableFile(
            "FILE_BOMB",
            "文件解压后异常庞大，不予接收。请把名册内容复制到一个新的工作簿，另存为.xlsx后重新上传。",
        )


def _refuse_unsafe(archive: zipfile.ZipFile, data: bytes) -> None:
    """Read every part once: its real size must be the declared one, and no part may bring a document type."""
    end = data.rfind(b"PK\x05\x06") + 22 + len(archive.comment)
    names = [part.filename.replace("\\", "/") for part in archive.infolist()]
    unsafe = end != len(data) or b"<" in archive.comment
    unsafe |= any(name.startswith("/") or ".." in name.split("/") or ":" in name for name in names)
    for part in archive.infolist():
        with archive.open(part) as stream:  # reading to the end compares size and checksum
            head = stream.read(65_536)
            unsafe |= b"<!DOCTYPE" in head or b"<!ENTITY" in head
            while stream.read(1_048_576):
                pass
    if unsafe:
        raise UnreadableFile("FILE_UNSAFE", f"文件内含有不安全的内容，不予接收。{SAVE_AS}")


def _sheet_paths(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    book = fromstring(archive.read("xl/workbook.xml"), forbid_dtd=True)
    links = fromstring(archive.read("xl/_rels/workbook.xml.rels"), forbid_dtd=True)
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    names = set(archive.namelist())
    for node in book.iter():
        if node.tag.rsplit("}", 1)[-1] != "sheet":
            continue
        link = next((value for key, value in node.attrib.items() if key.endswith("}id")), None)
        target = targets.get(link, "")
        path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
        if path in names:
            yield node.get("name", ""), path


CELL: Final = re.compile(rb"<(?:\w+:)?c\b([^>]*)>")
PLACE: Final = re.compile(rb"""\br=["']([A-Z]{1,3})(\d{1,7})["']""")
NO_VALUE: Final = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f[^>]*/>)\s*(?:<(?:\w+:)?v>\s*</(?:\w+:)?v>|<(?:\w+:)?v\s*/>)?\s*</(?:\w+:)?c>"
)
FAILED: Final = re.compile(rb"""<(?:\w+:)?c\b[^>]*\bt=["']e["'][^>]*>""")
FAR_CELL: Final = re.compile(rb"""\br=["'](?:[A-Z]{2}|[A-Z]\d{6})""")  # beyond column Z or row 99,999
TEXT_RESULT: Final = re.compile(rb"""\bt=["']str["']""")  # a formula that rightly gave an empty text


def _scan_sheet(archive: zipfile.ZipFile, path: str, limits: Limits) -> dict[tuple[int, int], str]:
    """Cells whose formula failed or was never worked out, and a check of how far the filled cells reach."""
    data = archive.read(path)
    if FAR_CELL.search(data):
        _refuse_far_reach(data, limits)
    broken: dict[tuple[int, int], str] = {}
    for cell in FAILED.finditer(data) if b't="e"' in data or b"t='e'" in data else ():
        if place := PLACE.search(cell[0]):
            broken[int(place[2]) - 1, _column_number(place[1]) - 1] = "FORMULA_ERROR"
    for empty in NO_VALUE.finditer(data) if b"<f" in data or b":f" in data else ():
        before = [cell[1] for cell in CELL.finditer(data, max(0, empty.start() - 10_000), empty.start())]
        place = PLACE.search(before[-1]) if before else None
        if place and not TEXT_RESULT.search(before[-1]):
            broken.setdefault((int(place[2]) - 1, _column_number(place[1]) - 1), "FORMULA_NO_VALUE")
    return broken


def _refuse_far_reach(data: bytes, limits: Limits) -> None:
    """The reader lays out the whole rectangle around the filled cells: one stray cell at XFD1048576 would end it."""
    last_row = last_column = 0
    for cell in CELL.finditer(data):
        place = None if cell[1].endswith(b"/") else PLACE.search(cell[1])
        if place:
            last_row, last_column = max(last_row, int(place[2])), max(last_column, _column_number(place[1]))
    if last_row * last_column > limits.cells:
        raise UnreadableFile(
            "SHEET_TOO_WIDE",
            f"工作表的内容一直延伸到第{last_row}行第{last_column}列，远远超出一张名册。"
            "请删去名册以外的行和列（选中后“删除”），保存后重新上传。",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _read_with_calamine(data: bytes, broken: dict[str, dict[tuple[int, int], str]], limits: Limits) -> list[Sheet]:
    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as book:
            return [
                _read_sheet(book, meta, broken.get(meta.name, {}), limits)
                for meta in book.sheets_metadata
                if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except UnreadableFile:
        raise
    except python_calamine.PasswordError:
        raise UnreadableFile("FILE_PASSWORD", "文件设有打开密码。请取消密码后重新上传。") from None
    except Exception as exc:
        raise _damaged() from exc
    except BaseException as exc:  # a panic inside the Rust reader arrives as a bare BaseException
        if type(exc).__name__ == "PanicException":
            raise _damaged() from exc
        raise


def _read_sheet(
    book: python_calamine.CalamineWorkbook,
    meta: python_calamine.SheetMetadata,
    broken: dict[tuple[int, int], str],
    limits: Limits,
) -> Sheet:
    source = book.get_sheet_by_name(meta.name)
    margin: list[Cell] = [""] * (source.start[1] if source.start else 0)
    rows: list[list[Cell]] = []
    filled = 0
    for values in source.iter_rows():
        if any(value != "" for value in values):
            filled += 1
            rows.append(margin + values)
        else:
            rows.append([])
        if filled > limits.rows:
            raise _too_many_rows(limits)
    for row, column in broken:
        while len(rows) <= row:
            rows.append([])
        rows[row].extend([""] * (column + 1 - len(rows[row])))
        rows[row][column] = ERROR_CELL
    visible = meta.visible == python_calamine.SheetVisibleEnum.Visible
    return Sheet(meta.name, rows, list(source.merged_cell_ranges or []), broken, visible)
