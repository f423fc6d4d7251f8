"""The yearly assessment and the results of the appraisal."""

from django.urls import path

from points.views import appraisal_import, assessment

urlpatterns = [
    path("assessment/", assessment.assessment_list, name="assessment_list"),
    path("assessment/<int:pk>/<int:year>/", assessment.assessment_detail, name="assessment_detail"),
    path("assessment/<int:pk>/<int:year>/votes/", assessment.assessment_votes, name="assessment_votes"),
    path("assessment/<int:pk>/<int:year>/grade/", assessment.assessment_grade, name="assessment_grade"),
    path("assessment/<int:pk>/<int:year>/move/", assessment.assessment_move, name="assessment_move"),
    path("assessment/<int:pk>/<int:year>/file/", assessment.assessment_file, name="assessment_file"),
    path("assessment/<int:pk>/<int:year>/import/", appraisal_import.appraisal_upload, name="appraisal_upload"),
    path("assessment/<int:pk>/<int:year>/template/", appraisal_import.appraisal_template, name="appraisal_template"),
    path("assessment/import/<int:pk>/", appraisal_import.appraisal_batch, name="appraisal_batch"),
    path("assessment/import/<int:pk>/act/", appraisal_import.appraisal_batch_act, name="appraisal_batch_act"),
]
