"""An import sees and touches nothing outside its reach, and overwrites nobody's change."""

import json
from collections.abc import Callable
from datetime import date

import pytest

from branches.choices import Role
from branches.models import Branch, User
from members.importing import batches
from members.importing.compare import compare_file
from members.models import BatchState, ImportBatch
from members.services import change_member
from tests import factories
from tests.members.import_words import member
from tests.members.roster_files import national, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


@pytest.fixture
def elsewhere() -> Branch:
    """A branch of another hospital, with the person of the sheet and a colleague."""
    other = factories.make_branch(factories.make_branch(name="邻州市中医院党委"), name="邻院秘密党支部")
    factories.make_member(other, name="邻院旁人")
    same = factories.make_member(other, name=person(0)["姓名"])
    same.set_identity(person(0)["公民身份证号"])
    same.save()
    return other


class TestScope:
    def test_people_of_another_hospital_are_not_named(
        self, upload: Callable[..., ImportBatch], branch: Branch, elsewhere: Branch
    ) -> None:
        batch = upload(national([person(0, 所在党支部=branch.name), person(1, 所在党支部=branch.name)]))
        preview = batches.preview_payload(batch)
        assert [row["code"] for row in preview["refused"]] == ["MEMBER_ELSEWHERE"]
        shown = json.dumps(preview, ensure_ascii=False)
        assert "邻院" not in shown

    def test_nor_is_the_owner_of_a_staff_number(
        self, upload: Callable[..., ImportBatch], branch: Branch, elsewhere: Branch
    ) -> None:
        User.objects.filter(name="邻院旁人").update(staff_no="T0042")
        batch = upload(national([{**person(1, 所在党支部=branch.name), "工号": "T0042"}], added=["工号"]))
        preview = batches.preview_payload(batch)
        assert [row["code"] for row in preview["refused"]] == ["STAFF_NO_TAKEN"]
        assert "邻院" not in json.dumps(preview, ensure_ascii=False)

    def test_a_branch_of_the_same_name_in_another_hospital_is_another_branch(self, elsewhere: Branch) -> None:
        """Somebody above both hospitals imports into one of them."""
        above = factories.make_branch(name="江州市卫健委党委", level="superior")
        first, second = (
            factories.make_branch(above, name=name, level="committee") for name in ("甲院党委", "乙院党委")
        )
        factories.make_branch(first, name="内科第一党支部")
        office = factories.UserFactory()
        factories.appoint(office, above, Role.PARTY_OFFICE)
        found = compare_file(
            national([person(1)]),
            "名册.xlsx",
            organisation=second,
            paths=[above.path],
            today=date(2026, 11, 22),
        )
        assert found.founded == [("内科第一党支部", 1)]


def test_a_change_made_while_the_import_is_written_is_not_lost(
    three: ImportBatch, upload: Callable[..., ImportBatch], office: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = upload(national([person(0, 学历="22 大专")]))
    monkeypatch.setattr(batches.jobs, "kick", lambda job: None)
    batches.confirm_batch(batch=batch, opening_on=batches.first_of_year(), skip_errors=False, actor=office)

    def meanwhile(done: int, total: int, step: str) -> None:
        if done == 1:
            change_member(member=member(0), version=1, fields={"department": "心内科"}, actor=office)

    batches.apply_batch(batch_id=batch.pk, tell=meanwhile)
    batch.refresh_from_db()
    assert (member(0).department, member(0).education) == ("心内科", "21")
    assert (batch.state, batch.summary["stale"]) == (BatchState.PREVIEW, True)
    batches.confirm_batch(batch=batch, opening_on=batches.first_of_year(), skip_errors=False, actor=office)
    batches.apply_batch(batch_id=batch.pk, tell=lambda *args: None)
    assert (member(0).department, member(0).education) == ("心内科", "22")
