"""Terms of office and vacant posts: what the page of a node says of them, and the writers of terms."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, Q

from branches.audit import record
from branches.choices import BranchLevel, Role
from branches.models import Appointment, Branch, Term, User
from branches.rules import vacancy_step
from branches.term_rules import LONGEST_SHIFT, Standing, has_terms, standing, term_end, term_years


class Vacancy(NamedTuple):
    """A required post nobody holds. `step`: 30 or 90 when it has been vacant that long, else None."""

    role: Role
    since: date  # the first day without a holder
    days: int
    step: int | None


@dataclass(frozen=True)
class TermPage:
    """The section 届次 of a node's page; `term` is None while none was entered."""

    term: Term | None
    standing: Standing | None
    past: list[Term]


def current_term(branch: Branch, today: date) -> Term | None:
    return Term.objects.filter(branch=branch, starts_on__lte=today).first()


def term_page(branch: Branch, today: date) -> TermPage | None:
    """One query; None where a node has no terms: a group, a temporary branch."""
    if not has_terms(branch.level, branch.kind):
        return None
    begun = [term for term in Term.objects.filter(branch=branch) if term.starts_on <= today]
    if not begun:
        return TermPage(None, None, [])
    term = begun[0]
    found = standing(ends_on=term.ends_on, extended_to=term.extended_to, today=today)
    return TermPage(term, found, begun[1:])


def vacancies(branch: Branch, roles: Iterable[Role], today: date) -> list[Vacancy]:
    """Those of `roles` that nobody holds at `branch` today, with the day they fell vacant. One query."""
    roles = list(roles)
    posts = Appointment.objects.filter(branch=branch, role__in=roles, starts_on__lte=today)
    held = set(posts.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=today)).values_list("role", flat=True))
    ended = dict(posts.order_by().values_list("role").annotate(Max("ends_on")))
    found = []
    for role in roles:
        if role in held:
            continue
        since = ended.get(role) or branch.founded_on
        found.append(Vacancy(role, since, (today - since).days, vacancy_step(since, today)))
    return found


@transaction.atomic
def enter_term(
    *,
    branch: Branch,
    number: int,
    starts_on: date,
    ends_on: date,
    document: str = "",
    actor: User | None,
    term: Term | None = None,
    version: int | None = None,
) -> Term:
    """Enter a term of a node, or correct `term` as it was at `version`."""
    branch = Branch.objects.select_for_update().get(pk=branch.pk)
    document = document.strip()
    _check_days(branch, number, starts_on, ends_on, besides=term)
    if term is None:
        term = Term(branch=branch, number=number, starts_on=starts_on, ends_on=ends_on, document=document)
        term.full_clean()
        term.save()
        changes = {"number": [None, number], "starts_on": [None, starts_on], "ends_on": [None, ends_on]}
        if document:
            changes["document"] = [None, document]
        record(actor=actor, action="term.entered", target=term, branch=branch, changes=changes)
        return term
    term = Term.objects.select_for_update().get(pk=term.pk)
    if version is not None and term.version != version:
        raise ValidationError("届次刚被其他人修改过，请核对最新内容后重新保存。", code="conflict")
    new = {"number": number, "starts_on": starts_on, "ends_on": ends_on, "document": document}
    changes = {name: [getattr(term, name), value] for name, value in new.items() if getattr(term, name) != value}
    if not changes:
        return term
    for name, value in new.items():
        setattr(term, name, value)
    if term.extended_to is not None and "ends_on" in changes:
        raise ValidationError({"ends_on": "已批准延期的任期不能再改届满日期。"})
    term.version += 1
    term.full_clean()
    term.save()
    record(actor=actor, action="term.changed", target=term, branch=branch, changes=changes)
    return term


@transaction.atomic
def extend_term(*, term: Term, extended_to: date, document: str, actor: User | None) -> Term:
    """Let the next election be later, as the superior approved by `document`: at most a year beyond the end."""
    term = Term.objects.select_for_update(of=("self",)).select_related("branch").get(pk=term.pk)
    document = document.strip()
    problems = {}
    if extended_to <= term.ends_on:
        problems["extended_to"] = "延期后的日期应晚于届满日期。"
    elif (extended_to - term.ends_on).days > LONGEST_SHIFT:
        problems["extended_to"] = "延期一般不超过1年。"
    if not document:
        problems["document"] = "延期换届须经上级党组织批准，请填写批准文号。"
    if Term.objects.filter(branch=term.branch, starts_on__gt=term.starts_on).exists():
        raise ValidationError("已经换届，不能再延期。")
    if problems:
        raise ValidationError(problems)
    changes = {
        "extended_to": [term.extended_to, extended_to],
        "extension_document": [term.extension_document or None, document],
    }
    term.extended_to, term.extension_document = extended_to, document
    term.version += 1
    term.full_clean()
    term.save()
    record(actor=actor, action="term.extended", target=term, branch=term.branch, changes=changes)
    return term


def _check_days(branch: Branch, number: int, starts_on: date, ends_on: date, *, besides: Term | None) -> None:
    if not has_terms(branch.level, branch.kind):
        raise ValidationError(f"“{branch.name}”没有届次：临时党支部由批准成立的党组织指派负责人，不换届选举。")
    problems: dict[str, str] = {}
    longest = term_end(branch.level, starts_on)
    if starts_on < branch.founded_on:
        problems["starts_on"] = "任期开始日期不能早于党组织成立日期。"
    if ends_on <= starts_on:
        problems["ends_on"] = "届满日期应晚于开始日期。"
    elif longest is not None and ends_on > longest:
        level, years = BranchLevel(branch.level).label, term_years(branch.level, starts_on)
        day = f"{longest.year}年{longest.month}月{longest.day}日"
        problems["ends_on"] = f"{level}每届任期{years}年，届满日期不晚于{day}；经批准延期的，请另行登记延期。"
    others = Term.objects.filter(branch=branch)
    others = others.exclude(pk=besides.pk) if besides else others
    if others.filter(number=number).exists():
        problems["number"] = f"第{number}届已经登记。"
    elif others.filter(number__lt=number, starts_on__gte=starts_on).exists():
        problems["starts_on"] = "任期开始日期应晚于上一届。"
    elif others.filter(number__gt=number, starts_on__lte=starts_on).exists():
        problems["starts_on"] = "任期开始日期应早于下一届。"
    if problems:
        raise ValidationError(problems)
