"""Activation links by mail: only where mail is set up, sent by the worker, said on the page."""

import re
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.urls import reverse

from branches.accounts import mailing, slips
from branches.choices import Role
from branches.models import AccessLink, AuditEntry, Job, JobState, User
from tests import factories

SECRET = "春江潮水连海平-2026"


@pytest.fixture
def with_mail(settings):
    settings.MAIL_IS_SET_UP = True


@pytest.fixture
def newcomer(branch):
    user = factories.UserFactory(name="董丽娜", username=None, staff_no="20240001", email="dong@hospital.example")
    factories.make_member(branch, user=user)
    return user


@pytest.fixture
def worker(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def page_of(branch):
    return reverse("branches:slips", args=[branch.pk])


def account_of(user):
    return reverse("branches:account_detail", args=[user.pk])


def test_the_link_goes_by_mail_and_opens_the_account(with_mail, as_user, secretary, newcomer, branch, worker, client):
    as_user(secretary)
    assert "发送邮件" in client.get(page_of(branch)).content.decode()
    with worker():
        assert client.post(page_of(branch), {"user": [newcomer.pk], "action": "mail"}).status_code == 302
    (sent,) = mail.outbox
    assert sent.to == ["dong@hospital.example"]
    assert sent.body.startswith("董丽娜，您好")
    assert "20240001" not in sent.body + sent.subject
    assert branch.name not in sent.body + sent.subject
    shown = client.get(page_of(branch)).content.decode()
    assert "已交给邮件服务，共1人" in shown
    assert "邮件已发出" in shown
    actions = set(AuditEntry.objects.filter(target_id=newcomer.pk).values_list("action", flat=True))
    assert {"slip.mail_queued", "slip.mailed"} <= actions
    link = re.search(r"http://testserver(/\S+)", sent.body)[1]
    client.logout()
    assert "董丽娜" in client.get(link).content.decode()


def test_neither_the_token_nor_the_address_is_in_the_queue_or_the_trail(with_mail, secretary, newcomer, worker):
    with worker():
        mailing.queue_slips(users=[newcomer], actor=secretary, base="http://test")
    token = re.search(r"activate/(\S+)/", mail.outbox[0].body)[1]
    kept = [list(model.objects.values()) for model in (Job, AuditEntry, AccessLink)]
    assert token not in str(kept)
    assert "dong@" not in str(kept)


def test_without_mail_no_page_speaks_of_it(as_user, secretary, newcomer, branch, client):
    as_user(secretary)
    for page in (page_of(branch), account_of(newcomer), reverse("account_change_password")):
        shown = client.get(page).content.decode()
        assert "邮件" not in shown
        assert "邮箱" not in shown
    assert client.get(reverse("account_change_email")).status_code == 404
    answer = client.post(page_of(branch), {"user": [newcomer.pk], "action": "mail"})
    assert answer.status_code == 422
    assert "没有设置邮件服务" in answer.content.decode()
    assert client.post(account_of(newcomer), {"action": "email", "email": "x@y.example"}).status_code == 404
    assert not Job.objects.exists()


def test_where_nobody_has_an_address_there_is_a_place_to_enter_one(with_mail, as_user, secretary, branch, client):
    member = factories.make_member(branch, name="无邮箱").user
    as_user(secretary)
    shown = client.get(page_of(branch)).content.decode()
    assert 'value="mail"' not in shown
    assert "填邮箱" in shown
    answer = client.post(page_of(branch), {"user": [member.pk], "action": "mail"})
    assert (answer.status_code, "无邮箱还没有邮箱" in answer.content.decode()) == (422, True)


def test_asked_twice_before_it_went_one_mail_is_sent(with_mail, secretary, newcomer, worker):
    with worker():
        for _ in range(2):
            mailing.queue_slips(users=[newcomer], actor=secretary, base="http://test")
    assert len(mail.outbox) == 1
    with worker():
        mailing.queue_slips(users=[newcomer], actor=secretary, base="http://test")
    assert len(mail.outbox) == 2


def test_a_dead_server_delays_nobody_and_the_page_says_so(
    with_mail, as_user, secretary, newcomer, branch, client, monkeypatch, django_capture_on_commit_callbacks
):
    def away(self, *args, **kwargs):
        raise SMTPServerDisconnected("away")

    monkeypatch.setattr(EmailMessage, "send", away)
    as_user(secretary)
    with django_capture_on_commit_callbacks() as bells:
        assert client.post(page_of(branch), {"user": [newcomer.pk], "action": "mail"}).status_code == 302
    with pytest.raises(SMTPServerDisconnected):
        bells[0]()
    assert Job.objects.get().state == JobState.FAILED
    assert slips.state_of(AccessLink.objects.get(user=newcomer)) == "revoked"
    assert "邮件没有发出" in client.get(page_of(branch)).content.decode()
    assert AuditEntry.objects.filter(action="slip.mail_failed", target_id=newcomer.pk).exists()


def test_who_may_not_print_a_slip_may_not_mail_one(with_mail, as_user, secretary, other_branch, office, client, person):
    User.objects.filter(pk=office.pk).update(email="kong@hospital.example")
    stranger = factories.make_member(other_branch, name="外支部").user
    as_user(secretary)
    assert client.get(account_of(stranger)).status_code == 404
    assert client.get(account_of(office)).status_code == 404
    organiser = person(Role.ORGANISATION_MEMBER)
    assert as_user(organiser).get(account_of(stranger)).status_code == 404


def test_the_office_enters_an_address_and_the_information_administrator_never(
    with_mail, as_user, office, newcomer, person, client
):
    User.objects.filter(pk=newcomer.pk).update(email="")
    as_user(office)
    assert client.post(account_of(newcomer), {"action": "email", "email": "不是邮箱"}).status_code == 422
    assert client.post(account_of(newcomer), {"action": "email", "email": "new@hospital.example"}).status_code == 302
    newcomer.refresh_from_db()
    assert newcomer.email == "new@hospital.example"
    assert AuditEntry.objects.get(action="account.email_changed").changes == {"email": ["***", "***"]}
    as_user(person(Role.SYSTEM_ADMIN))
    assert "激活邮件" not in client.get(account_of(newcomer)).content.decode()
    assert client.post(account_of(newcomer), {"action": "email", "email": "mine@x.example"}).status_code == 403
    assert client.post(account_of(newcomer), {"action": "mail"}).status_code == 403


def test_the_office_does_not_disable_accounts_on_that_page(with_mail, as_user, office, newcomer):
    client = as_user(office)
    assert "停用账号" not in client.get(account_of(newcomer)).content.decode()
    assert client.post(account_of(newcomer), {"action": "disable"}).status_code == 403


def test_ones_own_address_takes_the_password(with_mail, as_user, member_user, client):
    member_user.set_password(SECRET)
    member_user.save()
    as_user(User.objects.get(pk=member_user.pk))
    page = reverse("account_change_email")
    assert client.get(page).status_code == 200
    assert client.post(page, {"email": "me@hospital.example", "oldpassword": "wrong"}).status_code == 422
    assert client.post(page, {"email": "me@hospital.example", "oldpassword": SECRET}).status_code == 302
    assert User.objects.get(pk=member_user.pk).email == "me@hospital.example"
