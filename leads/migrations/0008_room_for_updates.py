"""Each replan updates a lead and its open duty: with room on the page a row stays there and its indexes unchanged."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("leads", "0007_indexes_of_counts")]

    operations = [
        migrations.RunSQL(
            [
                "ALTER TABLE leads_lead SET (fillfactor = 80)",
                "ALTER TABLE leads_calltask SET (fillfactor = 80)",
            ],
            [
                "ALTER TABLE leads_lead RESET (fillfactor)",
                "ALTER TABLE leads_calltask RESET (fillfactor)",
            ],
        ),
    ]
