-- NetSuite's entities, typed, and the rows that validation refused. Money is numeric, instants are timestamptz, ids are bigint.

CREATE TABLE raw.invoices (
    account text NOT NULL,
    id bigint NOT NULL,
    invoice_number text,
    customer_id bigint,
    invoice_date date,
    due_date date,
    status text,
    currency_id bigint,
    currency text,
    exchange_rate numeric,
    total numeric,
    unpaid_amount numeric,
    terms_id bigint,
    memo text,
    custom_fields jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz,
    last_modified_at timestamptz,
    deleted_at timestamptz,
    run_id text NOT NULL,
    PRIMARY KEY (account, id)
);
COMMENT ON TABLE raw.invoices IS 'Invoices (NetSuite transaction, type CustInvc). Grain: one row per account and internal id.';
COMMENT ON COLUMN raw.invoices.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.invoices.id IS 'NetSuite''s internal id.';
COMMENT ON COLUMN raw.invoices.invoice_number IS 'Document number as people see it (tranid).';
COMMENT ON COLUMN raw.invoices.customer_id IS 'The customer billed: id in raw.customers (entity).';
COMMENT ON COLUMN raw.invoices.invoice_date IS 'Date of the document (trandate).';
COMMENT ON COLUMN raw.invoices.due_date IS 'When it is due (duedate).';
COMMENT ON COLUMN raw.invoices.status IS 'NetSuite''s one-letter status: A open, B paid in full.';
COMMENT ON COLUMN raw.invoices.currency_id IS 'Internal id of the invoice''s currency.';
COMMENT ON COLUMN raw.invoices.currency IS 'Name of the invoice''s currency.';
COMMENT ON COLUMN raw.invoices.exchange_rate IS 'From the invoice''s currency to the base currency, at the document''s date.';
COMMENT ON COLUMN raw.invoices.total IS 'Total in the invoice''s currency (foreigntotal).';
COMMENT ON COLUMN raw.invoices.unpaid_amount IS 'What is still unpaid, in the invoice''s currency (foreignamountunpaid); null where the account has no such field.';
COMMENT ON COLUMN raw.invoices.terms_id IS 'Payment terms: id in raw.terms.';
COMMENT ON COLUMN raw.invoices.memo IS 'Memo of the document.';
COMMENT ON COLUMN raw.invoices.custom_fields IS 'The account file''s custom fields of this entity by name, as the text NetSuite sent; null where empty.';
COMMENT ON COLUMN raw.invoices.created_at IS 'When it was entered in NetSuite.';
COMMENT ON COLUMN raw.invoices.last_modified_at IS 'When it was last changed in NetSuite (UTC, whole seconds).';
COMMENT ON COLUMN raw.invoices.deleted_at IS 'When NetSuite says it was deleted; null while it lives.';
COMMENT ON COLUMN raw.invoices.run_id IS 'The run that last changed this row; a run that finds it unchanged leaves it.';

CREATE TABLE raw.invoice_owners (
    account text NOT NULL,
    invoice_id bigint NOT NULL,
    owner_field text NOT NULL,
    employee_id bigint,
    run_id text NOT NULL,
    PRIMARY KEY (account, invoice_id, owner_field),
    FOREIGN KEY (account, invoice_id) REFERENCES raw.invoices (account, id)
);
CREATE INDEX invoice_owners_employee ON raw.invoice_owners (account, employee_id);
COMMENT ON TABLE raw.invoice_owners IS 'Who owns an invoice. Grain: one row per account, invoice and owner field of the account file, the empty ones too.';
COMMENT ON COLUMN raw.invoice_owners.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.invoice_owners.invoice_id IS 'The invoice: id in raw.invoices.';
COMMENT ON COLUMN raw.invoice_owners.owner_field IS 'The owner field, as the account file names it (salesrep, custbody_collector).';
COMMENT ON COLUMN raw.invoice_owners.employee_id IS 'The internal id the field holds, meant to be an employee (raw.employees); null when the field is empty.';
COMMENT ON COLUMN raw.invoice_owners.run_id IS 'The run that last changed this row; a run that finds it unchanged leaves it.';

CREATE TABLE raw.employees (
    account text NOT NULL,
    id bigint NOT NULL,
    entity_id text,
    first_name text,
    last_name text,
    email text,
    email_address text,
    email_key text,
    is_inactive boolean,
    is_sales_rep boolean,
    supervisor_id bigint,
    custom_fields jsonb NOT NULL DEFAULT '{}',
    last_modified_at timestamptz,
    deleted_at timestamptz,
    run_id text NOT NULL,
    PRIMARY KEY (account, id),
    CONSTRAINT email_key_with_address CHECK ((email_key IS NULL) = (email_address IS NULL))
);
CREATE INDEX employees_email_key ON raw.employees (account, email_key);
COMMENT ON TABLE raw.employees IS 'Employees, inactive ones too. Grain: one row per account and internal id.';
COMMENT ON COLUMN raw.employees.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.employees.id IS 'NetSuite''s internal id.';
COMMENT ON COLUMN raw.employees.entity_id IS 'Employee ID as people see it (entityid): a name, an address or a number.';
COMMENT ON COLUMN raw.employees.first_name IS 'First name.';
COMMENT ON COLUMN raw.employees.last_name IS 'Last name.';
COMMENT ON COLUMN raw.employees.email IS 'E-mail address exactly as the record holds it.';
COMMENT ON COLUMN raw.employees.email_address IS 'The address that is mailed: the record''s, trimmed; null when it is missing or not valid (D5, O7).';
COMMENT ON COLUMN raw.employees.email_key IS 'Match key of the address (D5): trimmed, case-folded, domain in punycode; null exactly when email_address is null.';
COMMENT ON COLUMN raw.employees.is_inactive IS 'Whether it is marked inactive in NetSuite.';
COMMENT ON COLUMN raw.employees.is_sales_rep IS 'Whether the employee is marked as sales rep.';
COMMENT ON COLUMN raw.employees.supervisor_id IS 'The supervisor: id in raw.employees.';
COMMENT ON COLUMN raw.employees.custom_fields IS 'The account file''s custom fields of this entity by name, as the text NetSuite sent; null where empty.';
COMMENT ON COLUMN raw.employees.last_modified_at IS 'When it was last changed in NetSuite (UTC, whole seconds).';
COMMENT ON COLUMN raw.employees.deleted_at IS 'When NetSuite says it was deleted; null while it lives.';
COMMENT ON COLUMN raw.employees.run_id IS 'The run that last changed this row; a run that finds it unchanged leaves it.';

CREATE TABLE raw.customers (
    account text NOT NULL,
    id bigint NOT NULL,
    entity_id text,
    company_name text,
    alt_name text,
    currency_id bigint,
    currency text,
    credit_limit numeric,
    balance numeric,
    overdue_balance numeric,
    days_overdue numeric,
    unbilled_orders numeric,
    terms_id bigint,
    credit_hold_override text,
    on_credit_hold boolean,
    sales_rep_employee_id bigint,
    is_inactive boolean,
    custom_fields jsonb NOT NULL DEFAULT '{}',
    last_modified_at timestamptz,
    deleted_at timestamptz,
    run_id text NOT NULL,
    PRIMARY KEY (account, id)
);
COMMENT ON TABLE raw.customers IS 'Customers with their credit figures, leads and prospects too. Grain: one row per account and internal id. Amounts are in the customer''s currency.';
COMMENT ON COLUMN raw.customers.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.customers.id IS 'NetSuite''s internal id.';
COMMENT ON COLUMN raw.customers.entity_id IS 'Customer ID as people see it (entityid).';
COMMENT ON COLUMN raw.customers.company_name IS 'Company name.';
COMMENT ON COLUMN raw.customers.alt_name IS 'Name without the customer ID (altname).';
COMMENT ON COLUMN raw.customers.currency_id IS 'Internal id of the customer''s primary currency.';
COMMENT ON COLUMN raw.customers.currency IS 'Name of the customer''s primary currency.';
COMMENT ON COLUMN raw.customers.credit_limit IS 'Credit limit; null when none is set, which is not a limit of zero.';
COMMENT ON COLUMN raw.customers.balance IS 'Open receivables; negative when the customer has credit with us.';
COMMENT ON COLUMN raw.customers.overdue_balance IS 'The part of the balance that is past its due date.';
COMMENT ON COLUMN raw.customers.days_overdue IS 'Days since the oldest unpaid invoice fell due.';
COMMENT ON COLUMN raw.customers.unbilled_orders IS 'Orders taken and not yet billed.';
COMMENT ON COLUMN raw.customers.terms_id IS 'Payment terms: id in raw.terms.';
COMMENT ON COLUMN raw.customers.credit_hold_override IS 'The customer''s credit hold setting: AUTO, ON or OFF.';
COMMENT ON COLUMN raw.customers.on_credit_hold IS 'Whether NetSuite holds the customer''s orders now.';
COMMENT ON COLUMN raw.customers.sales_rep_employee_id IS 'The customer''s sales rep: id in raw.employees.';
COMMENT ON COLUMN raw.customers.is_inactive IS 'Whether it is marked inactive in NetSuite.';
COMMENT ON COLUMN raw.customers.custom_fields IS 'The account file''s custom fields of this entity by name, as the text NetSuite sent; null where empty.';
COMMENT ON COLUMN raw.customers.last_modified_at IS 'When the record was last changed in NetSuite; balances change without touching it.';
COMMENT ON COLUMN raw.customers.deleted_at IS 'When NetSuite says it was deleted; null while it lives.';
COMMENT ON COLUMN raw.customers.run_id IS 'The run that last changed this row; a run that finds it unchanged leaves it.';

CREATE TABLE raw.terms (
    account text NOT NULL,
    id bigint NOT NULL,
    name text,
    days_until_net_due numeric,
    is_inactive boolean,
    custom_fields jsonb NOT NULL DEFAULT '{}',
    last_modified_at timestamptz,
    deleted_at timestamptz,
    run_id text NOT NULL,
    PRIMARY KEY (account, id)
);
COMMENT ON TABLE raw.terms IS 'Payment terms. Grain: one row per account and internal id.';
COMMENT ON COLUMN raw.terms.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.terms.id IS 'NetSuite''s internal id.';
COMMENT ON COLUMN raw.terms.name IS 'Name of the terms, for example Net 30.';
COMMENT ON COLUMN raw.terms.days_until_net_due IS 'Days from the invoice''s date until it is due.';
COMMENT ON COLUMN raw.terms.is_inactive IS 'Whether it is marked inactive in NetSuite.';
COMMENT ON COLUMN raw.terms.custom_fields IS 'The account file''s custom fields of this entity by name, as the text NetSuite sent; null where empty.';
COMMENT ON COLUMN raw.terms.last_modified_at IS 'Always null: NetSuite keeps none for terms.';
COMMENT ON COLUMN raw.terms.deleted_at IS 'Always null: NetSuite does not report deleted terms.';
COMMENT ON COLUMN raw.terms.run_id IS 'The run that last changed this row; a run that finds it unchanged leaves it.';

CREATE TABLE raw.owner_lookups (
    account text NOT NULL,
    owner_id bigint NOT NULL,
    found_as text NOT NULL CHECK (found_as IN ('employee', 'other_entity', 'deleted_employee', 'nothing')),
    netsuite_type text,
    run_id text NOT NULL,
    looked_up_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, owner_id)
);
COMMENT ON TABLE raw.owner_lookups IS 'Owner ids of live invoices that are no employee in raw.employees, and what NetSuite says they are. Grain: one row per account and owner id.';
COMMENT ON COLUMN raw.owner_lookups.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.owner_lookups.owner_id IS 'The internal id an owner field holds: employee_id in raw.invoice_owners.';
COMMENT ON COLUMN raw.owner_lookups.found_as IS 'employee, other_entity (a vendor, a customer, …), deleted_employee or nothing.';
COMMENT ON COLUMN raw.owner_lookups.netsuite_type IS 'NetSuite''s own word for the type of record; null when nothing was found.';
COMMENT ON COLUMN raw.owner_lookups.run_id IS 'The run that looked it up.';
COMMENT ON COLUMN raw.owner_lookups.looked_up_at IS 'When it was looked up.';

CREATE TABLE quarantine.rows (
    quarantine_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    entity text NOT NULL,
    record_id text,
    run_id text NOT NULL,
    reasons text[] NOT NULL,
    payload jsonb NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
-- One open row per record: seen again it is refreshed, loaded cleanly it is resolved. A record without id is known by its payload.
CREATE UNIQUE INDEX rows_open ON quarantine.rows (account, entity, coalesce(record_id, md5(payload::text)))
WHERE resolved_at IS NULL;
COMMENT ON TABLE quarantine.rows IS 'Rows that broke a rule of validation. Grain: one row per account, entity and record for each time that it was found bad until it was mended; at most one of them is open.';
COMMENT ON COLUMN quarantine.rows.quarantine_id IS 'Number of the row; has no meaning in NetSuite.';
COMMENT ON COLUMN quarantine.rows.account IS 'Name of the account file.';
COMMENT ON COLUMN quarantine.rows.entity IS 'Name of the entity: invoices, employees, customers, terms or deletions.';
COMMENT ON COLUMN quarantine.rows.record_id IS 'NetSuite''s internal id as text (it may itself be what is wrong); for deletions the record type and the id; null when the row has none.';
COMMENT ON COLUMN quarantine.rows.run_id IS 'The run that last found it bad in this way.';
COMMENT ON COLUMN quarantine.rows.reasons IS 'Every rule that it broke, in words, sorted.';
COMMENT ON COLUMN quarantine.rows.payload IS 'The row as NetSuite sent it, every value as text. Where several rows of one batch share an id, the first of them.';
COMMENT ON COLUMN quarantine.rows.quarantined_at IS 'When it was first found bad.';
COMMENT ON COLUMN quarantine.rows.resolved_at IS 'When the record was loaded cleanly, or reported deleted; null while it waits to be mended.';
