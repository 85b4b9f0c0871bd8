"""How a duty ended is read from the index of its key: one lead's rows lie far apart in the table."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0013_message_aside"),
        ("leads", "0014_tasks_by_message"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="calltask",
            name="task_key",
        ),
        migrations.AddConstraint(
            model_name="calltask",
            constraint=models.UniqueConstraint(
                fields=("lead", "kind", "clause", "base_event"),
                include=("state", "closed_by_event"),
                name="task_key",
            ),
        ),
    ]
