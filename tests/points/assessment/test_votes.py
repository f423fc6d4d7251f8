"""Votes of the appraisal, typed in or read from a workbook."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from branches.models import AuditEntry
from points.assessment import importing
from points.assessment.results import Conflict, Given, enter_results
from points.choices import BatchState
from points.models import AppraisalResult, PointsBatch
from points.tasks import delete_old_batches
from tests import factories
from tests.points.assessment.help import YEAR, upload

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("on_the_day")]


class TestVotes:
    def enter(self, branch, actor, given, **fields):
        return enter_results(branch=branch, year=YEAR, given=given, actor=actor, **fields)

    def test_they_are_written_once_and_again_change_nothing(self, branch, people, organiser):
        pk = people[4].pk
        given = {pk: Given((5, 3, 1, 0), 1)}
        assert [self.enter(branch, organiser, given), self.enter(branch, organiser, given)] == [1, 0]
        assert AppraisalResult.objects.get(member=pk).version == 2
        assert AuditEntry.objects.filter(action="appraisal.entered").count() == 1

    @pytest.mark.parametrize(
        ("counts", "voters", "says"),
        [((8, 2, 0, 0), 10, ""), ((8, 3, 0, 0), 10, "合计11票，多于参加测评的10人"), ((0, 0, 0, 0), None, "都是0")],
    )
    def test_nobody_has_more_votes_than_there_were_voters(self, branch, people, organiser, counts, voters, says):
        given = {people[2].pk: Given((1, 0, 0, 0), 1), people[4].pk: Given(counts, 1)}
        if not says:
            assert self.enter(branch, organiser, given, voters=voters) == 2
            return
        with pytest.raises(ValidationError, match=says) as caught:
            self.enter(branch, organiser, given, voters=voters)
        assert list(caught.value.error_dict) == [f"v{people[4].pk}"]
        assert AppraisalResult.objects.get(member=people[2].pk).excellent == 10  # all or nothing

    def test_nobody_enters_ones_own(self, branch, people, organiser):
        with pytest.raises(ValidationError, match="其他支委"):
            self.enter(branch, organiser, {people[1].pk: Given((1, 0, 0, 0), 1)})

    def test_the_second_to_save_is_told(self, branch, people, organiser, secretary):
        pk = people[4].pk
        self.enter(branch, organiser, {pk: Given((5, 0, 0, 0), 1)})
        with pytest.raises(Conflict, match="王丽的测评结果刚被其他人修改过") as caught:
            self.enter(branch, secretary, {pk: Given((6, 0, 0, 0), 1)})
        assert caught.value.members == [pk]

    def test_nothing_is_entered_once_the_grades_are_proposed(self, branch, people, organiser, propose):
        propose()
        with pytest.raises(ValidationError, match="退回后才能修改"):
            self.enter(branch, organiser, {people[4].pk: Given((5, 0, 0, 0), 1)})


class TestImport:
    def test_the_preview_tells_new_changed_and_same_and_is_imported_once(self, branch, people, organiser):
        AppraisalResult.objects.filter(member=people[3]).delete()
        batch = upload(
            branch, organiser, ("", "林晓雯", 10, 0, 0, 0), ("", "周晓", 7, 3, "", ""), ("", "王丽", "9", 1, 0, 0)
        )
        assert batch.summary == {"new": 1, "changed": 1, "same": 1, "own": 0, "wrong": 0}
        assert [importing.apply(batch=batch, actor=organiser), importing.apply(batch=batch, actor=organiser)] == [2, 0]
        assert AppraisalResult.objects.get(member=people[3]).qualified == 3
        batch.refresh_from_db()
        assert (batch.state, batch.payload) == (BatchState.APPLIED, "")

    def test_errors_name_row_and_column_and_nothing_is_written(self, branch, people, organiser):
        factories.make_member(branch, name="周晓")
        people[4].user.staff_no = "20011"
        people[4].user.save()
        batch = upload(
            branch,
            organiser,
            ("", "林晓雯", 8, "半", -1, 0),
            ("", "陌生人", 1, 0, 0, 0),
            ("", "周晓", 1, 0, 0, 0),
            ("20011", "何平", 1, 0, 0, 0),
            ("99999", "", 1, 0, 0, 0),
            ("20011", "王丽", 3, 0, 0, 0),
            ("", "王丽", 3, 0, 0, 0),
            ("", "何平", 0, 0, 0, 0),
            ("", "", "", "", "", ""),
        )
        wrong = [(line.row, line.column, line.problem) for line in importing.lines_of(batch) if line.kind == "wrong"]
        assert wrong == [
            (3, "合格", "票数应为不小于0的整数。"),
            (3, "基本合格", "票数应为不小于0的整数。"),
            (4, "姓名", "机关第一党支部的名册中没有这个人。"),
            (5, "姓名", "有2位同名，请填写工号。"),
            (6, "姓名", "与工号不符：名册中工号20011是王丽。"),
            (7, "工号", "机关第一党支部的名册中没有这个工号。"),
            (9, "姓名", "与第8行是同一个人。"),
            (10, "票数", "四项票数都是0；没有测评的请留空。"),
        ]
        with pytest.raises(ValidationError, match="还有8处错误"):
            importing.apply(batch=batch, actor=organiser)

    def test_ones_own_row_is_left_out(self, branch, people, organiser):
        batch = upload(branch, organiser, ("", "赵启明", 1, 0, 0, 0), ("", "王丽", 1, 0, 0, 0))
        importing.apply(batch=batch, actor=organiser)
        assert AppraisalResult.objects.get(member=people[1]).excellent == 10

    def test_what_changed_since_the_preview_stops_it(self, branch, people, organiser, secretary):
        batch = upload(branch, organiser, ("", "王丽", 1, 0, 0, 0))
        enter_results(branch=branch, year=YEAR, given={people[4].pk: Given((2, 0, 0, 0), 1)}, actor=secretary)
        with pytest.raises(ValidationError, match="刚被其他人修改过"):
            importing.apply(batch=batch, actor=organiser)

    @pytest.mark.parametrize("wrong", [False, True])
    def test_a_preview_nobody_came_back_to_is_emptied_in_the_night(self, as_user, branch, people, organiser, wrong):
        rows = [("", "王丽", 1, 0, 0, 0), *([("", "陌生人", 1, 0, 0, 0)] if wrong else [])]
        old, fresh = upload(branch, organiser, *rows), upload(branch, organiser, *rows)
        past = timezone.now() - timedelta(days=settings.IMPORT_KEEP_DAYS, hours=1)
        PointsBatch.objects.filter(pk=old.pk).update(created_at=past)
        assert (delete_old_batches(), delete_old_batches()) == (1, 0)
        old.refresh_from_db()
        fresh.refresh_from_db()
        assert (old.state, old.payload, fresh.state) == (BatchState.CANCELLED, "", BatchState.PREVIEW)
        assert "王丽" in fresh.payload
        page = as_user(organiser).get(reverse("points:appraisal_batch", args=[old.pk]))
        assert "逐人的核对内容已删除" in page.text
        assert "王丽" not in page.text
        with pytest.raises(ValidationError, match="已取消"):
            importing.apply(batch=old, actor=organiser)

    def test_a_file_without_the_heads_says_which(self, branch, people, organiser):
        with pytest.raises(ValidationError, match="没有找到表头"):
            upload(branch, organiser, ("", "王丽", 1), head=("工号", "姓名", "票数"))
        with pytest.raises(ValidationError, match="只能读取"):
            importing.upload(branch=branch, year=YEAR, file_name="a.pdf", data=b"%PDF", actor=organiser)

    def test_the_template_can_be_uploaded_again_unchanged(self, client, branch, people, organiser):
        client.force_login(organiser)
        answer = client.get(reverse("points:appraisal_template", args=[branch.pk, YEAR]))
        batch = importing.upload(branch=branch, year=YEAR, file_name="模板.xlsx", data=answer.content, actor=organiser)
        assert batch.summary == {"new": 0, "changed": 0, "same": 6, "own": 0, "wrong": 0}
