"""Ballots and the counting sheet as files."""

from datetime import date

import pytest
from django.urls import reverse

from activities.choices import Kind
from activities.models import Candidate, Election
from activities.reports.election_papers import CUT, ballots, counting_sheet
from activities.votes.summary import vote_rows
from activities.votes.voting import voters_of
from branches.models import AuditEntry
from config.documents import pdf
from config.documents.content import Grid, Heading, Line, Paragraph, lay_out
from tests import factories
from tests.config.document_files import docx_text, read_docx

NAMES = ["王二", "欧阳子轩", "李三", "赵一"]


@pytest.fixture
def election(branch, secretary):
    people = [factories.make_member(branch, name=name) for name in NAMES]
    meeting = factories.make_activity(
        branch,
        kinds=(Kind.GENERAL_MEETING,),
        day=date(2026, 11, 11),
        members=people,
        recorder=secretary,
        chair=secretary,
    )
    made = Election.objects.create(activity=meeting, number=1, body="committee", seats=3)
    for n, (name, one) in enumerate(zip(NAMES, people, strict=True), start=1):
        Candidate.objects.create(election=made, user=one.user, name=name, order=n)
    return made


def grids(document):
    return [block for section in document.sections for block in section.blocks if isinstance(block, Grid)]


def test_a_ballot_has_a_box_over_each_name_and_over_an_empty_column_for_each_seat(election):
    (grid,) = grids(ballots(election, NAMES, 1))
    lay_out(grid)
    boxes, names = grid.rows
    assert [cell.text for cell in boxes.cells] == [""] * 7
    assert [cell.text.replace("\n", "") for cell in names.cells] == [*NAMES, "", "", ""]


@pytest.mark.parametrize("copies", [1, 3, 4, 7, 300])
def test_so_many_ballots_with_a_line_to_cut_between_those_of_a_sheet(election, copies):
    document = ballots(election, NAMES, copies)
    assert len(grids(document)) == copies
    cuts = [one for one in document.blocks if isinstance(one, Paragraph) and one.text.startswith(CUT)]
    assert len(cuts) == copies - len(document.sections)
    assert len(document.sections) == -(-copies // 3)


def test_three_ballots_with_short_names_share_a_sheet(election):
    election.seats = 5
    assert len(ballots(election, ["王二", "李三", "陈四", "赵一", "丁五", "马六"], 9).sections) == 3


def test_no_ballot_differs_from_another_or_bears_a_number(election):
    document = ballots(election, NAMES, 9)
    assert len({section.blocks for section in document.sections}) == 1
    assert not any(section.page.numbered for section in document.sections)
    assert "应选3名" in next(one.text for one in document.blocks if isinstance(one, Paragraph))


@pytest.mark.parametrize(("names", "seats"), [(["王二"], 1), (["王二"] * 20, 9)])
def test_few_and_many_names_fit_a_sheet(election, names, seats):
    election.seats = seats
    document = ballots(election, names, 3)
    assert all(section.page.left >= 12 for section in document.sections)
    for grid in grids(document):
        lay_out(grid)


def test_every_sheet_of_ballots_is_one_page(election):
    pytest.importorskip("weasyprint")
    if not pdf.is_available():
        pytest.skip("no PDF here")
    for names, seats in ((NAMES, 3), (["王二"], 1), (["欧阳子轩"] * 12, 9)):
        election.seats = seats
        document = ballots(election, names, 6)
        assert pdf.render_part(document)[1] == len(document.sections)


def test_the_counting_sheet_is_empty_for_a_pen_until_the_count_is_entered(election):
    voters = voters_of(election.activity, "election", None)
    counts, names = grids(counting_sheet(election, voters))
    assert [cell.text for cell in counts.rows[0].cells] == ["应到会有选举权", "4", "实到会有选举权", "4"]
    assert [cell.text for cell in counts.rows[1].cells] == ["发出选票", "", "收回选票", ""]
    assert [row.cells[0].text for row in names.rows] == ["姓名", *NAMES, *["另选人："] * 3]
    assert [cell.text for cell in names.rows[1].cells][1:] == ["", "", ""]


def test_the_counting_sheet_tells_the_count_and_who_was_written_in(election, branch):
    election.issued, election.returned, election.invalid = 4, 4, 1
    election.scrutineers, election.tellers = "监甲", "计乙"
    election.save()
    election.candidates.filter(name="王二").update(yes=2, no=1)
    other = factories.make_member(branch, name="丁五")
    Candidate.objects.create(election=election, user=other.user, name="丁五", order=9, write_in=True, yes=1)
    document = counting_sheet(election, voters_of(election.activity, "election", None))
    counts, names = grids(document)
    assert [cell.text for cell in counts.rows[2].cells] == ["有效票", "3", "无效票", "1"]
    assert [cell.text for cell in names.rows[1].cells] == ["王二", "2", "1", "0"]
    assert [cell.text for cell in names.rows[5].cells] == ["丁五（另选人）", "1", "—", "—"]
    assert len(names.rows) == 1 + 4 + 3
    assert list(document.blocks)[-1] == Line(("监票人签字：监甲", "计票人签字：计乙", ""))
    assert next(iter(document.blocks)) == Heading("机关第一党支部选举支部委员会委员计票单", 0)


def test_both_are_given_as_files_and_are_on_the_trail(as_user, secretary, election, monkeypatch):
    client = as_user(secretary)
    ballot = reverse("activities:election_ballot", args=[election.pk])
    body = client.get(ballot, {"n": "2", "format": "docx"}).content
    assert len(read_docx(body).tables) == 2
    assert [client.get(ballot, {"n": n}).context["wanted"] for n in ("300", "301", "000100000")] == [300, 4, 4]
    sheet = reverse("activities:election_sheet", args=[election.pk])
    assert "监票人签字" in docx_text(client.get(sheet, {"format": "docx"}).content)
    assert AuditEntry.objects.filter(action="election.printed", branch=election.activity.branch).count() == 2
    assert client.get(sheet, {"format": "xlsx"}).status_code == 404
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    assert client.get(ballot, {"format": "pdf"}).status_code == 503
    assert AuditEntry.objects.filter(action="election.printed").count() == 2


def test_the_record_of_a_draft_says_nothing_of_votes_nobody_has_counted(election):
    rows = vote_rows(election.activity)
    assert {row[2:] for row in rows} == {("",) * 8}
    Election.objects.filter(pk=election.pk).update(issued=3, returned=3)
    assert {row[2:5] for row in vote_rows(election.activity)} == {("3", "3", "3")}
