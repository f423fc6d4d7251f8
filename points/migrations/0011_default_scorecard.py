from django.db import migrations

from points.stars.catalogue import LINES, NAME, VALID_FROM, row_of


def install(apps, schema_editor):
    Scorecard, ScorecardLine = apps.get_model("points", "Scorecard"), apps.get_model("points", "ScorecardLine")
    card = Scorecard.objects.create(
        hospital=None, name=NAME, valid_from=VALID_FROM, published_at="2020-01-01T00:00:00+00:00"
    )
    ScorecardLine.objects.bulk_create(
        [ScorecardLine(card=card, **row_of(line, position)) for position, line in enumerate(LINES)]
    )


def remove(apps, schema_editor):
    """Refused by the database once a rating cites it."""
    apps.get_model("points", "Scorecard").objects.filter(hospital=None, valid_from=VALID_FROM).delete()


class Migration(migrations.Migration):
    dependencies = [("points", "0010_stars")]

    operations = [migrations.RunPython(install, remove)]
