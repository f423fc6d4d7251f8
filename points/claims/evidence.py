"""What proves a claim: photos and documents, checked by content, kept encrypted, one file for one living claim."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from activities.files import forget_file, keep_file
from branches.audit import record
from branches.models import User
from config.templatetags.ui import cn_day
from config.uploads import ATTACHMENTS_ACCEPT, CheckedFile, check_attachment, check_photo
from points.choices import ClaimState
from points.models import Claim, Evidence

MAX_FILES: Final = 6
ACCEPT: Final = f"{ATTACHMENTS_ACCEPT},.webp,.heic,.heif"
PHOTOS_ONLY: Final = ("webp", "heic", "heif")  # what phones take; kept as JPEG
ACCEPTED: Final = (
    "JPG、PNG、WebP、HEIC照片，PDF、Word（docx）、Excel（xlsx）、PowerPoint（pptx）文件"  # of the hint and the refusal
)
EDITABLE: Final = (ClaimState.DRAFT, ClaimState.RETURNED)


def check_files(uploads: Iterable[Any]) -> list[CheckedFile]:
    """Prove that uploads are documents or pictures; a picture loses where it was taken. Raises ValidationError."""
    checked, wrong = [], []
    for upload in list(uploads)[: MAX_FILES + 1]:
        try:
            checked.append(_checked(upload))
        except ValidationError as error:
            wrong += error.messages
    if wrong:
        raise ValidationError({"files": wrong})
    return checked


def _checked(upload: Any) -> CheckedFile:
    name = str(getattr(upload, "name", "") or "照片")
    limit = settings.ATTACHMENT_FILE_LIMIT
    if name.rpartition(".")[2].lower() in PHOTOS_ONLY:
        plain = check_photo(upload, limit=limit)
        return CheckedFile(_as_jpeg(name), "image/jpeg", plain.image_bytes, plain.sha256)
    if f".{name.rpartition('.')[2].lower()}" not in ACCEPT.split(","):
        raise ValidationError(f"{name}：只能上传{ACCEPTED}。")
    one = check_attachment(upload, limit=limit)
    if not one.content_type.startswith("image/"):
        return one
    plain = check_photo(upload, limit=limit)
    return replace(one, name=_as_jpeg(one.name), content_type="image/jpeg", data=plain.image_bytes)


def _as_jpeg(name: str) -> str:
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
    return f"{stem[:110] or '照片'}.jpg"


def add_evidence(*, claim: Claim, files: Iterable[CheckedFile], actor: User) -> int:
    """Keep checked files; the caller holds the lock on the member, so that one file ends up in one claim."""
    have = set(claim.evidence.values_list("sha256", flat=True))
    new = {one.sha256: one for one in files if one.sha256 not in have}
    if len(have) + len(new) > MAX_FILES:
        raise ValidationError({"files": f"每条申报最多{MAX_FILES}个文件，已有{len(have)}个。"})
    used = Evidence.objects.filter(sha256__in=new, claim__member=claim.member_id, claim__in=Claim.objects.alive())
    if row := used.exclude(claim=claim).select_related("claim").order_by("pk").first():
        raise ValidationError(
            {"files": f"“{new[row.sha256].name}”已是另一条申报的依据：{named(row.claim)}。一份依据只用于一条申报。"}
        )
    for one in new.values():
        row = Evidence(
            claim=claim,
            name=one.name,
            content_type=one.content_type,
            size=len(one.data),
            sha256=one.sha256,
            uploaded_by=actor,
        )
        row.file.name = keep_file(one)
        row.save()
    return len(new)


def named(claim: Claim) -> str:
    """11月3日“患者锦旗”（待审核）: how a message points at another claim."""
    return f"{cn_day(claim.happened_on)}“{claim.title}”（{claim.state_words}）"


@transaction.atomic
def remove_evidence(*, evidence: Evidence, actor: User) -> Claim:
    """Take a file out of one's own claim while it may be edited."""
    claim = Claim.objects.select_for_update(of=("self",)).select_related("branch", "member").get(pk=evidence.claim_id)
    if claim.member.user_id != actor.pk or claim.state not in EDITABLE:
        raise ValidationError("已提交的申报不能再增删依据；请先撤回，或等退回后修改。")
    changes = {"依据": [evidence.name, ""]}
    forget_file(evidence.file.name)
    evidence.delete()
    record(actor=actor, action="claim.evidence_removed", target=claim, branch=claim.branch, changes=changes)
    return claim
