from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("points", "0007_one_index_a_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="ruleversion",
            name="excellent_denominator",
            field=models.PositiveSmallIntegerField(default=3, verbose_name="优秀比例分母"),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="excellent_numerator",
            field=models.PositiveSmallIntegerField(default=1, verbose_name="优秀比例分子"),
        ),
        migrations.AddConstraint(
            model_name="ruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("excellent_numerator__gt", 0), ("excellent_numerator__lte", models.F("excellent_denominator"))
                ),
                name="rule_version_excellent_ratio_sound",
                violation_error_message="优秀比例应大于0，不超过1。",
            ),
        ),
    ]
