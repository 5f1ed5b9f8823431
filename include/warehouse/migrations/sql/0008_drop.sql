-- Takes back all that 0008 created.

DROP FUNCTION publish.recipients_as_of(text, date, timestamptz, bigint);
DROP FUNCTION publish.recipients_at(text, timestamptz, timestamptz, bigint);
DROP VIEW publish.recipients_history;
DROP TABLE publish.recipient_changes;
DROP FUNCTION publish.refuse_change();
DROP FUNCTION publish.wait_for_positions();
DROP TABLE matching.past_owner_states;
DROP TABLE matching.past_owners;
ALTER TABLE publish.recipients
    DROP COLUMN owner_valid_from,
    DROP COLUMN owner_known_from;
DROP FUNCTION matching.note_changed_invoices() CASCADE;
DROP FUNCTION matching.note_updated_invoices() CASCADE;
DROP FUNCTION matching.note_all_invoices() CASCADE;
DROP INDEX publish.recipients_employee;
DROP TABLE matching.owner_states;
DROP TABLE matching.recipient_counts;
DROP TABLE matching.changed_invoices;
DROP TABLE ops.publishes;
