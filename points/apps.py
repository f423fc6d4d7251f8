from importlib import import_module

from django.apps import AppConfig

from branches import append_only


class PointsConfig(AppConfig):
    name = "points"
    verbose_name = "积分"

    def ready(self) -> None:
        append_only.register("points.Entry", "points.Publication")
        append_only.freeze("points.RuleVersion", "OLD.published_at IS NOT NULL")
        append_only.freeze(
            "points.RuleItem",
            "EXISTS (SELECT 1 FROM {points.RuleVersion} AS edition"
            " WHERE edition.id = OLD.version_id AND edition.published_at IS NOT NULL)",
        )
        append_only.freeze("points.Scorecard", "OLD.published_at IS NOT NULL")
        append_only.freeze(
            "points.ScorecardLine",
            "EXISTS (SELECT 1 FROM {points.Scorecard} AS card"
            " WHERE card.id = OLD.card_id AND card.published_at IS NOT NULL)",
        )
        append_only.freeze("points.StarRound", "OLD.state = 'approved'")
        append_only.freeze("points.StarRating", "OLD.state = 'approved'")
        for name in ("attendance", "study", "make_ups", "matters", "claims"):
            import_module(f"points.sources.{name}")  # each registers itself as a source of entries
        import_module("points.audit_words")
        import_module("points.cycle.closing").register_periods()
        import_module("points.handbook")
        import_module("points.assessment.previews")  # lists its papers with the forms a hospital may change
        import_module("points.papers.kinds")
        import_module("points.receivers")  # its decorators connect the signals; models must be loaded first
