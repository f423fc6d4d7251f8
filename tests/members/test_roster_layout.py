"""Rosters of every layout give exactly the people in them, and list every other line."""

import io
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook

from members.roster import missing_required
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


class TestNationalLayout:
    def test_gives_exactly_the_people_in_it_and_no_finding(self):
        found = read(national([person(n) for n in range(60)]))
        assert len(found.rows) == 60
        assert [row.row for row in found.rows] == list(range(5, 65))
        assert not found.errors
        assert not found.warnings
        assert found.tables[0].header_rows == (3, 4)
        assert len(found.fields) == 19
        assert found.other_sheets == ["民族代码", "学历代码"]

    def test_reads_codes_dates_and_words_into_values(self):
        row = read(national([person(1)])).rows[0]
        assert row.values == {
            "name": row.raw["name"],
            "branch": "内科第一党支部",
            "id_number": row.raw["id_number"],
            "gender": "female",
            "ethnicity": "01",
            "birth_date": date(1980, 3, 1),
            "education": "21",
            "member_type": "full",
            "joined_on": date(2010, 6, 1),
            "confirmed_on": date(2011, 6, 1),
            "job_post": "0212",
            "mobile": "13900000001",
            "phone": None,
            "address": "江州市人民路1号",
            "membership_status": "normal",
            "lost_contact": False,
            "lost_since": None,
            "floating": False,
            "destination": None,
        }
        assert not missing_required(row)

    def test_lists_every_line_that_is_no_person(self):
        found = read(national([person(0), person(1)]))
        assert [(line.row, line.reason) for line in found.skipped] == [
            (1, "表头之前的说明"),
            (2, "表头之前的说明"),
            (8, "表后的说明"),
            (9, "表后的说明"),
            (10, "填表或签字信息"),
        ]
        assert "填表人" in found.skipped[-1].text

    def test_an_empty_national_sheet_has_no_rows(self):
        assert read(national([])).rows == []

    def test_phone_number_columns_come_from_the_second_header_row(self):
        row = read(national([person(0, **{"固定电话": "0571-88880000"})])).rows[0]
        assert row.values["mobile"] == "13900000000"
        assert row.values["phone"] == "0571-88880000"


class TestOtherLayouts:
    @pytest.mark.parametrize(
        ("title", "alias"),
        [
            ("公民身份证号", "身份证号"),
            ("公民身份证号", "公民身份号码"),
            ("公民身份证号", "公民身份证号码"),
            ("公民身份证号", "身份证"),
            ("公民身份证号", "身份证号码（必填）"),
            ("手机号", "手机"),
            ("手机号", "手机号码"),
            ("手机号", "联系电话"),
            ("手机号", "移动电话"),
            ("所在党支部", "党支部"),
            ("所在党支部", "所在支部"),
            ("所在党支部", "所 在\n党支部"),
            ("加入党组织日期", "入党日期"),
            ("加入党组织日期", "入党时间(YYYYMM)"),
            ("转为正式党员日期", "转正日期"),
            ("转为正式党员日期", "转正时间"),
            ("姓名", "*姓 名"),
            ("姓名", "姓　名："),
            ("家庭住址", "现居住地"),
        ],
    )
    def test_usual_titles_are_understood(self, title, alias):
        people = [person(0), person(1)]
        if title == "手机号" and alias == "联系电话":
            assert read(simple(one_row_header(people, {title: alias}))).rows[0].values["mobile"] == "13900000000"
        found = read(simple(one_row_header(people, {title: alias})))
        assert len(found.rows) == 2
        assert not found.errors
        assert not found.notes
        assert len(found.fields) == 19

    def test_the_order_of_columns_does_not_matter(self):
        rows = [list(reversed(row)) for row in one_row_header([person(0), person(1)])]
        found = read(simple(rows))
        assert not found.errors
        assert found.rows[0].values == read_one(0).values

    def test_contact_number_is_the_landline_where_another_column_is_the_mobile(self):
        titles = ["姓名", "身份证号", "手机号码", "联系电话"]
        row = read(simple([titles, ["张宁", id_number(0), "13900000000", "0571-88880000"]])).rows[0]
        assert row.values["mobile"] == "13900000000"
        assert row.values["phone"] == "0571-88880000"

    def test_a_landline_in_a_contact_column_is_kept_as_landline(self):
        row = read(simple([["姓名", "身份证号", "联系电话"], ["张宁", id_number(0), "0571-88880000"]])).rows[0]
        assert row.ok
        assert row.values["mobile"] is None
        assert row.values["phone"] == "0571-88880000"
        assert codes(row.warnings) == ["landline_in_mobile"]

    def test_header_repeated_inside_the_data_is_passed_over(self):
        rows = one_row_header([person(0), person(1)])
        found = read(simple([rows[0], rows[1], rows[0], rows[2]]))
        assert len(found.rows) == 2
        assert [(line.row, line.reason) for line in found.skipped] == [(3, "重复的表头")]

    def test_national_header_of_two_rows_repeated_on_the_next_page(self):
        book = load_workbook(io.BytesIO(national([person(0), person(1), person(2), person(3)], footnotes=False)))
        sheet = book.worksheets[0]
        for column in range(1, 20):
            for row in (3, 4):
                sheet.cell(row + 3, column).value = sheet.cell(row, column).value
        found = read(save(book))
        assert [row.row for row in found.rows] == [5, 8]
        assert [line.reason for line in found.skipped if line.row in (6, 7)] == ["重复的表头"] * 2

    @pytest.mark.parametrize("above", [True, False])
    def test_instruction_rows_above_and_below_the_header(self, above):
        rows = one_row_header([person(0)])
        hints = ["与身份证一致", "填写全称", "18位，文本格式", "男/女", "参照代码表", "YYYY-MM-DD", *["必填"] * 8]
        found = read(simple([hints, *rows] if above else [rows[0], hints, rows[1]]))
        assert len(found.rows) == 1
        assert found.rows[0].ok
        assert len(found.skipped) == 1

    def test_example_and_column_number_rows_are_no_people(self):
        rows = one_row_header([person(0), person(1)])
        example = ["示例：张三", *rows[2][1:]]
        found = read(simple([rows[0], list(range(1, 20)), example, rows[1]]))
        assert [row.row for row in found.rows] == [4]
        assert len(found.skipped) == 2

    def test_totals_sections_and_signatures_are_listed_not_imported(self):
        rows = one_row_header([person(0), person(1)])
        found = read(
            simple(
                [
                    rows[0],
                    ["内科第一党支部"],
                    rows[1],
                    ["小计", "1人"],
                    rows[2],
                    ["合计：2人"],
                    [],
                    ["填表人：张三", "", "审核人：李四"],
                    ["", "", "", "", "（盖章）"],
                    ["备注：以上信息已与本人核对"],
                ]
            )
        )
        assert [row.row for row in found.rows] == [3, 5]
        assert [line.row for line in found.skipped] == [2, 4, 6, 8, 9, 10]

    def test_a_person_without_identity_number_is_refused_not_dropped(self):
        row = read_one(公民身份证号="")
        assert codes(row.errors) == ["REQUIRED"]
        assert row.errors[0].field == "id_number"
        found = read(simple([*one_row_header([person(1)]), ["张宁"]]))
        assert len(found.rows) == 2
        assert codes(found.rows[1].errors) == ["REQUIRED"]

    def test_a_person_without_name_is_refused_not_dropped(self):
        row = read_one(姓名="")
        assert codes(row.errors) == ["REQUIRED"]
        assert row.errors[0].column == "A"

    def test_a_used_range_far_larger_than_the_data(self):
        book = load_workbook(io.BytesIO(national([person(0)])))
        book.worksheets[0].cell(20_000, 100).value = " "
        found = read(save(book))
        assert len(found.rows) == 1
        assert not found.errors

    def test_branches_on_separate_sheets_are_all_read(self):
        book = Workbook()
        for index in range(3):
            sheet = book.active if index == 0 else book.create_sheet()
            sheet.title = f"第{index + 1}支部"
            for row in one_row_header([person(index)]):
                sheet.append(row)
        found = read(save(book))
        assert [row.sheet for row in found.rows] == ["第1支部", "第2支部", "第3支部"]

    def test_unknown_and_untitled_columns_are_reported_once(self):
        rows = one_row_header([person(0), person(1)])
        rows[0] += ["备注", ""]
        rows[1] += ["先进", "x"]
        rows[2] += ["", "y"]
        found = read(simple(rows))
        assert [(note.code, note.column, note.row) for note in found.notes] == [
            ("column_unknown", "T", 1),
            ("column_unknown", "U", 1),
        ]
        assert not found.errors

    def test_serial_number_column_needs_no_report(self):
        rows = [["序号", *one_row_header([])[0]], [1, *one_row_header([person(0)])[1]]]
        found = read(simple(rows))
        assert len(found.rows) == 1
        assert not found.warnings

    def test_a_second_column_of_the_same_kind_is_reported(self):
        found = read(simple([["姓名", "身份证号", "民族", "民族"], ["张宁", id_number(0), "汉族", "回族"]]))
        assert codes(found.notes) == ["column_repeated"]
        assert found.rows[0].values["ethnicity"] == "01"

    def test_a_branch_merged_over_several_people_belongs_to_each(self):
        book = load_workbook(io.BytesIO(simple(one_row_header([person(n) for n in range(3)]))))
        sheet = book.active
        sheet.merge_cells("B2:B4")
        found = read(save(book))
        assert [row.values["branch"] for row in found.rows] == ["内科第一党支部"] * 3
        assert [codes(row.warnings) for row in found.rows] == [[], ["merged_cell"], ["merged_cell"]]

    def test_a_later_sheet_of_staff_numbers_is_legal_for_known_people(self):
        found = read(simple([HR, ["张宁", id_number(0), "A0012"], ["李平", id_number(1), 1013.0]]))
        assert found.fields == ("name", "id_number", "staff_no")
        assert not found.errors
        assert [row.values["staff_no"] for row in found.rows] == ["A0012", "1013"]
        assert {issue.field for issue in missing_required(found.rows[0])} >= {"branch", "joined_on", "member_type"}
