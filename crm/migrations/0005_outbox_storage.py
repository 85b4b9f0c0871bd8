"""How the outbox is stored: room on the pages for changing states, early vacuum, texts that never change, and the tally.

The tally is written by statement triggers: every statement appends its differences by run and state. Nobody waits for
anybody, whatever changes a million rows is counted exactly, and a progress page adds up a few rows.
"""

from django.db import migrations

FORWARDS = """
ALTER TABLE crm_message SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE crm_attempt SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE crm_runtally SET (autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

CREATE TRIGGER message_text_frozen BEFORE UPDATE ON crm_messagetext
    FOR EACH ROW EXECUTE FUNCTION crm_append_only();

CREATE FUNCTION crm_tally_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO crm_runtally (run_id, state, messages, pieces)
        SELECT run_id, state, count(*), sum(pieces) FROM new_rows GROUP BY 1, 2;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO crm_runtally (run_id, state, messages, pieces)
        SELECT run_id, state, -count(*), -sum(pieces) FROM old_rows GROUP BY 1, 2;
    ELSE
        INSERT INTO crm_runtally (run_id, state, messages, pieces)
        SELECT run_id, state, sum(n), sum(p) FROM (
            SELECT run_id, state, count(*) AS n, sum(pieces) AS p FROM new_rows GROUP BY 1, 2
            UNION ALL
            SELECT run_id, state, -count(*), -sum(pieces) FROM old_rows GROUP BY 1, 2
        ) changes GROUP BY 1, 2 HAVING sum(n) <> 0 OR sum(p) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tally_inserted AFTER INSERT ON crm_message REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION crm_tally_message();
CREATE TRIGGER tally_updated AFTER UPDATE ON crm_message REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION crm_tally_message();
CREATE TRIGGER tally_deleted AFTER DELETE ON crm_message REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION crm_tally_message();
"""
BACKWARDS = """
DROP TRIGGER tally_deleted ON crm_message;
DROP TRIGGER tally_updated ON crm_message;
DROP TRIGGER tally_inserted ON crm_message;
DROP FUNCTION crm_tally_message();
DROP TRIGGER message_text_frozen ON crm_messagetext;
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_outbox")]
    operations = [migrations.RunSQL(FORWARDS, BACKWARDS)]
