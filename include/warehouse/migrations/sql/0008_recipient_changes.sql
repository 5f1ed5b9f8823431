-- The log of what each publish changed, which is also the outbox for the workflow engine.

CREATE TABLE publish.recipient_changes (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    invoice_id bigint NOT NULL,
    owner_field text NOT NULL,
    change text NOT NULL CHECK (change IN ('inserted', 'updated', 'deleted')),
    cause text NOT NULL CHECK (
        cause IN (
            'invoice_created', 'invoice_deleted', 'invoice_restored', 'invoice_renumbered', 'owner_changed',
            'field_configured', 'field_removed', 'employee_found', 'owner_identified', 'employee_left',
            'employee_deleted', 'employee_returned', 'address_changed', 'user_created', 'user_matched', 'user_unlinked',
            'user_deactivated', 'user_activated', 'conflict_opened', 'conflict_settled', 're_sync'
        )
    ),
    invoice_number text,
    status_before text,
    status_after text,
    employee_id_before bigint,
    employee_id_after bigint,
    user_id_before uuid,
    user_id_after uuid,
    email_before text,
    email_after text,
    run_id text NOT NULL,
    published_at timestamptz NOT NULL,
    CHECK ((change = 'inserted') = (status_before IS NULL)),
    CHECK ((change = 'deleted') = (status_after IS NULL))
);
CREATE INDEX recipient_changes_published ON publish.recipient_changes USING brin (published_at);
COMMENT ON TABLE publish.recipient_changes IS 'What each publish changed in publish.recipients, and why; append-only. Grain: one row per publish and recipient that came, went or changed. Also the outbox for the workflow engine: ask for position > the last one you have seen, in order of position.';
COMMENT ON COLUMN publish.recipient_changes.position IS 'Grows with every row. When a row can be seen, every row with a lower position can be seen or will never exist (a publish that failed leaves a hole).';
COMMENT ON COLUMN publish.recipient_changes.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.recipient_changes.invoice_id IS 'Internal id of the invoice in NetSuite.';
COMMENT ON COLUMN publish.recipient_changes.owner_field IS 'The field on the invoice that names the owner.';
COMMENT ON COLUMN publish.recipient_changes.change IS 'inserted (the recipient came), updated or deleted (it went).';
COMMENT ON COLUMN publish.recipient_changes.cause IS 'The one reason, the first that holds. invoice_created: first publish of the invoice. invoice_deleted: deleted in NetSuite. invoice_restored: deleted once, and there again. field_configured, field_removed: the owner field joined or left the account file. owner_changed: the field holds another id, or is filled or emptied. employee_found: the id turned out to be an employee. owner_identified: NetSuite gave another answer about an id that is no employee here. employee_deleted, employee_left (inactive), employee_returned. address_changed: the employee''s e-mail address. conflict_opened, conflict_settled. user_created: the user was made since the last publish. user_matched, user_unlinked: the employee was linked with a user, or the link ended. user_deactivated, user_activated. invoice_renumbered: nothing but the number. re_sync: none of these: read and resolved anew, with another result.';
COMMENT ON COLUMN publish.recipient_changes.invoice_number IS 'The invoice''s number after the change; of a recipient that went, the last one.';
COMMENT ON COLUMN publish.recipient_changes.status_before IS 'Status before; null: there was no such recipient.';
COMMENT ON COLUMN publish.recipient_changes.status_after IS 'Status after; null: there is no such recipient any more.';
COMMENT ON COLUMN publish.recipient_changes.employee_id_before IS 'Id in the owner field before.';
COMMENT ON COLUMN publish.recipient_changes.employee_id_after IS 'Id in the owner field after.';
COMMENT ON COLUMN publish.recipient_changes.user_id_before IS 'Matched user before.';
COMMENT ON COLUMN publish.recipient_changes.user_id_after IS 'Matched user after.';
COMMENT ON COLUMN publish.recipient_changes.email_before IS 'Address that was mailed.';
COMMENT ON COLUMN publish.recipient_changes.email_after IS 'Address that is mailed.';
COMMENT ON COLUMN publish.recipient_changes.run_id IS 'The run that published.';
COMMENT ON COLUMN publish.recipient_changes.published_at IS 'When it was published: known_from in publish.recipients_history.';

-- Positions are taken and committed by one transaction after the other: otherwise a consumer that has seen position 8
-- could miss position 7 of a transaction that commits later.
CREATE FUNCTION publish.wait_for_positions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('publish.recipient_changes', 0));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION publish.wait_for_positions() IS 'Lets one transaction after the other write publish.recipient_changes.';
CREATE TRIGGER wait_for_positions BEFORE INSERT ON publish.recipient_changes
FOR EACH STATEMENT EXECUTE FUNCTION publish.wait_for_positions();

CREATE FUNCTION publish.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'publish.% is append-only: what consumers may have read is never changed', TG_TABLE_NAME;
END
$$;
COMMENT ON FUNCTION publish.refuse_change() IS 'Refuses any change of rows that are there.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON publish.recipient_changes
FOR EACH STATEMENT EXECUTE FUNCTION publish.refuse_change();
