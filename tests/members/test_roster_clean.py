"""Every kind of dirt in a cell: what becomes of it, and that it was said."""

import io
from datetime import date, datetime, time

import pytest
from openpyxl import load_workbook

from tests.members.roster_files import (
    codes,
    id_number,
    one_row_header,
    person,
    read,
    read_one,
    save,
    simple,
)


class TestCells:
    """Every quirk: what it becomes, and that it was said."""

    @pytest.mark.parametrize(
        ("title", "text", "field", "value", "warning"),
        [
            ("姓名", "张 宁", "name", "张宁", "name_tidied"),
            ("姓名", "张　宁", "name", "张宁", "name_tidied"),
            ("姓名", "阿依古丽•买买提", "name", "阿依古丽·买买提", "name_tidied"),
            ("民族", "汉", "ethnicity", "01", "code_mapped"),
            ("民族", 1.0, "ethnicity", "01", "code_mapped"),
            ("学历", "本科", "education", "21", "code_mapped"),
            ("学历", "硕士", "education", "12", "code_mapped"),
            ("工作岗位", "医师", "job_post", "0212", "code_mapped"),
            ("工作岗位", 212.0, "job_post", "0212", "code_mapped"),
            ("人员类别", "正式", "member_type", "full", "word_mapped"),
            ("人员类别", "正式党员（离退休）", "member_type", "full", "word_mapped"),
            ("党籍状态", "11 恢复党籍", "membership_status", "normal", "word_mapped"),
            ("性别", "1", "gender", "male", "word_mapped"),
            ("所在党支部", "门急诊 第五党支部", "branch", "门急诊第五党支部", "spaces_removed"),
            ("所在党支部", "中心醫(yī)院党支部", "branch", "中心醫院党支部", "pinyin_removed"),
            ("所在党支部", "中心醫院党支部", "branch", "中心醫院党支部", "traditional_text"),
            ("手机号", "139-0000-0000", "mobile", "13900000000", "mobile_tidied"),
            ("手机号", "139 0000 0000", "mobile", "13900000000", "mobile_tidied"),
            ("手机号", "+86 13900000000", "mobile", "13900000000", "mobile_tidied"),
            ("手机号", "１３９００００００００", "mobile", "13900000000", "mobile_tidied"),
            ("手机号", "13900000000/13900000009", "mobile", "13900000000", "several_numbers"),
            ("手机号", "13900000000 0571-88880000", "mobile", "13900000000", "several_numbers"),
            ("固定电话", "转总机", "phone", "转总机", "phone_odd"),
            ("是否为失联党员", "无", "lost_contact", False, "word_mapped"),
            ("是否为流动党员", "×", "floating", False, "word_mapped"),
            ("出生日期", "198003", "birth_date", date(1980, 3, 1), "date_month_only"),
            ("出生日期", 29281.0, "birth_date", date(1980, 3, 1), "date_serial"),
            ("加入党组织日期", "20100601", "joined_on", date(2010, 6, 1), "date_compact"),
            ("加入党组织日期", "2010.6", "joined_on", date(2010, 6, 1), "date_month_only"),
            ("加入党组织日期", "２０１０．０６．０１", "joined_on", date(2010, 6, 1), "date_full_width"),
        ],
    )
    def test_repairs_are_warnings_with_before_and_after(self, title, text, field, value, warning):
        row = read_one(**{title: text})
        assert row.ok, row.errors
        assert row.values[field] == value
        issue = next(issue for issue in row.warnings if issue.code == warning)
        assert issue.field == field
        assert issue.before
        assert issue.after
        assert (issue.row, issue.column, issue.sheet) == (2, row.table.by_field[field].letter, "Sheet1")

    @pytest.mark.parametrize(
        ("title", "text", "field", "value"),
        [
            ("民族", "汉族", "ethnicity", "01"),
            ("民族", "02", "ethnicity", "02"),
            ("学历", 21.0, "education", "21"),
            ("学历", "1B 省（区、市）委党校研究生", "education", "1B"),
            ("人员类别", "01 正式党员", "member_type", "full"),
            ("手机号", 13900000000.0, "mobile", "13900000000"),
            ("出生日期", datetime(1980, 3, 1), "birth_date", date(1980, 3, 1)),  # noqa: DTZ001 - a cell has no zone
            ("出生日期", "1980.3.1", "birth_date", date(1980, 3, 1)),
            ("加入党组织日期", "2010年6月1日", "joined_on", date(2010, 6, 1)),
            ("固定电话", "—", "phone", None),
            ("固定电话", "无", "phone", None),
            ("固定电话", "/", "phone", None),
            ("固定电话", "暂无", "phone", None),
            ("固定电话", "-", "phone", None),
            ("外出流向", "—", "destination", None),
            ("失去联系日期", "无", "lost_since", None),
        ],
    )
    def test_what_is_plain_gives_no_finding(self, title, text, field, value):
        row = read_one(**{title: text})
        assert row.ok
        assert not row.warnings
        assert row.values[field] == value

    @pytest.mark.parametrize(
        ("title", "text", "code"),
        [
            ("公民身份证号", 990000198003010016.0, "ID_FLOAT"),
            ("公民身份证号", "9.9E+17", "ID_FLOAT"),
            ("公民身份证号", "990000198003010000", "ID_FLOAT"),
            ("公民身份证号", "99000019800301001", "ID_LENGTH"),
            ("公民身份证号", "990000198003010017", "ID_CHECK"),
            ("公民身份证号", "990000199913310012", "ID_DATE"),
            ("公民身份证号", "990000800301001", "ID_OLD"),
            ("姓名", "张", "NAME_LENGTH"),
            ("姓名", "张宁(女)", "NAME_INVALID"),
            ("姓名", "张?", "NAME_INVALID"),
            ("性别", "女", "GENDER_MISMATCH"),
            ("性别", "不详", "VALUE_UNKNOWN"),
            ("民族", "火星族", "CODE_UNKNOWN"),
            ("民族", "02 汉族", "CODE_MISMATCH"),
            ("学历", "研究生教育", "CODE_HEADING"),
            ("学历", "研究生", "CODE_AMBIGUOUS"),
            ("工作岗位", "02", "CODE_HEADING"),
            ("工作岗位", 311.0, "CODE_AMBIGUOUS"),
            ("人员类别", "入党积极分子", "VALUE_NOT_ALLOWED"),
            ("党籍状态", "已故", "VALUE_NOT_ALLOWED"),
            ("党籍状态", "13 开除党籍", "VALUE_NOT_ALLOWED"),
            ("出生日期", "1980", "DATE_YEAR_ONLY"),
            ("出生日期", time(0, 0), "DATE_ZERO"),
            ("加入党组织日期", "2019.2.30", "DATE_INVALID"),
            ("加入党组织日期", "2026-11-23", "JOINED_FUTURE"),
            ("加入党组织日期", "1998-02-28", "JOINED_UNDER_18"),
            ("转为正式党员日期", "", "CONFIRMED_MISSING"),
            ("转为正式党员日期", "2010-05-31", "CONFIRMED_BEFORE_JOINED"),
            ("转为正式党员日期", "2026-11-23", "CONFIRMED_FUTURE"),
            ("人员类别", "预备党员", "CONFIRMED_NOT_BLANK"),
            ("手机号", "12345", "MOBILE_INVALID"),
            ("手机号", "12900000000", "MOBILE_INVALID"),
            ("手机号", "139000000001", "MOBILE_INVALID"),
            ("手机号", "0571-88880000", "MOBILE_INVALID"),
            ("是否为失联党员", "是", "LOST_SINCE_MISSING"),
            ("是否为失联党员", "可能", "VALUE_UNKNOWN"),
            ("家庭住址", "#N/A", "FORMULA_ERROR"),
            ("家庭住址", "路" * 201, "VALUE_TOO_LONG"),
            ("家庭住址", "江州\ufffd路", "TEXT_GARBLED"),
        ],
    )
    def test_the_unreadable_is_an_error_with_its_place_and_advice(self, title, text, code):
        row = read_one(**{title: text})
        assert code in codes(row.errors), row.errors
        issue = next(issue for issue in row.errors if issue.code == code)
        assert (issue.sheet, issue.row) == ("Sheet1", 2)
        assert issue.column
        assert issue.title
        assert issue.is_error
        assert "请" in issue.message or "只能" in issue.message
        assert set(issue.as_json()) == {"sheet", "row", "column", "code", "message"}

    def test_identity_numbers_with_stray_characters(self):
        plain = id_number(0)
        for text in (f" {plain}", f"'{plain}", plain[:6] + " " + plain[6:], plain.replace("990000", "99OOOO")):
            row = read_one(公民身份证号=text)
            assert row.ok
            assert row.values["id_number"] == plain
            assert row.warnings
            assert row.warnings[0].field == "id_number"

    def test_protected_values_are_masked_in_every_finding(self):
        plain, mobile = id_number(0), "13912345678"
        row = read_one(公民身份证号=f" {plain}", 手机号="139 1234 5678", 家庭住址="路" * 201)
        twice = read(simple(one_row_header([person(0), person(0)]))).errors
        for issue in [*row.warnings, *row.errors, *twice]:
            for secret in (plain, mobile, "139 1234 5678", "路" * 100):
                assert secret not in issue.message + issue.before + issue.after

    def test_failed_and_unfinished_formulas_are_errors(self):
        book = load_workbook(io.BytesIO(simple(one_row_header([person(0)]))))
        sheet = book.active
        sheet["N2"] = "#REF!"
        sheet["M2"] = "=VLOOKUP(A2,B:C,2)"
        assert sheet["N2"].data_type == "e"
        assert sheet["M2"].data_type == "f"
        row = read(save(book)).rows[0]
        assert {(issue.column, issue.code) for issue in row.errors} == {
            ("N", "FORMULA_ERROR"),
            ("M", "FORMULA_NO_VALUE"),
        }

    def test_extra_fields_of_a_hospital_sheet(self):
        titles = [
            "姓名",
            "身份证号",
            "工号",
            "学位",
            "人员序列",
            "职称",
            "科室",
            "党内职务",
            "党小组",
            "参加工作时间",
            "户籍所在派出所",
            "入党介绍人",
            "困难党员",
            "离退休",
        ]
        line = [
            "张宁",
            id_number(0),
            " A-07 ",
            "医学硕士",
            "医生",
            "03 主治医师",
            "心内科",
            "支部书记",
            "第一 小组",
            "200307",
            "人民路派出所",
            "李平 王安",
            "否",
            "退休",
        ]
        row = read(simple([titles, line])).rows[0]
        assert row.ok, row.errors
        assert row.values == {
            "name": "张宁",
            "id_number": id_number(0),
            "staff_no": "A-07",
            "degree": "master",
            "staff_category": "doctor",
            "title_level": "intermediate",
            "department": "心内科",
            "party_post": "书记",
            "group": "第一小组",
            "work_from": date(2003, 7, 1),
            "police_station": "人民路派出所",
            "introducers": "李平、王安",
            "hardship": False,
            "retired": True,
        }
        assert len(row.warnings) == 9

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("正高", "senior"),
            ("主任医师", "senior"),
            ("副主任护师", "associate_senior"),
            ("高级工程师", "associate_senior"),
            ("正高级会计师", "senior"),
            ("主管药师", "intermediate"),
            ("工程师", "intermediate"),
            ("助理工程师", "junior"),
            ("住院医师", "junior"),
            ("护士", "junior"),
            ("无", "none"),
            ("—", None),
        ],
    )
    def test_professional_titles(self, text, value):
        row = read(simple([["姓名", "身份证号", "职称"], ["张宁", id_number(0), text]])).rows[0]
        assert row.ok
        assert row.values["title_level"] == value
