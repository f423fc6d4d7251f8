from django.db import migrations

VALID_FROM = 2020


def install(apps, schema_editor):
    """The default, with the figures the fields begin with."""
    apps.get_model("points", "MemberStarScheme").objects.create(hospital=None, valid_from=VALID_FROM)


def remove(apps, schema_editor):
    """Refused by the database once stars cite it."""
    apps.get_model("points", "MemberStarScheme").objects.filter(hospital=None, valid_from=VALID_FROM).delete()


class Migration(migrations.Migration):
    dependencies = [("points", "0012_member_stars")]

    operations = [migrations.RunPython(install, remove)]
