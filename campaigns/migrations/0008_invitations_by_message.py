"""An invitation by message knows the run that carries it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0007_texts_sent_back"), ("crm", "0012_indexes_that_are_read")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="run",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="invitations",
                to="crm.sendrun",
            ),
        ),
    ]
