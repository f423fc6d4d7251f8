"""Claims, deductions, vetoes and results read from workbooks."""

from django.urls import path

from points.views import batches, checks, claim_review, claims, deductions

urlpatterns = [
    path("claims/mine/", claims.claim_list, name="claim_list"),
    path("claims/mine/new/", claims.claim_create, name="claim_create"),
    path("claims/review/", claim_review.claim_review_list, name="claim_review_list"),
    path("claims/review/accept/", claim_review.claim_accept_many, name="claim_accept_many"),
    path("claims/<int:pk>/", claims.claim_detail, name="claim_detail"),
    path("claims/mine/<int:pk>/edit/", claims.claim_edit, name="claim_edit"),
    path("claims/<int:pk>/withdraw/", claims.claim_withdraw, name="claim_withdraw"),
    path("claims/<int:pk>/review/", claim_review.claim_review, name="claim_review"),
    path("claims/<int:pk>/void/", claim_review.claim_void, name="claim_void"),
    path("claims/evidence/<int:pk>/", claims.claim_evidence, name="claim_evidence"),
    path("claims/evidence/<int:pk>/delete/", claims.evidence_delete, name="evidence_delete"),
    path("deductions/", deductions.deduction_list, name="deduction_list"),
    path("deductions/new/", deductions.deduction_create, name="deduction_create"),
    path("deductions/<int:pk>/withdraw/", deductions.deduction_withdraw, name="deduction_withdraw"),
    path("claims/checks/", checks.claim_check_list, name="claim_check_list"),
    path("batches/", batches.batch_list, name="batch_list"),
    path("batches/template/", batches.batch_template, name="batch_template"),
    path("batches/<int:pk>/", batches.batch_detail, name="batch_detail"),
    path("batches/<int:pk>/apply/", batches.batch_apply, name="batch_apply"),
    path("batches/<int:pk>/cancel/", batches.batch_cancel, name="batch_cancel"),
    path("batches/<int:pk>/refused/", batches.batch_refused, name="batch_refused"),
    path("vetoes/", deductions.veto_list, name="veto_list"),
    path("vetoes/new/", deductions.veto_create, name="veto_create"),
    path("vetoes/<int:pk>/withdraw/", deductions.veto_withdraw, name="veto_withdraw"),
]
