"""The rule book: read by all, written by the Party office."""

from django.urls import path

from points.views import measured_posts, rule_drafts, rule_pages, rule_trials

urlpatterns = [
    path("rules/", rule_pages.rule_list, name="rule_list"),
    path("rules/editions/", rule_pages.rule_editions, name="rule_editions"),
    path("rules/editions/new/", rule_drafts.rule_new, name="rule_new"),
    path("rules/editions/<int:pk>/", rule_pages.rule_edition, name="rule_edition"),
    path("rules/editions/<int:pk>/changes/", rule_pages.rule_compare, name="rule_compare"),
    path("rules/editions/<int:pk>/file/", rule_pages.rule_file, name="rule_file"),
    path("rules/editions/<int:pk>/edit/", rule_drafts.rule_edit, name="rule_edit"),
    path("rules/editions/<int:pk>/items/new/", rule_drafts.rule_item_new, name="rule_item_new"),
    path("rules/editions/<int:pk>/items/<int:item>/", rule_drafts.rule_item, name="rule_item"),
    path("rules/editions/<int:pk>/items/<int:item>/change/", rule_drafts.rule_item_change, name="rule_item_change"),
    path("rules/editions/<int:pk>/import/", rule_drafts.rule_import, name="rule_import"),
    path("rules/editions/<int:pk>/trial/", rule_trials.rule_trial, name="rule_trial"),
    path("rules/editions/<int:pk>/publish/", rule_drafts.rule_publish, name="rule_publish"),
    path("rules/editions/<int:pk>/delete/", rule_drafts.rule_delete, name="rule_delete"),
    path("rules/posts/", measured_posts.measured_posts, name="measured_posts"),
]
