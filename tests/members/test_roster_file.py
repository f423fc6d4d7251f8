"""File formats: what is read, and what is refused before it is opened."""

import io
import zipfile
from struct import pack

import pytest
from openpyxl import load_workbook

from members.roster import Limits, UnreadableFile
from tests.members.roster_files import (
    HR,
    as_csv,
    id_number,
    old_xls,
    one_row_header,
    person,
    read,
    save,
    simple,
)


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_csv_in_the_usual_encodings(self, encoding):
        rows = [["党员名册"], *one_row_header([person(0, 姓名="张㐂"), person(1)])]
        found = read(as_csv(rows, encoding), "名册.csv")
        assert len(found.rows) == 2
        assert not found.errors
        assert found.rows[0].values["name"] == "张㐂"
        assert found.rows[0].row == 3

    def test_csv_with_line_breaks_in_the_header_and_semicolons(self):
        text = "姓名;公民身份\n号码;工号\n".replace("公民身份\n号码", '"公民身份\n号码"') + f"张宁;{id_number(0)};7\n"
        assert read(text.encode(), "a.CSV").rows[0].values["staff_no"] == "7"

    def test_old_xls(self):
        found = read(old_xls([HR, ["张宁", id_number(0), "A1"], ["李平", id_number(1), 1013.0]]), "名册.xls")
        assert not found.errors
        assert [row.values["staff_no"] for row in found.rows] == ["A1", "1013"]

    @pytest.mark.parametrize(
        ("data", "filename", "code"),
        [
            (b"", "a.xlsx", "FILE_EMPTY"),
            (b"abc", "a.docx", "FILE_TYPE"),
            (b"abc", "noname", "FILE_TYPE"),
            (b"abc", "a.xlsm", "FILE_MACRO"),
            (b"%PDF-1.7", "a.xlsx", "FILE_RENAMED"),
            (b"\x89PNG\r\n", "a.xlsx", "FILE_RENAMED"),
            (b"<html><table><tr><td>x", "a.xls", "FILE_RENAMED"),
            (b"PK\x03\x04nonsense", "a.xlsx", "FILE_RENAMED"),
            (b"PK\x03\x04nonsense xl/workbook.xml", "a.xlsx", "FILE_DAMAGED"),
            (bytes.fromhex("D0CF11E0A1B11AE1") + b"W\0o\0r\0k\0b\0o\0o\0k\0" * 40, "a.xls", "FILE_DAMAGED"),
            (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600, "a.xls", "FILE_RENAMED"),
            (bytes.fromhex("D0CF11E0A1B11AE1") + "EncryptedPackage".encode("utf-16-le"), "a.xls", "FILE_PASSWORD"),
            (bytes.fromhex("D0CF11E0A1B11AE1") + "Workbook_VBA_PROJECT".encode("utf-16-le"), "a.xls", "FILE_MACRO"),
            ("姓名,工号\n".encode("utf-16"), "a.csv", "FILE_RENAMED"),
            ("姓名,性别\n张三,男\n".encode(), "a.csv", "HEADER_NOT_FOUND"),
            (b"\xff\xff\xff,\xfe", "a.csv", "FILE_ENCODING"),
        ],
    )
    def test_what_cannot_be_read_is_refused_with_advice(self, data, filename, code):
        with pytest.raises(UnreadableFile) as refused:
            read(data, filename)
        assert refused.value.code == code
        assert "请" in refused.value.message or "只能" in refused.value.message

    def test_a_renamed_workbook_is_named_for_what_it_is(self):
        data = simple([HR])
        with pytest.raises(UnreadableFile, match=r"以\.xls结尾，内容却是\.xlsx表格"):
            read(data, "名册.xls")
        with pytest.raises(UnreadableFile, match="内容却"):
            read(data, "名册.csv")
        with pytest.raises(UnreadableFile):
            read(old_xls([HR]), "名册.xlsx")

    def test_a_missing_identity_column_is_named(self):
        with pytest.raises(UnreadableFile, match="公民身份号码") as refused:
            read(simple([["姓名", "性别", "民族", "所在党支部"], ["张宁", "男", "汉族", "一支部"]]))
        assert refused.value.code == "HEADER_NOT_FOUND"

    def test_bombs_are_refused_by_their_declared_size(self):
        for parts, size in ((1, 60_000_000), (5, 50_000_000)):
            out = io.BytesIO(simple([HR]))
            with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
                for part in range(parts):
                    archive.writestr(f"xl/worksheets/more{part}.xml", b"\0" * size)
            with pytest.raises(UnreadableFile) as refused:
                read(out.getvalue())
            assert refused.value.code == "FILE_BOMB"

    def test_sizes_on_both_sides_of_the_limits(self):
        data = simple([HR, ["张宁", id_number(0), "1"], ["李平", id_number(1), "2"]])
        assert len(read(data, limits=Limits(rows=3, file_bytes=len(data))).rows) == 2
        for limits, code in (
            (Limits(rows=2), "TOO_MANY_ROWS"),
            (Limits(file_bytes=len(data) - 1), "FILE_TOO_LARGE"),
            (Limits(unpacked_bytes=1000), "FILE_BOMB"),
            (Limits(parts=3), "FILE_BOMB"),
        ):
            with pytest.raises(UnreadableFile) as refused:
                read(data, limits=limits)
            assert refused.value.code == code
        with pytest.raises(UnreadableFile):
            read(as_csv([HR, ["张宁", id_number(0), "1"]]), "a.csv", limits=Limits(rows=1))

    def test_a_stray_cell_at_the_end_of_the_world_is_refused_before_it_fills_the_memory(self):
        book = load_workbook(io.BytesIO(simple([HR, ["张宁", id_number(0), "1"]])))
        book.active["XFD1048576"] = "x"
        with pytest.raises(UnreadableFile, match="1048576") as refused:
            read(save(book))
        assert refused.value.code == "SHEET_TOO_WIDE"

    def test_something_hung_on_behind_the_archive_is_refused(self):
        with pytest.raises(UnreadableFile) as refused:
            read(simple([HR]) + b"<html><script>alert(1)</script>")
        assert refused.value.code in ("FILE_UNSAFE", "FILE_DAMAGED")

    def test_a_part_that_is_larger_than_it_says_is_refused(self):
        data = simple([HR, ["张宁", id_number(0), "1"]])
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
        lying = data.replace(pack("<I", size), pack("<I", size - 10))
        assert lying != data
        with pytest.raises(UnreadableFile) as refused:
            read(lying)
        assert refused.value.code == "FILE_DAMAGED"

    def test_macros_and_document_types_inside_a_workbook_are_refused(self):
        for name, content, code in (
            ("xl/vbaProject.bin", b"x", "FILE_MACRO"),
            ("../../evil.xml", b"x", "FILE_UNSAFE"),
            ("xl/evil.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a/>', "FILE_UNSAFE"),
        ):
            out = io.BytesIO(simple([HR]))
            with zipfile.ZipFile(out, "a") as archive:
                archive.writestr(name, content)
            with pytest.raises(UnreadableFile) as refused:
                read(out.getvalue())
            assert refused.value.code == code
