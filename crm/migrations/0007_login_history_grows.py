"""The login history only grows; the sweep of what is old may remove lines, and nothing younger than thirty days."""

from django.db import migrations

FORWARDS = """
CREATE FUNCTION crm_login_history_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR OLD.at > now() - interval '30 days' THEN
        RAISE EXCEPTION '% only grows', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER login_history_grows BEFORE UPDATE OR DELETE ON crm_loginevent
    FOR EACH ROW EXECUTE FUNCTION crm_login_history_grows();
"""
BACKWARDS = """
DROP TRIGGER login_history_grows ON crm_loginevent;
DROP FUNCTION crm_login_history_grows();
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0006_accounts")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
