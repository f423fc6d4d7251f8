"""The official code lists and the words people use for them."""

import pytest

from members.codes import EDUCATION, ETHNICITY, JOB_POST, CodeRefused, How, find_code


def test_the_lists_are_complete():
    assert len(ETHNICITY.names) == 58
    assert len(EDUCATION.names) == 23
    assert len(JOB_POST.names) == 58
    assert JOB_POST.label("0212") == "事业单位专业技术岗位"
    assert ETHNICITY.label("56") == "基诺族"
    assert EDUCATION.headings == {"1", "2", "4"}
    assert {"0", "01", "02", "1", "3", "30", "31", "32", "5", "6"} == JOB_POST.headings
    assert not ETHNICITY.headings
    assert ("6", "普通高中") in EDUCATION.choices
    assert ("1", "研究生教育") not in EDUCATION.choices


@pytest.mark.parametrize("codes", [ETHNICITY, EDUCATION, JOB_POST])
def test_every_value_is_found_by_code_by_name_and_by_both(codes):
    for code, name in codes.choices:
        for text, how in (
            (code, How.CODE),
            (name, How.NAME),
            (f"{code} {name}", How.BOTH),
            (f"{code}{name}", How.BOTH),
        ):
            match = find_code(codes, text)
            assert match
            assert (match.code, match.name, match.how) == (code, name, how), text
            assert match.label == f"{code} {name}"
            assert not match.repaired


@pytest.mark.parametrize(
    ("codes", "text", "code"),
    [
        (ETHNICITY, "汉", "01"),
        (ETHNICITY, "维吾尔", "05"),
        (ETHNICITY, "蒙族", "02"),
        (ETHNICITY, "1", "01"),
        (EDUCATION, "本科", "21"),
        (EDUCATION, "大学本科", "21"),
        (EDUCATION, "大专", "22"),
        (EDUCATION, "专科", "22"),
        (EDUCATION, "硕士", "12"),
        (EDUCATION, "博士", "11"),
        (EDUCATION, "中专", "41"),
        (EDUCATION, "高中", "6"),
        (EDUCATION, "省委党校大学", "2B"),
        (JOB_POST, "医师", "0212"),
        (JOB_POST, "护士", "0212"),
        (JOB_POST, "医技", "0212"),
        (JOB_POST, "药师", "0212"),
        (JOB_POST, "职能科室", "0211"),
        (JOB_POST, "后勤", "0315"),
        (JOB_POST, "离休", "501"),
        (JOB_POST, "退休", "502"),
        (JOB_POST, "212", "0212"),
    ],
)
def test_usual_words_and_lost_zeros_are_repairs(codes, text, code):
    match = find_code(codes, text)
    if text == "大专":
        assert match
        assert match.code == code
        assert match.how == How.NAME
    else:
        assert match
        assert match.code == code
        assert match.repaired


def test_spaces_widths_and_separators_do_not_matter():
    for text in ("０１　汉族", "01-汉族", "01.汉族", "01、汉族", " 01  汉 族 ", "01\n汉族"):
        assert find_code(ETHNICITY, text).code == "01"
    assert find_code(EDUCATION, "1b 省(区、市)委党校研究生").code == "1B"


@pytest.mark.parametrize(
    ("codes", "text", "reason"),
    [
        (EDUCATION, "1", "heading"),
        (EDUCATION, "研究生教育", "heading"),
        (EDUCATION, "2 本专科教育", "heading"),
        (JOB_POST, "02", "heading"),
        (JOB_POST, "3 学生", "heading"),
        (JOB_POST, "离退休人员", "heading"),
        (ETHNICITY, "02 汉族", "mismatch"),
        (EDUCATION, "21 硕士研究生", "mismatch"),
        (EDUCATION, "21 随便写", "mismatch"),
        (EDUCATION, "研究生", "ambiguous"),
        (JOB_POST, "规培", "ambiguous"),
        (JOB_POST, "离退休", "ambiguous"),
    ],
)
def test_headings_contradictions_and_vague_words_are_refused_with_advice(codes, text, reason):
    with pytest.raises(CodeRefused) as refused:
        find_code(codes, text)
    assert refused.value.reason == reason
    assert "请" in refused.value.message


def test_unknown_texts_are_not_found():
    for codes, text in (
        (ETHNICITY, "火星族"),
        (ETHNICITY, "99"),
        (EDUCATION, "很高"),
        (JOB_POST, ""),
        (JOB_POST, "9999"),
    ):
        assert find_code(codes, text) is None


def test_a_number_that_may_have_lost_its_zero_is_not_guessed():
    assert find_code(JOB_POST, "311").code == "311"
    with pytest.raises(CodeRefused) as refused:
        find_code(JOB_POST, "311", number=True)
    assert refused.value.reason == "ambiguous"
    assert "0311" in refused.value.message
    assert find_code(ETHNICITY, "1", number=True).code == "01"
    assert find_code(EDUCATION, "21", number=True).how == How.CODE
