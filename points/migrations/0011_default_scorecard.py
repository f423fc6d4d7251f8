from django.db import migrations

from points.stars.catalogue import VALID_FROM, install_default


def install(apps, schema_editor):
    install_default(apps.get_model("points", "Scorecard"), apps.get_model("points", "ScorecardLine"))


def remove(apps, schema_editor):
    """Refused by the database once a rating cites it."""
    apps.get_model("points", "Scorecard").objects.filter(hospital=None, valid_from=VALID_FROM).delete()


class Migration(migrations.Migration):
    dependencies = [("points", "0010_stars")]

    operations = [migrations.RunPython(install, remove)]
