from django.db import migrations

from points.catalogue import CATALOGUE, VALID_FROM, install_default, row_of


def fill(apps, schema_editor):
    """The default edition was written before its rows could say who declares, what feeds them, and their steps."""
    RuleVersion, RuleItem = apps.get_model("points", "RuleVersion"), apps.get_model("points", "RuleItem")
    install_default(RuleVersion, RuleItem)
    version = RuleVersion.objects.get(hospital=None, valid_from=VALID_FROM)
    if version.published_at is None:
        version.published_at = "2020-01-01T00:00:00+00:00"
        version.save()
    kept = ("code", "points", "cap", "title", "points_text", "position")  # house policy stays
    for position, item in enumerate(CATALOGUE):
        row = row_of(item, position)
        facts = {name: value for name, value in row.items() if name not in kept}
        RuleItem.objects.filter(version=version, code=item.code).update(**facts)


class Migration(migrations.Migration):
    dependencies = [("points", "0005_rules_claims_cycle")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
