"""The pages of an import: upload, preview, confirm, take back."""

import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from branches.models import Branch, User
from members.importing import batches
from members.models import BatchState, ImportBatch, Member
from tests.members.pages import url
from tests.members.roster_files import national, person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]


class TestImport:
    @pytest.fixture
    def upload(
        self, as_user: Callable[[User], Client], office: User, django_capture_on_commit_callbacks: Callable[..., Any]
    ) -> Callable[..., tuple[Client, ImportBatch]]:
        def run(data: bytes, name: str = "名册.xlsx") -> tuple[Client, ImportBatch]:
            client = as_user(office)
            root = Branch.objects.get_root_nodes().first()
            with django_capture_on_commit_callbacks(execute=True):
                answer = client.post(
                    url("import_create"), {"file": SimpleUploadedFile(name, data), "organisation": root.pk}
                )
            assert answer.status_code == 302, answer.content.decode()
            return client, ImportBatch.objects.latest("pk")

        return run

    def test_upload_preview_confirm_and_take_back(
        self,
        upload: Callable[..., tuple[Client, ImportBatch]],
        hospital: Branch,
        django_capture_on_commit_callbacks: Callable[..., Any],
    ) -> None:
        bad = person(30, 公民身份证号="990000199913310012", 出生日期="")
        client, batch = upload(national([*(person(n) for n in range(12)), bad]))
        page = client.get(url("import_detail", batch.pk)).content.decode()
        for text in ("表头第3、4行（合并2行）", "将新建1个党支部", "再显示8人", "ID_DATE", "其余12行先导入"):
            assert text in page
        assert str(person(0)["公民身份证号"]) not in page
        assert "再显示" not in client.get(url("import_detail", batch.pk), {"all": "new"}).content.decode()
        answer = client.post(url("import_confirm", batch.pk), {"opening_on": "2026-01-01"})
        assert (answer.status_code, "勾选先导入" in answer.content.decode()) == (422, True)
        answer = client.get(url("import_refused", batch.pk))
        assert openpyxl.load_workbook(io.BytesIO(answer.content)).active.max_row == 2
        for _ in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                client.post(url("import_confirm", batch.pk), {"opening_on": "2026-01-01", "skip_errors": "1"})
        assert Member.objects.count() == 12
        assert "已导入：新增12人" in client.get(url("import_detail", batch.pk)).content.decode()
        client.post(url("import_roll_back", batch.pk))
        assert not Member.objects.exists()
        assert "已撤回" in client.get(url("import_detail", batch.pk)).content.decode()

    def test_a_batch_still_being_read_asks_again(
        self, as_user: Callable[[User], Client], hospital: Branch, office: User
    ) -> None:
        batch = batches.upload_batch(
            organisation=hospital, file_name="名册.xlsx", data=national([person(0)]), actor=office
        )
        client = as_user(office)
        page = client.get(url("import_detail", batch.pk)).content.decode()
        assert 'id="import-wait"' in page
        assert "刷新" in page
        waiting = client.get(url("import_detail", batch.pk), headers={"HX-Request": "true"})
        assert b"<html" not in waiting.content
        batches.read_batch(batch_id=batch.pk, tell=lambda *args: None)
        assert client.get(url("import_detail", batch.pk), headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    def test_an_unreadable_file_says_what_to_do(
        self, upload: Callable[..., tuple[Client, ImportBatch]], hospital: Branch
    ) -> None:
        client, batch = upload(b"%PDF-1.4 nothing")
        assert batch.state == BatchState.UNREADABLE
        assert "这个文件不能读取" in client.get(url("import_detail", batch.pk)).content.decode()

    def test_a_wrong_file_is_refused_beside_the_field(
        self, as_user: Callable[[User], Client], office: User, hospital: Branch
    ) -> None:
        data = {"file": SimpleUploadedFile("a.pdf", b"x"), "organisation": hospital.pk}
        answer = as_user(office).post(url("import_create"), data)
        assert (answer.status_code, ".xlsx、.xls或.csv" in answer.content.decode()) == (422, True)
        assert not ImportBatch.objects.exists()

    def test_a_secretary_may_not_import(self, as_user: Callable[[User], Client], secretary: User) -> None:
        assert as_user(secretary).get(url("import_create")).status_code == 403
