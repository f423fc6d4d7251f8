"""Motions, ballots and elections. Ballots are counts: no row ever ties one to a voter."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from activities.choices import ElectionBase, ElectionBody, ExclusionReason, MotionKind, VoteMethod, VoteResult
from activities.models.contents import PhotoQuerySet
from activities.models.records import Activity, Session
from branches.choices import Role
from branches.models import User
from members.models import Member


class Exclusion(models.Model):
    """A person left out of those who should attend: the superior agreed and the meeting adopted it."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="exclusions")
    member = models.ForeignKey(Member, models.PROTECT, related_name="+")
    reason = models.CharField("情形", max_length=24, choices=ExclusionReason)
    consent = models.CharField("上级同意依据", max_length=100)  # document number of the superior's consent
    adopted = models.BooleanField("大会通过", default=False)

    class Meta:
        verbose_name = verbose_name_plural = "不计入应到会"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["activity", "member"], name="exclusion_once", violation_error_message="这名党员已登记。"
            ),
            models.CheckConstraint(condition=Q(reason__in=ExclusionReason.values), name="exclusion_reason_known"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} {self.get_reason_display()}"


class Motion(models.Model):
    """One thing put to the vote, and its count. `eligible` and `present_voting` are frozen when it is handed in."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="motions")
    session = models.ForeignKey(Session, models.RESTRICT, null=True, blank=True, related_name="motions")
    number = models.PositiveSmallIntegerField()
    kind = models.CharField("类别", max_length=16, choices=MotionKind, default=MotionKind.RESOLUTION)
    text = models.CharField("议题", max_length=300)
    subject = models.CharField("表决对象", max_length=30, blank=True, default="")  # the person voted on, one by one
    method = models.CharField("表决方式", max_length=16, choices=VoteMethod, default=VoteMethod.SHOW_OF_HANDS)
    eligible = models.PositiveSmallIntegerField("应到会有表决权人数", default=0)
    present_voting = models.PositiveSmallIntegerField("到会有表决权人数", default=0)
    issued = models.PositiveSmallIntegerField("发出票", default=0)
    returned = models.PositiveSmallIntegerField("收回票", default=0)
    yes = models.PositiveSmallIntegerField("赞成", default=0)
    no = models.PositiveSmallIntegerField("反对", default=0)
    abstain = models.PositiveSmallIntegerField("弃权", default=0)
    invalid = models.PositiveSmallIntegerField("无效票", default=0)
    written_yes = models.PositiveSmallIntegerField("书面同意", default=0)
    result = models.CharField("结果", max_length=16, choices=VoteResult, blank=True, default="")
    form_key = models.UUIDField(unique=True, null=True, editable=False)  # one form, one motion
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "表决"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "number"], name="motion_once"),
            models.CheckConstraint(condition=Q(kind__in=MotionKind.values), name="motion_kind_known"),
            models.CheckConstraint(condition=Q(method__in=VoteMethod.values), name="motion_method_known"),
            models.CheckConstraint(
                condition=Q(method=VoteMethod.SECRET) | Q(kind=MotionKind.RESOLUTION),
                name="motion_secret_where_the_rules_say",
                violation_error_message="接收、转正、选举和民主测评必须采用无记名投票。",
            ),
            models.CheckConstraint(
                condition=Q(returned__lte=models.F("issued")) | Q(result=VoteResult.VOID) | Q(result=""),
                name="motion_returned_within_issued",
                violation_error_message="收回的票多于发出的票，表决无效。",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Election(models.Model):
    """The election of one body or post at a general or committee meeting; its confirmation writes posts and term."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="elections")
    session = models.ForeignKey(Session, models.RESTRICT, null=True, blank=True, related_name="elections")
    number = models.PositiveSmallIntegerField()
    follows = models.ForeignKey("self", models.CASCADE, null=True, related_name="rounds")  # a new vote for what it left
    body = models.CharField("选举", max_length=16, choices=ElectionBody)
    by_election = models.BooleanField("补选", default=False)
    seats = models.PositiveSmallIntegerField("应选人数")
    base = models.CharField("当选基数", max_length=16, choices=ElectionBase, default=ElectionBase.PRESENT)
    eligible = models.PositiveSmallIntegerField("应到会有选举权人数", default=0)
    present_voting = models.PositiveSmallIntegerField("实到会有选举权人数", default=0)
    issued = models.PositiveSmallIntegerField("发出选票", default=0)
    returned = models.PositiveSmallIntegerField("收回选票", default=0)
    invalid = models.PositiveSmallIntegerField("无效票", default=0)
    scrutineers = models.CharField("监票人", max_length=60, blank=True, default="")
    tellers = models.CharField("计票人", max_length=60, blank=True, default="")
    fewer_seats = models.BooleanField("减少应选名额", default=False)  # half of the voters agreed to leave seats empty
    term_number = models.PositiveSmallIntegerField("届次", null=True, blank=True)
    term_from = models.DateField("任期开始", null=True, blank=True)
    term_to = models.DateField("任期届满", null=True, blank=True)
    approval = models.CharField("上级批复文号", max_length=60, blank=True, default="")
    result = models.CharField("结果", max_length=16, choices=VoteResult, blank=True, default="")
    applied_at = models.DateTimeField(null=True, editable=False)  # posts and term were written
    form_key = models.UUIDField(unique=True, null=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "选举"
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["activity", "number"], name="election_once"),
            models.CheckConstraint(condition=Q(body__in=ElectionBody.values), name="election_body_known"),
            models.CheckConstraint(condition=Q(seats__gte=1), name="election_has_seats"),
            models.CheckConstraint(
                condition=Q(returned__lte=models.F("issued")) | Q(result=VoteResult.VOID) | Q(result=""),
                name="election_returned_within_issued",
                violation_error_message="收回的选票多于发出的选票，选举无效。",
            ),
        ]

    def __str__(self) -> str:
        return self.get_body_display()


class Candidate(models.Model):
    """A name on the ballot, or written in under a cross (另选人), and the votes it got."""

    election = models.ForeignKey(Election, models.CASCADE, related_name="candidates")
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="候选人")
    name = models.CharField(max_length=30)  # as of the day
    order = models.PositiveSmallIntegerField()  # by strokes of the surname
    write_in = models.BooleanField("另选人", default=False)
    yes = models.PositiveSmallIntegerField("赞成", default=0)
    no = models.PositiveSmallIntegerField("不赞成", default=0)
    abstain = models.PositiveSmallIntegerField("弃权", default=0)
    elected = models.BooleanField("当选", default=False)
    post = models.CharField("拟任职务", max_length=32, choices=Role, blank=True, default="")

    class Meta:
        verbose_name = verbose_name_plural = "候选人"
        ordering: ClassVar = ["write_in", "order"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["election", "user"], name="candidate_once", violation_error_message="这名候选人已在名单中。"
            )
        ]

    def __str__(self) -> str:
        return self.name
