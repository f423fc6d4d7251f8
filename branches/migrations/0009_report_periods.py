from datetime import date

from django.db import migrations, models


def fill_start(apps, schema_editor):
    """Until now every report was of a year; the key of one that is being made says its first day from now on."""
    reports = apps.get_model("branches", "Report").objects
    for year in reports.values_list("year", flat=True).distinct():
        reports.filter(year=year).update(start=date(year, 1, 1))
    for report in reports.filter(open_key__isnull=False):
        report.open_key = f"{report.kind}:{report.branch_id}:{report.start}:{report.format}"
        report.save(update_fields=["open_key"])


class Migration(migrations.Migration):

    dependencies = [
        ("branches", "0008_display_links"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="start",
            field=models.DateField(null=True, verbose_name="期间"),
        ),
        migrations.RunPython(fill_start, migrations.RunPython.noop, elidable=True),
        migrations.AlterField(
            model_name="report",
            name="start",
            field=models.DateField(verbose_name="期间"),
        ),
    ]
