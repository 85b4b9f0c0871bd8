"""The few duties that are messages instead of calls (SC-7) are found without looking at all open ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0013_who_goes_on_with_a_load")]

    operations = [
        migrations.AddIndex(
            model_name="calltask",
            index=models.Index(
                fields=["list_day"],
                name="task_by_message",
                condition=models.Q(state="open", channel="message", held_until=None),
            ),
        ),
    ]
