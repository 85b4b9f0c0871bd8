"""A correction knows the run of the notice that it corrects."""

import django.db.models.deletion
from django.db import migrations, models


def name_the_notice(apps, schema_editor):
    """Until now a moved milestone kept the run whose notice had gone out."""
    correction = apps.get_model("campaigns", "Correction")
    for row in correction.objects.select_related("milestone").iterator():
        correction.objects.filter(pk=row.pk).update(notice=row.milestone.run_id)


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0008_invitations_by_message")]

    operations = [
        migrations.AddField(
            model_name="correction",
            name="notice",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="crm.sendrun"
            ),
        ),
        migrations.RunPython(name_the_notice, migrations.RunPython.noop),
    ]
