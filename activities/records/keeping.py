"""Texts typed and not yet saved: kept on the server as they are typed, given back when the form is opened again.

A kept text never touches a record, and is no record: saving the form removes it.
"""

import json
import re
import uuid
from datetime import datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import QueryDict

from activities.models import Activity, FormDraft
from branches.models import User

KEEP_DAYS: Final = 30
MOST: Final = 300_000  # characters of one form
CONTROL: Final = frozenset({"csrfmiddlewaretoken", "draft_form", "action", "refresh", "g"})
NEW, KEPT = re.compile(r"activity:new:(\d{1,15})((?::[\w-]+)*)"), re.compile(r"activity:(\d{1,15})")


def slot_of(*, activity: Activity | None, branch_id: int, asked: QueryDict | None = None) -> str:
    """The name a text is kept under: of a record its id; of a new one the branch, and what the link asked for."""
    if activity is not None and activity.pk:
        return f"activity:{activity.pk}"
    parts = [asked.get(name, "") for name in ("kind", "date", "group", "copy")] if asked else []
    suffix = "".join(f":{part}" for part in parts if re.fullmatch(r"[\w-]+", part))
    return f"activity:new:{branch_id}{suffix}"[:60]


@transaction.atomic
def keep_draft(*, user: User, slot: str, fields: QueryDict) -> FormDraft | None:
    """Keep what the form holds now. None when the form was saved meanwhile: its text is in the record by then.

    Raises ValidationError when it is too much to keep.
    """
    try:
        form_key = uuid.UUID(fields.get("form_key", ""))
    except ValueError:
        form_key = uuid.uuid4()
    if slot.startswith("activity:new:") and Activity.objects.filter(form_key=form_key).exists():
        return None
    body = json.dumps({key: fields.getlist(key) for key in fields if key not in CONTROL}, ensure_ascii=False)
    if len(body) > MOST:
        raise ValidationError("内容太长，不能自动保存，请先存为草稿。")
    version = fields.get("version", "")
    values = {"form_key": form_key, "body": body, "version": int(version) if version.isdecimal() else 0}
    try:
        with transaction.atomic():
            return FormDraft.objects.update_or_create(user=user, form=slot, defaults=values)[0]
    except IntegrityError:  # the same form in two tabs, at the same moment
        return FormDraft.objects.update_or_create(user=user, form=slot, defaults=values)[0]


def draft_for(user: User, slot: str, *, newest_of_branch: bool = False) -> FormDraft | None:
    """The text kept for this form; `newest_of_branch`: whichever new record of the branch was typed at last."""
    rows = FormDraft.objects.filter(user=user)
    exact = Q(form=slot)
    row = (
        rows.filter(exact | Q(form__startswith=f"{slot}:") if newest_of_branch else exact).order_by("-saved_at").first()
    )
    if row is not None and row.form.startswith("activity:new:"):
        saved = Activity.objects.filter(form_key=row.form_key).exists()
        if saved:  # and this post came in late
            row.delete()
            return None
    return row


def fields_of(draft: FormDraft) -> QueryDict:
    """The kept text as the form would have posted it."""
    fields = QueryDict(mutable=True)
    for key, values in json.loads(draft.body).items():
        fields.setlist(key, values)
    return fields


def drop_draft(
    *, user: User, slot: str = "", activity: Activity | None = None, form_key: uuid.UUID | None = None
) -> int:
    """Forget what was kept for this form, this record, or the form of this key. Returns how many."""
    which = Q(pk__in=[])
    if slot:
        which |= Q(form=slot)
    if activity is not None:
        which |= Q(form=f"activity:{activity.pk}")
    if form_key is not None:
        which |= Q(form_key=form_key)
    return FormDraft.objects.filter(which, user=user).delete()[0]


def drop_old_drafts(*, now: datetime) -> int:
    """What nobody came back for in thirty days."""
    return FormDraft.objects.filter(saved_at__lt=now - timedelta(days=KEEP_DAYS)).delete()[0]
