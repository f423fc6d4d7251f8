from django.db import migrations

from points.catalogue import VALID_FROM, install_default


def install(apps, schema_editor):
    install_default(apps.get_model("points", "RuleVersion"), apps.get_model("points", "RuleItem"))


def remove(apps, schema_editor):
    """Refused by the database once an entry of the ledger cites one of the items."""
    apps.get_model("points", "RuleItem").objects.filter(version__valid_from=VALID_FROM).delete()
    apps.get_model("points", "RuleVersion").objects.filter(valid_from=VALID_FROM).delete()


class Migration(migrations.Migration):
    dependencies = [("points", "0001_initial")]

    operations = [migrations.RunPython(install, remove)]
