"""To-dos: opened and closed by the services of any room; read by the home pages and the calendar feed."""

from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from branches.choices import Role
from branches.models import Branch, Todo, User


def _holder(recipient: User | None, role: Role | str | None, branch: Branch | None) -> str:
    if recipient is not None and role is None and branch is None:
        return f"person:{recipient.pk}"
    if recipient is None and role is not None and branch is not None:
        return f"post:{Role(role).value}:{branch.pk}"
    raise ValueError("a to-do belongs to a person, or to a role at a branch")


@transaction.atomic
def open_todo(
    *,
    item_key: str,
    title: str,
    url: str = "",
    due: date | None = None,
    recipient: User | None = None,
    role: Role | str | None = None,
    branch: Branch | None = None,
) -> Todo:
    """The open to-do of this person, or of whoever holds `role` at `branch`, about `item_key`.

    Asking again brings title, address and due day up to date and makes no second one. `url` is a path of this site.
    """
    holder = _holder(recipient, role, branch)
    if url and (not url.startswith("/") or url.startswith("//")):
        raise ValueError("a to-do leads to a page of this site")
    facts = {"title": title[:120], "url": url, "due": due}
    standing = Todo.objects.filter(holder=holder, item_key=item_key, done_at__isnull=True)
    if not standing.update(**facts):
        try:
            with transaction.atomic():
                return Todo.objects.create(
                    holder=holder,
                    recipient=recipient,
                    role=Role(role).value if role else "",
                    branch=branch,
                    item_key=item_key,
                    **facts,
                )
        except IntegrityError:  # somebody opened it in this moment
            standing.update(**facts)
    return standing.get()


def close_todo(
    *,
    item_key: str,
    recipient: User | None = None,
    role: Role | str | None = None,
    branch: Branch | None = None,
) -> int:
    """Close what is open about `item_key`: everybody's, or that of one holder. Returns how many; again: none."""
    rows = Todo.objects.filter(item_key=item_key, done_at__isnull=True)
    if recipient is not None or role is not None or branch is not None:
        rows = rows.filter(holder=_holder(recipient, role, branch))
    return rows.update(done_at=timezone.now())
