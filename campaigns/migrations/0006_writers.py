"""SC-13: everybody who wrote on a broadcast or a milestone is its author; until now only who saved it last was known."""

from django.conf import settings
from django.db import migrations, models

KNOWN = """
INSERT INTO campaigns_{0}_writers ({0}_id, user_id) SELECT id, prepared_by_id FROM campaigns_{0}
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_broadcasts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name=name,
            name="writers",
            field=models.ManyToManyField(related_name="+", to=settings.AUTH_USER_MODEL),
        )
        for name in ("broadcast", "milestone")
    ] + [migrations.RunSQL(KNOWN.format(name), migrations.RunSQL.noop) for name in ("broadcast", "milestone")]
