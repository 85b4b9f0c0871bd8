"""A lead's history only grows: rows may move to another lead (a merge), never change, never go."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION leads_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'lead_id') IS DISTINCT FROM (to_jsonb(OLD) - 'lead_id') THEN
        RAISE EXCEPTION 'the history of a lead only grows' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lead_event_append_only BEFORE UPDATE OR DELETE ON leads_leadevent
    FOR EACH ROW EXECUTE FUNCTION leads_event_append_only();
"""
BACKWARDS = """
DROP TRIGGER lead_event_append_only ON leads_leadevent;
DROP FUNCTION leads_event_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
