"""Marketing hours are the project's own, 09:00 to 20:00 unless it says otherwise."""

import datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0010_message_keys"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="sms_closes_at",
            field=models.TimeField(
                blank=True, default=datetime.time(20, 0), verbose_name="marketing messages until"
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="sms_opens_at",
            field=models.TimeField(
                blank=True, default=datetime.time(9, 0), verbose_name="marketing messages from"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sms_closes_at__lte", datetime.time(21, 0)),
                    ("sms_opens_at__gte", datetime.time(8, 0)),
                    ("sms_opens_at__lt", models.F("sms_closes_at")),
                ),
                name="project_messages_by_day",
            ),
        ),
    ]
