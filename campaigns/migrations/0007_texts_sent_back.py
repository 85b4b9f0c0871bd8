"""A greeting text that was sent back keeps its words and says why."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0006_writers")]

    operations = [
        migrations.AddField(
            model_name="greetingtext",
            name="reason",
            field=models.CharField(blank=True, max_length=200, verbose_name="reason"),
        ),
    ]
