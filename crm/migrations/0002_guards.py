"""Two promises kept by the database: an approved policy is frozen (SC-13), the log of deeds only grows."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION crm_policy_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'approved' AND (TG_OP = 'DELETE' OR
        (to_jsonb(NEW) - 'replanned_at') IS DISTINCT FROM (to_jsonb(OLD) - 'replanned_at')) THEN
        RAISE EXCEPTION 'an approved policy version is frozen; make a new version' USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER policy_frozen BEFORE UPDATE OR DELETE ON crm_policyversion
    FOR EACH ROW EXECUTE FUNCTION crm_policy_frozen();

CREATE FUNCTION crm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON crm_auditevent
    FOR EACH ROW EXECUTE FUNCTION crm_append_only();
"""
BACKWARDS = """
DROP TRIGGER audit_append_only ON crm_auditevent;
DROP FUNCTION crm_append_only();
DROP TRIGGER policy_frozen ON crm_policyversion;
DROP FUNCTION crm_policy_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0001_initial")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
