-- The workflow engine's users, the working table of matching, and the published tables.

CREATE TABLE workflow.users (
    user_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account text NOT NULL,
    email text NOT NULL,
    display_name text,
    role text NOT NULL DEFAULT 'viewer' CHECK (role IN ('viewer', 'member', 'admin')),
    is_active boolean NOT NULL DEFAULT true,
    netsuite_employee_id bigint,
    origin text NOT NULL DEFAULT 'workflow',
    role_changed_by text,
    role_changed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_netsuite_employee ON workflow.users (account, netsuite_employee_id)
WHERE netsuite_employee_id IS NOT NULL;
COMMENT ON TABLE workflow.users IS
'People in the workflow engine. Grain: one row per user; a user belongs to one account. The sync creates viewers (user mode import) and keeps the employee, address and name of linked users; it never touches role or is_active of a user that exists.';
COMMENT ON COLUMN workflow.users.user_id IS 'The user''s id, for ever.';
COMMENT ON COLUMN workflow.users.account IS 'Name of the account file whose NetSuite account the user belongs to.';
COMMENT ON COLUMN workflow.users.email IS 'The user''s e-mail address. In user mode import it follows the linked, active employee''s address, trimmed (D3).';
COMMENT ON COLUMN workflow.users.display_name IS 'The name that people see. In user mode import: the linked employee''s first and last name, else the entity id, text exactly as in NetSuite.';
COMMENT ON COLUMN workflow.users.role IS 'viewer, member or admin. A user that the sync makes is a viewer; the sync never changes a role afterwards (O5).';
COMMENT ON COLUMN workflow.users.is_active IS 'False: the user was deactivated in the workflow engine; the sync never activates or deactivates anyone (O5, D4).';
COMMENT ON COLUMN workflow.users.netsuite_employee_id IS 'Internal id of the NetSuite employee that this user is; null while not matched. Unique within the account.';
COMMENT ON COLUMN workflow.users.origin IS 'Who made the user: netsuite_import (the sync) or workflow (the workflow engine). Stays when the user is linked later.';
COMMENT ON COLUMN workflow.users.role_changed_by IS 'Who changed the role last; null: nobody since the user was made. Written by the workflow engine.';
COMMENT ON COLUMN workflow.users.role_changed_at IS 'When the role was changed last. Written by the workflow engine.';
COMMENT ON COLUMN workflow.users.created_at IS 'When the user was made.';
COMMENT ON COLUMN workflow.users.updated_at IS 'When the row was changed last, by the sync or by the workflow engine.';

CREATE TABLE ops.user_email_keys (
    user_id uuid PRIMARY KEY REFERENCES workflow.users (user_id) ON DELETE CASCADE,
    email text NOT NULL,
    email_key text
);
COMMENT ON TABLE ops.user_email_keys IS
'Match keys (D5) of the users'' addresses, computed in Python and brought up to date before every match. Grain: one row per user.';
COMMENT ON COLUMN ops.user_email_keys.user_id IS 'The user.';
COMMENT ON COLUMN ops.user_email_keys.email IS 'The address from which the key was computed; where it differs from the user''s, the key is out of date.';
COMMENT ON COLUMN ops.user_email_keys.email_key IS 'The address trimmed, case-folded, NFC, domain in punycode; null when it is not a valid address.';

CREATE TABLE matching.employee_matches (
    account text NOT NULL,
    employee_id bigint NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('linked', 'same_email', 'new_user', 'conflict', 'no_user')),
    user_id uuid,
    reason text,
    is_active boolean NOT NULL,
    email_address text,
    email_key text,
    display_name text,
    run_id text NOT NULL,
    PRIMARY KEY (account, employee_id),
    CHECK (verdict NOT IN ('linked', 'same_email') OR user_id IS NOT NULL),
    CHECK (verdict NOT IN ('new_user', 'no_user') OR user_id IS NULL),
    CHECK ((verdict IN ('conflict', 'no_user')) = (reason IS NOT NULL)),
    CHECK (verdict NOT IN ('same_email', 'new_user') OR (is_active AND email_address IS NOT NULL))
);
COMMENT ON TABLE matching.employee_matches IS
'Which user each employee is, as decided by the last match (D1-D5). Grain: one row per account and employee that a live invoice names and raw.employees holds.';
COMMENT ON COLUMN matching.employee_matches.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.employee_matches.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN matching.employee_matches.verdict IS 'linked: a user holds this employee''s id. same_email: one user has this address and is linked now. new_user: nobody has it, a viewer is made. conflict: a person must decide. no_user: none, and none is made.';
COMMENT ON COLUMN matching.employee_matches.user_id IS 'The matched user. Set with a conflict too where a link stands that is in doubt; null with new_user (the user is made when published) and no_user.';
COMMENT ON COLUMN matching.employee_matches.reason IS 'Why it is a conflict, or why there is no user, in words; null otherwise.';
COMMENT ON COLUMN matching.employee_matches.is_active IS 'True: the employee is neither inactive nor deleted in NetSuite.';
COMMENT ON COLUMN matching.employee_matches.email_address IS 'The employee''s address as the record has it, trimmed; null when missing or not valid.';
COMMENT ON COLUMN matching.employee_matches.email_key IS 'The match key (D5) of that address.';
COMMENT ON COLUMN matching.employee_matches.display_name IS 'First and last name, else the entity id, text exactly as in NetSuite.';
COMMENT ON COLUMN matching.employee_matches.run_id IS 'The run in which this row changed last.';

CREATE TABLE publish.recipients (
    account text NOT NULL,
    invoice_id bigint NOT NULL,
    owner_field text NOT NULL,
    invoice_number text,
    employee_id bigint,
    user_id uuid,
    email text,
    status text NOT NULL CHECK (
        status IN (
            'ok', 'owner_empty', 'employee_not_found', 'employee_deleted', 'not_an_employee', 'employee_inactive',
            'email_missing', 'email_invalid', 'conflict', 'no_user', 'user_inactive'
        )
    ),
    run_id text NOT NULL,
    resolved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, invoice_id, owner_field),
    CHECK ((status = 'ok') = (email IS NOT NULL)),
    CHECK ((status = 'owner_empty') = (employee_id IS NULL)),
    CHECK (status NOT IN ('ok', 'user_inactive') OR user_id IS NOT NULL)
);
COMMENT ON TABLE publish.recipients IS
'Whom each owner field of each invoice resolves to. Grain: one row per account, live invoice and owner field of the account file, the empty ones too. A row that stays the same is not touched.';
COMMENT ON COLUMN publish.recipients.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.recipients.invoice_id IS 'Internal id of the invoice in NetSuite.';
COMMENT ON COLUMN publish.recipients.owner_field IS 'The field on the invoice that names the owner, such as salesrep or custbody_collector.';
COMMENT ON COLUMN publish.recipients.invoice_number IS 'The invoice''s number as people know it (NetSuite''s tranid).';
COMMENT ON COLUMN publish.recipients.employee_id IS 'The internal id that the owner field holds; null when it is empty.';
COMMENT ON COLUMN publish.recipients.user_id IS 'The user matched with the employee (workflow.users), whatever the status; null when there is none.';
COMMENT ON COLUMN publish.recipients.email IS 'The address to mail: the employee record''s, trimmed. Only when status is ok.';
COMMENT ON COLUMN publish.recipients.status IS 'ok, or the first check that failed, in this order: owner_empty (the field is empty), employee_not_found (NetSuite shows no such employee), not_an_employee (a vendor, customer, ...), employee_deleted, employee_inactive, email_missing, email_invalid, conflict (a person must decide who it is), no_user (the employee has no user), user_inactive.';
COMMENT ON COLUMN publish.recipients.run_id IS 'The run that first found the row as it is now.';
COMMENT ON COLUMN publish.recipients.resolved_at IS 'When the row was first found as it is now; later runs that find the same leave it.';

CREATE TABLE publish.customer_credit (
    account text NOT NULL,
    customer_id bigint NOT NULL,
    customer_name text,
    currency text,
    credit_limit numeric,
    balance numeric,
    overdue_balance numeric,
    days_overdue integer,
    unbilled_orders numeric,
    available_credit numeric,
    utilization numeric,
    terms text,
    on_hold boolean,
    sales_rep_employee_id bigint,
    refreshed_at timestamptz NOT NULL,
    PRIMARY KEY (account, customer_id)
);
COMMENT ON TABLE publish.customer_credit IS
'Credit standing of customers. Grain: one row per account and live customer, leads, prospects and inactive ones too (who is inactive may still owe). Amounts are in the customer''s currency.';
COMMENT ON COLUMN publish.customer_credit.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.customer_credit.customer_id IS 'Internal id of the customer in NetSuite.';
COMMENT ON COLUMN publish.customer_credit.customer_name IS 'Company name, else the alternative name, else the entity id.';
COMMENT ON COLUMN publish.customer_credit.currency IS 'Primary currency of the customer, as NetSuite shows it.';
COMMENT ON COLUMN publish.customer_credit.credit_limit IS 'Credit limit; null: no limit is set; zero: no credit is given.';
COMMENT ON COLUMN publish.customer_credit.balance IS 'What the customer owes; negative: we owe the customer.';
COMMENT ON COLUMN publish.customer_credit.overdue_balance IS 'The part of the balance that is past its due date.';
COMMENT ON COLUMN publish.customer_credit.days_overdue IS 'Days that the oldest overdue amount is past its due date.';
COMMENT ON COLUMN publish.customer_credit.unbilled_orders IS 'Ordered and not yet billed.';
COMMENT ON COLUMN publish.customer_credit.available_credit IS 'credit_limit - balance - unbilled_orders (null amounts count as zero); null when no limit is set.';
COMMENT ON COLUMN publish.customer_credit.utilization IS '(balance + unbilled_orders) / credit_limit, 1 = fully used, rounded to 6 decimals; null when no limit is set or it is not above zero.';
COMMENT ON COLUMN publish.customer_credit.terms IS 'Payment terms, by name.';
COMMENT ON COLUMN publish.customer_credit.on_hold IS 'Credit hold: the override on the customer decides (ON, OFF); AUTO or none: NetSuite''s own standing. Null when NetSuite tells neither.';
COMMENT ON COLUMN publish.customer_credit.sales_rep_employee_id IS 'Internal id of the employee who is the customer''s sales rep.';
COMMENT ON COLUMN publish.customer_credit.refreshed_at IS 'The cut-off of the last run that published the row: NetSuite''s clock when that run began. Never moves back.';
