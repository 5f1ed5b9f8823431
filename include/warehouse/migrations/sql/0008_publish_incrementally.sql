-- What publishing keeps, so that the next publish resolves only what changed.

CREATE TABLE ops.publishes (
    account text NOT NULL,
    published_at timestamptz NOT NULL,
    run_id text NOT NULL,
    rebuilt boolean NOT NULL,
    PRIMARY KEY (account, published_at)
);
COMMENT ON TABLE ops.publishes IS 'The ledger of publishes. Grain: one row per publish that was committed, whether anything changed or not.';
COMMENT ON COLUMN ops.publishes.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.publishes.published_at IS 'When it was published, by the warehouse''s clock: later than every earlier publish of the account. It is the known_from of what came with it.';
COMMENT ON COLUMN ops.publishes.run_id IS 'The run that published.';
COMMENT ON COLUMN ops.publishes.rebuilt IS 'True: every recipient was resolved anew; false: only those that could have changed.';
-- Publishes from before this ledger.
INSERT INTO ops.publishes (account, published_at, run_id, rebuilt)
SELECT account, resolved_at, max(run_id), true
FROM publish.recipients
GROUP BY account, resolved_at;

CREATE TABLE matching.changed_invoices (
    account text NOT NULL,
    invoice_id bigint
);
CREATE INDEX changed_invoices_account ON matching.changed_invoices (account);
COMMENT ON TABLE matching.changed_invoices IS 'Invoices of which the number, the deletion or an owner changed in raw since the last publish. Grain: none, an invoice may stand here several times. Triggers on raw write it in the transaction that changes raw; publish takes the rows out.';
COMMENT ON COLUMN matching.changed_invoices.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.changed_invoices.invoice_id IS 'Internal id of the invoice; null: any may have changed, and the next publish resolves all of the account anew. A row that is inserted by hand works the same.';

-- Finds the recipients of an owner whose state changed.
CREATE INDEX recipients_employee ON publish.recipients (account, employee_id);

CREATE TABLE matching.recipient_counts (
    account text NOT NULL,
    owner_field text NOT NULL,
    status text NOT NULL,
    rows bigint NOT NULL,
    PRIMARY KEY (account, owner_field, status)
);
COMMENT ON TABLE matching.recipient_counts IS 'How many recipients are published. Grain: one row per account, owner field and status that occurs. Kept by difference, since counting them all takes longer than a small publish.';
COMMENT ON COLUMN matching.recipient_counts.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.recipient_counts.owner_field IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.recipient_counts.status IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.recipient_counts.rows IS 'Rows of publish.recipients.';
INSERT INTO matching.recipient_counts (account, owner_field, status, rows)
SELECT account, owner_field, status, count(*)
FROM publish.recipients
GROUP BY account, owner_field, status;

CREATE TABLE matching.owner_states (
    account text NOT NULL,
    owner_id bigint NOT NULL,
    status text NOT NULL,
    user_id uuid,
    email text,
    cause text,
    valid_from timestamptz NOT NULL,
    known_from timestamptz NOT NULL,
    PRIMARY KEY (account, owner_id)
);
COMMENT ON TABLE matching.owner_states IS 'What each owner id resolves to, on whichever invoice it stands. Grain: one row per account and id that is an employee or that an invoice has named. As of the last publish; earlier states are in matching.past_owner_states.';
COMMENT ON COLUMN matching.owner_states.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.owner_states.owner_id IS 'The internal id: employee_id in publish.recipients.';
COMMENT ON COLUMN matching.owner_states.status IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.owner_states.user_id IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.owner_states.email IS 'As in publish.recipients.';
COMMENT ON COLUMN matching.owner_states.cause IS 'Why it is no longer the state before: a cause of publish.recipient_changes. Null: the first state.';
COMMENT ON COLUMN matching.owner_states.valid_from IS 'When the state took effect.';
COMMENT ON COLUMN matching.owner_states.known_from IS 'The publish that first showed it.';
-- Rows that were last touched together with their owner's state are the oldest ones of that owner.
INSERT INTO matching.owner_states (account, owner_id, status, user_id, email, valid_from, known_from)
SELECT DISTINCT ON (account, employee_id)
    account, employee_id, status, user_id, email, resolved_at, resolved_at
FROM publish.recipients
WHERE employee_id IS NOT NULL
ORDER BY account, employee_id, resolved_at;

-- A statement that changes very many invoices notes only that it did.
CREATE FUNCTION matching.note_changed_invoices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM changed) > 100000 THEN
        INSERT INTO matching.changed_invoices (account) SELECT DISTINCT account FROM changed;
    ELSE
        INSERT INTO matching.changed_invoices (account, invoice_id) SELECT DISTINCT account, invoice_id FROM changed;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION matching.note_changed_invoices() IS 'Notes the invoices of the owners in the transition table changed.';

CREATE FUNCTION matching.note_updated_invoices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO matching.changed_invoices (account, invoice_id)
    SELECT account, id
    FROM before
    INNER JOIN after USING (account, id)
    WHERE (before.invoice_number, before.deleted_at IS NULL) IS DISTINCT FROM (after.invoice_number, after.deleted_at IS NULL);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION matching.note_updated_invoices() IS 'Notes the invoices that were renumbered, deleted or restored. Those that come or go do so with their owners.';

CREATE FUNCTION matching.note_all_invoices() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO matching.changed_invoices (account) SELECT DISTINCT account FROM matching.recipient_counts;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION matching.note_all_invoices() IS 'Notes for every account that any invoice may have changed.';

CREATE TRIGGER note_inserted_owners AFTER INSERT ON raw.invoice_owners
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION matching.note_changed_invoices();
CREATE TRIGGER note_updated_owners_before AFTER UPDATE ON raw.invoice_owners
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION matching.note_changed_invoices();
CREATE TRIGGER note_updated_owners_after AFTER UPDATE ON raw.invoice_owners
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION matching.note_changed_invoices();
CREATE TRIGGER note_deleted_owners AFTER DELETE ON raw.invoice_owners
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION matching.note_changed_invoices();
CREATE TRIGGER note_updated_invoices AFTER UPDATE ON raw.invoices
REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION matching.note_updated_invoices();
CREATE TRIGGER note_truncated_owners AFTER TRUNCATE ON raw.invoice_owners
FOR EACH STATEMENT EXECUTE FUNCTION matching.note_all_invoices();
CREATE TRIGGER note_truncated_recipients AFTER TRUNCATE ON publish.recipients
FOR EACH STATEMENT EXECUTE FUNCTION matching.note_all_invoices();

-- What the last publish before this migration has not seen yet is not noted; the next one resolves all anew.
INSERT INTO matching.changed_invoices (account)
SELECT DISTINCT account FROM publish.recipients;
