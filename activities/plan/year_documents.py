"""Year plan and year summary of a branch: written, handed in, approved or returned."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from activities.choices import YearDocumentKind, YearDocumentState
from activities.models import YearDocument
from branches.audit import record
from branches.choices import BranchLevel, Topic
from branches.inbox import notify
from branches.models import Branch, User

TEXT, COMMENT = 20_000, 500
OPEN = (YearDocumentState.DRAFT, YearDocumentState.RETURNED)


class Changed(ValidationError):
    """Somebody else saved meanwhile; `document` is what stands now."""

    def __init__(self, document: YearDocument) -> None:
        super().__init__("这份文稿刚刚被他人修改，您写的内容还没有保存；请对照后再保存。")
        self.document = document


@transaction.atomic
def save_document(*, branch: Branch, year: int, kind: str, text: str, version: int, actor: User) -> YearDocument:
    """Write the text; `version` 0 begins it. Raises Changed when another one stands by now."""
    text = text.replace("\r\n", "\n").strip()
    if branch.level != BranchLevel.BRANCH:
        raise ValidationError("年度计划和总结由党支部编写。")
    if len(text) > TEXT:
        raise ValidationError({"text": f"正文请控制在{TEXT}字以内。"})
    standing = YearDocument.objects.select_for_update().filter(branch=branch, year=year, kind=kind).first()
    if standing is None:
        try:
            with transaction.atomic():
                standing = YearDocument.objects.create(branch=branch, year=year, kind=kind, text=text, written_by=actor)
        except IntegrityError:  # begun by two people in the same moment
            raise Changed(YearDocument.objects.get(branch=branch, year=year, kind=kind)) from None
        record(actor=actor, action="year_document.saved", target=standing, branch=branch)
        return standing
    if standing.text == text:
        return standing
    if version != standing.version:
        raise Changed(standing)
    if standing.state not in OPEN:
        raise ValidationError("这份文稿已经提交，不能再改；如需修改，请联系党委办公室退回。")
    standing.text, standing.written_by = text, actor
    return _written(standing, "year_document.saved", actor)


@transaction.atomic
def submit_document(*, document: YearDocument, actor: User) -> YearDocument:
    document = _locked(document)
    if document.state not in OPEN:
        raise ValidationError("这份文稿已经提交。")
    if not document.text:
        raise ValidationError({"text": "请先写好正文再提交。"})
    document.state, document.submitted_at = YearDocumentState.SUBMITTED, timezone.now()
    document.written_by = actor
    return _written(document, "year_document.submitted", actor)


@transaction.atomic
def approve_document(*, document: YearDocument, actor: User) -> YearDocument:
    document = _locked(document)
    if document.state != YearDocumentState.SUBMITTED:
        raise ValidationError("这份文稿没有在等待审批，可能已由他人处理。")
    if document.written_by_id == actor.pk:
        raise ValidationError("不能审批自己提交的文稿。")
    document.state, document.comment = YearDocumentState.APPROVED, ""
    return _decided(document, "year_document.approved", actor, "已同意")


@transaction.atomic
def return_document(*, document: YearDocument, comment: str, actor: User) -> YearDocument:
    """Send it back with a comment; an approved one too, when the branch has to change it."""
    document = _locked(document)
    comment = comment.strip()
    if document.state not in (YearDocumentState.SUBMITTED, YearDocumentState.APPROVED):
        raise ValidationError("这份文稿没有在等待审批，可能已由他人处理。")
    if not comment:
        raise ValidationError({"comment": "请写明退回意见，便于支部修改。"})
    if len(comment) > COMMENT:
        raise ValidationError({"comment": f"意见请控制在{COMMENT}字以内。"})
    document.state, document.comment = YearDocumentState.RETURNED, comment
    return _decided(document, "year_document.returned", actor, "已退回")


def _locked(document: YearDocument) -> YearDocument:
    return (
        YearDocument.objects.select_for_update(of=("self",)).select_related("branch", "written_by").get(pk=document.pk)
    )


def _decided(document: YearDocument, action: str, actor: User, word: str) -> YearDocument:
    document.decided_at, document.decided_by = timezone.now(), actor
    document = _written(document, action, actor)
    notify(
        recipient=document.written_by,
        topic=Topic.REPORT,
        item_key=f"year_document:{document.pk}",
        step=f"{document.state}:{document.version}",
        text=f"{document.year}{YearDocumentKind(document.kind).label}{word}",
        url=reverse("activities:year_document", args=[document.branch_id, document.year, document.kind]),
        detail=document.comment,
    )
    return document


def _written(document: YearDocument, action: str, actor: User) -> YearDocument:
    document.version += 1
    document.save()
    changes = {"comment": [None, document.comment]} if document.comment else None
    record(actor=actor, action=action, target=document, branch=document.branch, changes=changes)
    return document
