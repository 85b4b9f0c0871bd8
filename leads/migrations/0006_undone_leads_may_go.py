"""A lead's history only grows, with one exception: what a load brought goes with its leads while that load is undone."""

from django.db import migrations

FORWARDS = """
CREATE OR REPLACE FUNCTION leads_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT 1 FROM leads_lead l JOIN leads_importbatch b ON b.id = l.batch_id
        WHERE l.id = OLD.lead_id AND b.state = 'undoing'
    ) THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'lead_id') IS DISTINCT FROM (to_jsonb(OLD) - 'lead_id') THEN
        RAISE EXCEPTION 'the history of a lead only grows' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
BACKWARDS = """
CREATE OR REPLACE FUNCTION leads_event_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - 'lead_id') IS DISTINCT FROM (to_jsonb(OLD) - 'lead_id') THEN
        RAISE EXCEPTION 'the history of a lead only grows' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_grade_meanings")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
