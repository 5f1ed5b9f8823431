-- The recipient templates of the workflow engine, and the owner fields that each account has configured.

CREATE TABLE workflow.templates (
    account text NOT NULL,
    template_id text NOT NULL,
    name text NOT NULL,
    recipients text NOT NULL,
    author text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, template_id)
);
COMMENT ON TABLE workflow.templates IS 'Recipient templates of the workflow engine. Grain: one row per account and template. Written by the workflow engine; the sync only reads them, to check them (B7).';
COMMENT ON COLUMN workflow.templates.account IS 'Name of the account file whose invoices the template is for.';
COMMENT ON COLUMN workflow.templates.template_id IS 'The workflow engine''s own id of the template.';
COMMENT ON COLUMN workflow.templates.name IS 'The name that people know it by.';
COMMENT ON COLUMN workflow.templates.recipients IS 'Plain addresses and smart fields such as {{user_from_source_id:salesrep}}, between commas, semicolons or line breaks (O10).';
COMMENT ON COLUMN workflow.templates.author IS 'Who can mend it; null where the workflow engine does not say.';
COMMENT ON COLUMN workflow.templates.created_at IS 'When it was made.';
COMMENT ON COLUMN workflow.templates.updated_at IS 'When it was changed last.';

CREATE TABLE ops.owner_fields (
    account text NOT NULL,
    owner_field text NOT NULL,
    run_id text NOT NULL,
    configured_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, owner_field)
);
COMMENT ON TABLE ops.owner_fields IS 'The owner fields of the account file as of the last publish, written in its transaction. Grain: one row per account and owner field, those too that no invoice has.';
COMMENT ON COLUMN ops.owner_fields.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.owner_fields.owner_field IS 'The owner field, as the account file names it (salesrep, custbody_collector).';
COMMENT ON COLUMN ops.owner_fields.run_id IS 'The run that first published with this field.';
COMMENT ON COLUMN ops.owner_fields.configured_at IS 'When that was.';

-- What is published already was made from the fields that were configured then.
INSERT INTO ops.owner_fields (account, owner_field, run_id, configured_at)
SELECT DISTINCT ON (account, owner_field)
    account,
    owner_field,
    run_id,
    resolved_at
FROM publish.recipients
ORDER BY account, owner_field, resolved_at, run_id;

-- People ask about an invoice by its number, and about a user by an address.
CREATE INDEX invoices_invoice_number ON raw.invoices (account, invoice_number);
CREATE INDEX user_email_keys_email_key ON ops.user_email_keys (email_key);
