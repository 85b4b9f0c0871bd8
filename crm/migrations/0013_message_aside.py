"""The lists of refused, undelivered and other messages set apart are read by an index of their own.

The planner is told which states each run's messages are in: taken apart, "half of all are queued" and "half of all are
of this run" read as if a quarter of a million were, where it is the last thousand.
"""

from django.db import migrations, models

ASIDE = ["cancelled", "expired", "no_receipt", "refused", "suppressed", "undelivered", "unknown_final"]


class Migration(migrations.Migration):
    dependencies = [("crm", "0012_indexes_that_are_read")]
    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["run", "state", "id"], name="message_aside", condition=models.Q(state__in=ASIDE)
            ),
        ),
        migrations.RunSQL(
            "CREATE STATISTICS message_run_state (mcv) ON run_id, state FROM crm_message",
            "DROP STATISTICS message_run_state",
        ),
    ]
