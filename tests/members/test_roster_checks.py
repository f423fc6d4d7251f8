"""What must agree in a row and in a file, what new people need, and the workbook of refused rows."""

import io
from datetime import date, datetime

import pytest
from openpyxl import load_workbook

from members.roster import assumed_for_new, missing_required, values_for_new, write_refused
from tests.members.roster_files import (
    HR,
    codes,
    id_number,
    national,
    one_row_header,
    person,
    read,
    read_one,
    save,
    simple,
)


class TestAgreement:
    @pytest.mark.parametrize(
        ("joined", "confirmed", "warnings"),
        [
            ("2010-06-01", "2011-05-01", []),  # a year less 31 days
            ("2010-06-01", "2011-04-30", ["short_probation"]),
            ("2010-06-01", "2010-06-01", ["short_probation"]),
            ("2010年6月", "2011年5月", ["date_month_only"] * 2),
        ],
    )
    def test_short_probation_is_only_a_warning(self, joined, confirmed, warnings):
        row = read_one(加入党组织日期=joined, 转为正式党员日期=confirmed)
        assert row.ok
        assert codes(row.warnings) == warnings

    @pytest.mark.parametrize(
        ("joined", "short"), [("1969-03-31", True), ("1969-04-01", False), ("1977-08-18", False), ("1977-08-19", True)]
    )
    def test_there_was_no_probation_from_1969_to_1977(self, joined, short):
        changes = {"公民身份证号": id_number(0, birth="19450301"), "出生日期": "1945-03-01", "加入党组织日期": joined}
        row = read_one(**changes, 转为正式党员日期=joined)
        assert row.ok
        assert ("short_probation" in codes(row.warnings)) == short
        blank = read_one(**changes, 转为正式党员日期="")
        assert blank.ok == (not short)
        assert bool(missing_required(blank)) is False

    @pytest.mark.parametrize(
        ("joined", "ok"), [("1998-03-01", True), ("1998-02-28", False), ("1998年3月", True), ("1998年2月", False)]
    )
    def test_nobody_joins_before_eighteen(self, joined, ok):
        assert read_one(加入党组织日期=joined, 转为正式党员日期="2000-01-01").ok == ok

    def test_joining_today_is_possible(self):
        row = read_one(加入党组织日期="2026-11-22", 人员类别="预备党员", 转为正式党员日期="")
        assert row.ok
        assert row.values["confirmed_on"] is None
        assert not missing_required(row)

    def test_a_birth_date_that_differs_from_the_number_is_only_a_warning(self):
        row = read_one(出生日期="1980-05-01")
        assert row.ok
        assert codes(row.warnings) == ["birth_differs"]
        assert read_one(出生日期="1980年3月").ok
        assert "birth_differs" not in codes(read_one(出生日期="1980年3月").warnings)

    def test_lost_contact_needs_year_and_month(self):
        row = read_one(是否为失联党员="是", 失去联系日期="2024年3月")
        assert row.ok
        assert row.values["lost_since"] == date(2024, 3, 1)
        assert not row.warnings
        assert codes(read_one(是否为失联党员="否", 失去联系日期="2024年3月").warnings) == ["lost_since_unused"]

    def test_the_same_number_twice_refuses_both_and_names_both(self):
        found = read(simple(one_row_header([person(0), person(1), person(0, 姓名="张宁", 所在党支部="外科党支部")])))
        assert [row.ok for row in found.rows] == [False, True, False]
        assert codes(found.errors) == ["DUPLICATE_ID"] * 2
        assert "第4行" in found.errors[0].message
        assert "第2行" in found.errors[1].message
        assert "外科党支部" in found.errors[0].message

    def test_the_same_staff_number_for_two_people_refuses_both(self):
        found = read(
            simple([HR, ["张宁", id_number(0), "7"], ["李平", id_number(1), "7"], ["王安", id_number(2), "8"]])
        )
        assert [codes(row.errors) for row in found.rows] == [["DUPLICATE_STAFF_NO"], ["DUPLICATE_STAFF_NO"], []]

    def test_namesakes_are_a_warning(self):
        found = read(simple([HR, ["张宁", id_number(0), "7"], ["张 宁", id_number(1), "8"]]))
        assert not found.errors
        assert codes(found.warnings).count("same_name") == 2


class TestNewPeople:
    @pytest.mark.parametrize(
        "title",
        [
            "性别",
            "民族",
            "出生日期",
            "学历",
            "人员类别",
            "所在党支部",
            "加入党组织日期",
            "工作岗位",
            "手机号",
            "家庭住址",
            "党籍状态",
        ],
    )
    def test_what_a_new_person_must_have(self, title):
        row = read_one(**{title: "", "转为正式党员日期": "2011-06-01"})
        assert not [issue for issue in row.errors if issue.code == "REQUIRED"]
        issues = missing_required(row)
        assert [(issue.code, issue.title) for issue in issues] == [("REQUIRED", title)]

    def test_a_landline_stands_in_for_a_mobile(self):
        assert not missing_required(read_one(手机号="", 固定电话="0571-88880000"))

    def test_columns_that_do_not_exist_are_filled_for_new_people_and_said_so(self):
        rows = one_row_header([person(1)])
        keep = [
            i
            for i, title in enumerate(rows[0])
            if title not in ("性别", "出生日期", "党籍状态", "是否为失联党员", "是否为流动党员")
        ]
        row = read(simple([[line[i] for i in keep] for line in rows])).rows[0]
        assert not missing_required(row)
        values = values_for_new(row)
        assert (values["gender"], values["birth_date"]) == ("female", date(1980, 3, 1))
        assert (values["membership_status"], values["lost_contact"], values["floating"]) == ("normal", False, False)
        assert "gender" not in row.values
        assert [issue.field for issue in assumed_for_new([row])] == [
            "gender",
            "birth_date",
            "membership_status",
            "lost_contact",
            "floating",
        ]

    def test_a_field_in_error_is_not_named_twice(self):
        assert not missing_required(read_one(民族="火星族"))


class TestRefusedWorkbook:
    def test_bad_cells_are_coloured_and_commented_and_nothing_is_a_formula(self):
        people = [person(0, 家庭住址="=1+1", 民族="火星族"), person(1), person(2, 姓名="@张", 学历="-x")]
        found = read(simple(one_row_header(people)))
        refused = [row for row in found.rows if not row.ok]
        sheet = load_workbook(io.BytesIO(write_refused(refused))).active
        assert sheet.max_row == 3
        assert sheet["A1"].value == "姓名"
        assert sheet["E2"].value == "火星族"
        assert "民族代码表" in sheet["E2"].comment.text
        assert sheet["E2"].fill.fgColor.rgb.endswith("FDECE7")
        assert sheet["D2"].comment is None
        assert sheet["N2"].value == "=1+1"
        assert sheet["N2"].data_type == "s"
        assert sheet["C2"].value == id_number(0)
        assert sheet["C2"].number_format == "@"
        assert {cell.data_type for line in sheet.iter_rows() for cell in line if cell.value is not None} == {"s"}
        assert sheet["T3"].value.startswith("原第4行。")

    def test_the_corrected_file_can_be_uploaded_again(self):
        found = read(national([person(n, 民族="火星族") if n % 2 else person(n) for n in range(6)]))
        data = write_refused(row for row in found.rows if not row.ok)
        again = read(data)
        assert len(again.rows) == 3
        assert codes(again.errors) == ["CODE_UNKNOWN"] * 3
        assert not again.notes
        book = load_workbook(io.BytesIO(data))
        for line in range(2, 5):
            book.active.cell(line, 5).value = "汉族"
        corrected = read(save(book))
        assert not corrected.errors
        assert not corrected.warnings
        assert [row.values for row in corrected.rows] == [read_one(n).values for n in (1, 3, 5)]

    def test_dates_numbers_and_control_characters_survive_as_text(self):
        row = read_one(出生日期=datetime(1980, 3, 1), 手机号=13900000000.0, 民族="火星族", 加入党组织日期=40330.0)  # noqa: DTZ001 - a cell has no zone
        row.cells[13] = "a\x00b\tc"
        row.raw["address"] = "a\x00b\tc"
        sheet = load_workbook(io.BytesIO(write_refused([row]))).active
        assert (sheet["F2"].value, sheet["L2"].value, sheet["I2"].value) == ("1980-03-01", "13900000000", "40330")
        assert sheet["N2"].value == "ab\tc"

    def test_a_missing_column_is_added_for_the_correction(self):
        row = read(simple([HR, ["张宁", id_number(0), "1"]])).rows[0]
        row.errors += missing_required(row)
        sheet = load_workbook(io.BytesIO(write_refused([row]))).active
        titles = [cell.value for cell in sheet[1]]
        assert "所在党支部" in titles
        assert sheet.cell(2, titles.index("所在党支部") + 1).comment

    def test_no_rows_give_an_empty_workbook(self):
        assert load_workbook(io.BytesIO(write_refused([]))).worksheets
