"""How each URL is reached and who may open it: a page without a row here fails the suite (tests/test_scoping.py)."""

from collections.abc import Callable
from typing import Any, NamedTuple

from branches.choices import Capability as C
from branches.choices import Role
from branches.rules import GRANTS
from tests.world import AT_HOSPITAL

PAGE = {200, 302, 405}  # 405: the page exists, but only as a form
OPEN_TO_ALL = {
    "branches:calendar_feed",
    "display",
    "display_panel",
    "healthz",
    "readyz",
    "account_login",
    "account_setup",
    "account_activate",
}


class Row(NamedTuple):
    """How one URL is reached and who may open it.

    `target` names the object of the world its arguments come from; `sees` are the capabilities, any of which brings it
    into scope; `needs` is asked for inside the scope. No `sees`: a page of the site, not of an object.
    """

    target: str = ""
    sees: tuple[C, ...] = ()
    needs: tuple[C, ...] = ()
    extra: dict[str, Any] = {}
    odd: Callable[[Role], set[int]] | None = None  # answers the grants do not explain


ANY = Row()


def only_its_owner(role: Role) -> set[int]:
    """What belongs to one person is unknown to everybody else, whatever their posts."""
    return {404}


def keeps_hours(role: Role) -> set[int]:
    """A course is filed under the branch: the leader of a group does not reach it."""
    if role == Role.GROUP_LEADER or C.ACTIVITY_VIEW not in GRANTS[role]:
        return {404}
    return PAGE if C.ACTIVITY_CONFIRM in GRANTS[role] else {403}


def corrects(role: Role) -> set[int]:
    """Correcting a confirmed record takes both rights, at the branch itself."""
    grants = GRANTS[role]
    if grants >= {C.ACTIVITY_CONFIRM, C.ACTIVITY_WRITE}:
        return PAGE
    return {403} if grants & {C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW} else {404}


def prints_names(*brings: C) -> Callable[[Role], set[int]]:
    """Lists of names take the records and the roll; `brings` are what makes the object seen at all."""

    def answers(role: Role) -> set[int]:
        grants = GRANTS[role]
        if grants >= {C.ACTIVITY_VIEW, C.ROSTER_VIEW}:
            return PAGE
        return {404} if brings and not grants & set(brings) else {403}

    return answers


def of_branch(*needs: C) -> Callable[[Role], set[int]]:
    """A page of what the branch as a whole owes: the leader of a group sees the group's items alone."""

    def answers(role: Role) -> set[int]:
        grants = GRANTS[role]
        if C.ACTIVITY_VIEW not in grants or role == Role.GROUP_LEADER:
            return {404}
        return PAGE if not needs or grants & set(needs) else {403}

    return answers


def reads_claims(*needs: C) -> Callable[[Role], set[int]]:
    """Claims of others: for those who review or check them, and for the discipline member, who may void them."""

    def answers(role: Role) -> set[int]:
        grants = GRANTS[role]
        if not grants & {C.POINTS_REVIEW, C.POINTS_CHECK} and not grants >= {C.DISCIPLINE_VIEW, C.POINTS_VIEW}:
            return {404}
        return PAGE if not needs or grants & set(needs) else {403}

    return answers


def reads_handbooks(role: Role) -> set[int]:
    """A kept report of a branch takes all it is made of, at the branch itself; else it is unknown."""
    whole = {C.ACTIVITY_VIEW, C.ROSTER_VIEW, C.POINTS_VIEW} <= GRANTS[role]
    return PAGE if whole and role != Role.GROUP_LEADER else {404}


def on_a_roll(role: Role) -> bool:
    """Those of the world who are members beside their post."""
    return role in {Role.MEMBER, Role.PROBATIONARY, Role.GROUP_LEADER}


def reads_publications(role: Role) -> bool:
    return on_a_roll(role) or C.POINTS_VIEW in GRANTS[role]


def reads_stars(role: Role) -> bool:
    """Ratings on display are for everybody of the hospital, and for those who read ratings."""
    return on_a_roll(role) or bool(GRANTS[role] & {C.STARS_VIEW, C.BRANCH_ACTIVITIES_VIEW})


def runs_stars(role: Role) -> set[int]:
    """The round of a hospital: seen from the hospital, not from a branch."""
    if role not in AT_HOSPITAL or C.STARS_VIEW not in GRANTS[role]:
        return {404}
    return PAGE if C.STARS_REVIEW in GRANTS[role] else {403}


def handles_objections(role: Role) -> bool:
    return bool(GRANTS[role] & {C.OBJECTION_ANSWER, C.OBJECTION_DECIDE})


MATRIX: dict[str, Row] = {
    "home": ANY,
    "display_list": Row(needs=(C.ORG_MANAGE,)),
    "display_revoke": Row(extra={"pk": 1}, odd=lambda role: {404, 405}),  # who may: tests/points/test_display.py
    "overview": Row(needs=(C.POINTS_VIEW,)),
    "account_logout": ANY,
    "account_change_password": ANY,
    "account_change_email": Row(odd=lambda role: {404}),  # where mail is set up: tests/branches/test_slip_mails.py
    "account_reauthenticate": Row(odd=lambda role: {200, 403}),  # 403 for who has no password to be asked for
    "branches:branch_tree": Row(needs=(C.ORG_VIEW,)),
    "branches:branch_detail": Row("branch", sees=(C.ORG_VIEW,)),
    "branches:branch_create": Row("branch", sees=(C.ORG_VIEW,), needs=(C.ORG_MANAGE,)),
    "branches:branch_edit": Row("branch", sees=(C.ORG_VIEW,), needs=(C.ORG_MANAGE,)),
    "branches:branch_dissolve": Row("branch", sees=(C.ORG_VIEW,), needs=(C.ORG_MANAGE,)),
    "branches:branch_move": Row("branch", sees=(C.ORG_VIEW,), needs=(C.ORG_MANAGE,)),
    "branches:post_create": Row("branch", sees=(C.ORG_VIEW,), needs=(C.POSTS_MANAGE,)),
    "branches:post_end": Row("post", sees=(C.ORG_VIEW,), needs=(C.POSTS_MANAGE,)),
    "branches:person_create": Row("branch", sees=(C.ORG_VIEW,), needs=(C.POSTS_MANAGE,)),
    "branches:person_search": Row(needs=(C.POSTS_MANAGE,)),
    "branches:slips": Row("branch", sees=(C.ORG_VIEW,), needs=(C.SLIPS_ISSUE,)),
    "branches:term_edit": Row("branch", sees=(C.ORG_VIEW,), needs=(C.TERM_WRITE,)),
    "branches:term_extend": Row("branch", sees=(C.ORG_VIEW,), needs=(C.ORG_MANAGE,)),
    "branches:account_list": Row(needs=(C.ACCOUNTS_MANAGE,)),
    "branches:account_detail": Row("user", sees=(C.ACCOUNTS_MANAGE,)),
    "branches:audit_list": Row(needs=(C.AUDIT_VIEW,)),
    "branches:inbox": ANY,
    "branches:notice_open": Row("notice", odd=only_its_owner),
    "branches:notices_read": ANY,
    "branches:todo_list": ANY,
    "branches:reminders": ANY,
    "branches:channel": Row(extra={"kind": "wecom"}),
    "branches:feed_link": ANY,
    "branches:holiday_list": Row(needs=(C.ORG_MANAGE,)),
    "branches:holiday_delete": Row(needs=(C.ORG_MANAGE,), extra={"pk": 1}),
    "branches:reports": Row(needs=(C.POINTS_VIEW, C.STARS_VIEW)),
    "branches:report_new": Row(needs=(C.POINTS_VIEW, C.STARS_VIEW)),
    "branches:schedules": Row(needs=(C.REPORTS_SCHEDULE,)),
    "branches:schedule_new": Row(needs=(C.REPORTS_SCHEDULE,)),
    "branches:schedule_edit": Row("schedule", sees=(C.REPORTS_SCHEDULE,)),
    "branches:schedule_switch": Row("schedule", sees=(C.REPORTS_SCHEDULE,)),
    "branches:schedule_delete": Row("schedule", sees=(C.REPORTS_SCHEDULE,)),
    "branches:report_cancel": Row("kept", odd=only_its_owner),
    "branches:report_state": Row("kept", odd=reads_handbooks),
    "branches:report_download": Row("kept", odd=reads_handbooks),
    "branches:report_again": Row("kept", odd=reads_handbooks),
    "branches:report_delete": Row("kept", odd=only_its_owner),
    "activities:handbook": Row(needs=(C.POINTS_VIEW,)),
    "members:member_list": Row(needs=(C.ROSTER_VIEW,)),
    "members:member_export": Row(needs=(C.ROSTER_VIEW,)),
    "members:development": Row(needs=(C.ROSTER_VIEW,)),
    "members:me": ANY,
    "points:my_points": ANY,
    "points:member_points": Row("member", sees=(C.ROSTER_VIEW, C.POINTS_VIEW), needs=(C.POINTS_VIEW,)),
    "points:branch_points": Row(needs=(C.POINTS_VIEW,)),
    "points:rule_list": Row(needs=(C.RULES_VIEW,)),
    "points:claim_list": ANY,
    "points:claim_create": ANY,
    "points:claim_detail": Row("claim", odd=reads_claims()),
    "points:claim_edit": Row("claim", odd=only_its_owner),
    "points:claim_withdraw": Row("claim", odd=only_its_owner),
    "points:claim_review": Row("claim", odd=reads_claims(C.POINTS_REVIEW)),
    "points:claim_void": Row("claim", odd=reads_claims(C.POINTS_REVIEW, C.DISCIPLINE_WRITE)),
    "points:claim_evidence": Row("evidence", odd=reads_claims()),
    "points:evidence_delete": Row("evidence", odd=only_its_owner),
    "points:claim_review_list": Row(needs=(C.POINTS_REVIEW, C.POINTS_FIRST_REVIEW)),
    "points:claim_accept_many": Row(needs=(C.POINTS_REVIEW, C.POINTS_FIRST_REVIEW)),
    "points:deduction_list": Row(needs=(C.POINTS_DEDUCT, C.DISCIPLINE_VIEW)),
    "points:deduction_create": Row(needs=(C.POINTS_DEDUCT, C.DISCIPLINE_WRITE)),
    "points:deduction_withdraw": Row("deduction", odd=reads_claims(C.POINTS_DEDUCT)),
    "points:veto_list": Row(needs=(C.DISCIPLINE_VIEW,)),
    "points:veto_create": Row(needs=(C.DISCIPLINE_WRITE,)),
    "points:veto_withdraw": Row("veto", sees=(C.DISCIPLINE_VIEW,), needs=(C.DISCIPLINE_WRITE,)),
    "points:rule_editions": Row(needs=(C.RULES_VIEW,)),
    "points:rule_new": Row(needs=(C.RULES_WRITE,)),
    "points:rule_edition": Row("edition", sees=(C.RULES_VIEW,)),
    "points:rule_compare": Row("edition", sees=(C.RULES_VIEW,)),
    "points:rule_file": Row("edition", sees=(C.RULES_VIEW,)),
    "points:rule_edit": Row("rule_draft", sees=(C.RULES_WRITE,)),
    "points:rule_item_new": Row("rule_draft", sees=(C.RULES_WRITE,)),
    "points:rule_item": Row("rule_item", sees=(C.RULES_WRITE,)),
    "points:rule_item_change": Row("rule_item", sees=(C.RULES_WRITE,)),
    "points:rule_import": Row("rule_draft", sees=(C.RULES_WRITE,)),
    "points:rule_trial": Row("rule_draft", sees=(C.RULES_WRITE,)),
    "points:rule_publish": Row("rule_draft", sees=(C.RULES_WRITE,)),
    "points:rule_delete": Row("rule_draft", sees=(C.RULES_WRITE,)),
    "points:measured_posts": Row(needs=(C.POINTS_REVIEW,)),
    "points:claim_check_list": Row(needs=(C.POINTS_CHECK,)),
    "points:batch_list": Row(needs=(C.POINTS_IMPORT,)),
    "points:batch_template": Row(needs=(C.POINTS_IMPORT,)),
    "points:batch_detail": Row("points_batch", sees=(C.POINTS_IMPORT,)),
    "points:batch_apply": Row("points_batch", sees=(C.POINTS_IMPORT,)),
    "points:batch_cancel": Row("points_batch", sees=(C.POINTS_IMPORT,)),
    "points:batch_refused": Row("points_batch", sees=(C.POINTS_IMPORT,)),
    "points:period_list": Row(needs=(C.POINTS_VIEW,)),
    "points:period_detail": Row("branch", sees=(C.POINTS_VIEW,)),
    "points:period_change": Row("branch", sees=(C.POINTS_VIEW,), needs=(C.PERIODS_CLOSE,)),
    "points:period_urge": Row("branch", sees=(C.POINTS_VIEW,), needs=(C.PERIODS_LOCK,)),
    "points:period_close_all": Row(needs=(C.PERIODS_CLOSE,)),
    "points:period_lock_all": Row(needs=(C.PERIODS_LOCK,)),
    "points:assessment_list": Row(needs=(C.ASSESSMENT_WRITE, C.ASSESSMENT_CONFIRM)),
    **{
        f"points:{name}": Row(
            "branch", sees=(C.ASSESSMENT_WRITE, C.ASSESSMENT_CONFIRM), needs=needs, extra={"year": 2025}
        )
        for name, needs in {
            "assessment_detail": (),
            "assessment_file": (),
            "assessment_move": (),
            "assessment_grade": (C.ASSESSMENT_WRITE,),
            "assessment_votes": (C.ASSESSMENT_WRITE,),
            "appraisal_upload": (C.ASSESSMENT_WRITE,),
            "appraisal_template": (C.ASSESSMENT_WRITE,),
        }.items()
    },
    "points:appraisal_batch": Row("appraisal", sees=(C.ASSESSMENT_WRITE,)),
    "points:appraisal_batch_act": Row("appraisal", sees=(C.ASSESSMENT_WRITE,)),
    "points:member_star_list": Row(needs=(C.STARS_VIEW,)),
    "points:member_star_hospital_file": Row(needs=(C.STARS_REVIEW, C.STARS_APPROVE)),
    "points:member_star_terms": Row(needs=(C.STARS_REVIEW,)),
    "points:member_star_detail": Row("branch", sees=(C.STARS_VIEW,), needs=(C.POINTS_VIEW,), extra={"year": 2025}),
    **{
        f"points:{name}": Row(
            "branch",
            sees=(C.STARS_VIEW,),
            needs=(C.ASSESSMENT_WRITE, C.STARS_APPROVE),
            extra={"year": 2025},
        )
        for name in ("member_star_row", "member_star_move", "member_star_file")
    },
    "points:star_list": Row(needs=(C.STARS_VIEW,)),
    "points:star_detail": Row("branch", sees=(C.STARS_VIEW,), extra={"year": 2026}),
    "points:star_records": Row("branch", sees=(C.STARS_VIEW,), extra={"year": 2026}),
    "points:star_mark": Row("branch", sees=(C.STARS_VIEW,), needs=(C.STARS_REVIEW,), extra={"year": 2026}),
    "points:star_mark_withdraw": Row("star_mark", sees=(C.STARS_VIEW,), needs=(C.STARS_REVIEW,)),
    "points:star_move": Row("branch", sees=(C.STARS_VIEW,), extra={"year": 2025}),
    "points:star_round": Row("hospital", odd=runs_stars, extra={"year": 2025}),
    "points:star_publicity": Row(odd=lambda role: PAGE if reads_stars(role) else {403}),
    "points:star_object": Row("star_rating", odd=lambda role: PAGE if reads_stars(role) else {404}),
    "points:star_objections": Row(odd=lambda role: PAGE if reads_stars(role) else {403}),
    "points:star_answer": Row("star_objection", sees=(C.STARS_REVIEW,)),
    "points:star_cards": Row(needs=(C.STARS_VIEW,)),
    "points:star_card_new": Row(needs=(C.STARS_REVIEW,)),
    "points:star_card": Row("star_card", sees=(C.STARS_VIEW,)),
    "points:star_card_compare": Row("star_card", sees=(C.STARS_VIEW,)),
    **{
        f"points:star_card_{name}": Row("star_card_draft", sees=(C.STARS_REVIEW,))
        for name in ("edit", "weights", "line_new", "publish", "delete")
    },
    "points:star_card_line": Row("star_card_line", sees=(C.STARS_REVIEW,)),
    "points:star_card_line_change": Row("star_card_line", sees=(C.STARS_REVIEW,)),
    "points:publication_list": Row(odd=lambda role: PAGE if reads_publications(role) else {403}),
    "points:publication_detail": Row("publication", odd=lambda role: PAGE if reads_publications(role) else {404}),
    "points:publication_create": Row("branch", sees=(C.POINTS_VIEW,), needs=(C.POINTS_PUBLISH,)),
    "points:objection_list": Row(odd=lambda role: PAGE if on_a_roll(role) or handles_objections(role) else {403}),
    "points:objection_create": Row(odd=lambda role: PAGE if on_a_roll(role) else {403}),
    "points:objection_detail": Row("objection", odd=lambda role: PAGE if handles_objections(role) else {404}),
    "points:objection_act": Row("objection", odd=lambda role: PAGE if handles_objections(role) else {404}),
    "members:member_create": Row(needs=(C.ROSTER_WRITE,)),
    "members:member_detail": Row("member", sees=(C.ROSTER_VIEW,)),
    "members:member_reveal": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.PII_VIEW,)),
    "members:member_edit": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.ROSTER_WRITE,)),
    "members:member_transfer": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.TRANSFER_WRITE,)),
    "members:member_confirm": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.ROSTER_WRITE,)),
    "members:member_leave": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.TRANSFER_WRITE,)),
    "members:member_return": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.TRANSFER_WRITE,)),
    "members:import_create": Row(needs=(C.ROSTER_IMPORT,)),
    "members:import_detail": Row("batch", sees=(C.ROSTER_IMPORT,)),
    "members:import_confirm": Row("batch", sees=(C.ROSTER_IMPORT,)),
    "members:import_cancel": Row("batch", sees=(C.ROSTER_IMPORT,)),
    "members:import_roll_back": Row("batch", sees=(C.ROSTER_IMPORT,)),
    "members:import_refused": Row("batch", sees=(C.ROSTER_IMPORT,)),
    "members:setup": Row(needs=(C.ROSTER_IMPORT,)),
    "members:exemption_list": Row(needs=(C.EXEMPTION_WRITE,)),
    "members:exemption_create": Row(needs=(C.EXEMPTION_WRITE,)),
    "members:exemption_end": Row("exemption", sees=(C.EXEMPTION_WRITE,)),
    "members:exemption_withdraw": Row("exemption", sees=(C.EXEMPTION_WRITE,)),
    "members:officers": Row(needs=(C.POSTS_MANAGE,)),
    "activities:activity_list": Row(needs=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW)),
    "activities:activity_create": Row(needs=(C.ACTIVITY_WRITE, C.COMMITTEE_RECORD)),
    "activities:board": Row(needs=(C.ACTIVITY_VIEW,)),
    "activities:grace": Row(needs=(C.ORG_MANAGE,)),
    "activities:layout_list": Row(needs=(C.ORG_MANAGE,)),
    "activities:layout_edit": Row("hospital", sees=(C.ORG_MANAGE,), extra={"code": "F15"}),
    "activities:layout_reset": Row("hospital", sees=(C.ORG_MANAGE,), extra={"code": "F15"}),
    "activities:layout_file": Row("hospital", sees=(C.ORG_MANAGE,), extra={"code": "F15"}),
    "activities:plan_item": Row("item", sees=(C.ACTIVITY_VIEW,)),
    "activities:plan_list": Row(needs=(C.ACTIVITY_VIEW,)),
    "activities:plan_generate": Row(needs=(C.ACTIVITY_VIEW,)),
    "activities:plan_job": Row("plan_job", odd=lambda role: {404}),  # one's own alone, and nobody's here
    "activities:plan_reviews": Row(needs=(C.PLAN_REVIEW, C.COMMITTEE_CONFIRM)),
    "activities:report_file": Row("report", sees=(C.ACTIVITY_VIEW,)),
    "activities:plan_fix": Row("branch", odd=of_branch(C.ACTIVITY_WRITE)),
    "activities:plan_schedule": Row("item", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:pushed_list": Row(needs=(C.PLAN_REVIEW,)),
    "activities:pushed_create": Row(needs=(C.PLAN_REVIEW,)),
    "activities:pushed_detail": Row("pushed", sees=(C.PLAN_REVIEW,)),
    "activities:pushed_file": Row("pushed_file", odd=of_branch()),
    "activities:year_document_list": Row(needs=(C.ACTIVITY_VIEW,)),
    "activities:year_document": Row("branch", odd=of_branch(), extra={"year": 2026, "kind": "plan"}),
    "activities:activity_detail": Row("confirmed", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW)),
    "activities:record_file": Row(
        "confirmed", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW), needs=(C.ACTIVITY_VIEW,)
    ),
    "activities:sign_in_file": Row("confirmed", odd=prints_names(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW)),
    "activities:year_files": Row(needs=(C.ACTIVITY_VIEW,)),
    "activities:attendance_file": Row(odd=prints_names()),
    "activities:plan_file": Row(needs=(C.ACTIVITY_VIEW,)),
    "activities:sign_code": ANY,
    "activities:scan": Row(extra={"pk": 0}, odd=lambda role: {410}),  # without a token of this moment
    "activities:signed": Row("draft", odd=lambda role: {404}),  # one's own signature alone
    "activities:sign_in": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:sign_close": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:sign_tick": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:sign_undo": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:sign_screen": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:sign_live": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:leave_ask": Row("draft", odd=lambda role: {404}),  # for whom the gathering expects
    "activities:leave_list": Row(needs=(C.ACTIVITY_CONFIRM, C.COMMITTEE_CONFIRM)),
    "activities:leave_decide": Row("leave", sees=(C.ACTIVITY_CONFIRM,)),
    "activities:leave_withdraw": Row("leave", odd=lambda role: {404}),  # one's own alone
    "activities:make_up_list": Row(needs=(C.ACTIVITY_CONFIRM, C.COMMITTEE_CONFIRM)),
    "activities:make_up_check": Row(needs=(C.ACTIVITY_CONFIRM, C.COMMITTEE_CONFIRM)),
    "activities:make_up_report": Row("make_up", sees=(C.ACTIVITY_CONFIRM,)),
    "activities:make_up_decide": Row("make_up", sees=(C.ACTIVITY_CONFIRM,)),
    "activities:my_attendance": ANY,
    "activities:member_attendance": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.ACTIVITY_VIEW,)),
    "activities:hours_list": Row(odd=lambda role: PAGE if {C.ACTIVITY_VIEW, C.ROSTER_VIEW} <= GRANTS[role] else {403}),
    "activities:my_hours": ANY,
    "activities:member_hours": Row("member", sees=(C.ROSTER_VIEW,), needs=(C.ACTIVITY_VIEW,)),
    "activities:hours_create": Row(needs=(C.ACTIVITY_CONFIRM,)),
    "activities:hours_check": Row("course", odd=keeps_hours),
    "activities:hours_remove": Row("course", odd=keeps_hours),
    "activities:activity_edit": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:activity_submit": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:activity_delete": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:activity_confirm": Row("submitted", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_CONFIRM,)),
    "activities:activity_return": Row(
        "submitted", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_CONFIRM, C.ACTIVITY_REVIEW)
    ),
    "activities:activity_check": Row(
        "confirmed", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW), needs=(C.ACTIVITY_REVIEW,)
    ),
    "activities:activity_archive": Row(needs=(C.ACTIVITY_REVIEW,)),
    "activities:filter_save": ANY,
    "activities:filter_delete": Row("saved_filter", odd=only_its_owner),
    "activities:activity_correct": Row("confirmed", odd=corrects),
    "activities:draft_keep": ANY,
    "activities:draft_drop": ANY,
    "activities:follow_ups": ANY,
    "activities:follow_up_done": Row("matter", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:attachment": Row("attachment", sees=(C.ACTIVITY_VIEW,)),
    "activities:attachment_delete": Row(
        "attachment", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW), needs=(C.ACTIVITY_WRITE,)
    ),
    "activities:attachment_add": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:activity_announce": Row("draft", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    "activities:votes": Row("meeting", sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,)),
    **{
        f"activities:{name}": Row(target, sees=(C.ACTIVITY_VIEW,), needs=(C.ACTIVITY_WRITE,))
        for name, target in {
            "motion_create": "meeting",
            "motion_edit": "motion",
            "motion_delete": "motion",
            "exclusion_create": "meeting",
            "exclusion_edit": "exclusion",
            "exclusion_delete": "exclusion",
            "election_create": "meeting",
            "election_edit": "election",
            "election_count": "election",
            "election_again": "election",
            "election_delete": "election",
            "election_ballot": "election",
            "election_sheet": "election",
        }.items()
    },
    "activities:election_approve": Row("election", sees=(C.ACTIVITY_VIEW,), needs=(C.POSTS_MANAGE,)),
    "activities:photo": Row("photo", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW)),
    "activities:photo_thumb": Row("photo", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW)),
    "activities:photo_delete": Row(
        "photo", sees=(C.ACTIVITY_VIEW, C.BRANCH_ACTIVITIES_VIEW), needs=(C.ACTIVITY_WRITE,)
    ),
}
