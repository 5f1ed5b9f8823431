-- What is published of people: conflicts and the mapping of users; the switch to match only; the workflow engine's own
-- tables of role changes and of who looks after which customers.

CREATE TABLE publish.conflicts (
    account text NOT NULL,
    employee_id bigint NOT NULL,
    kind text NOT NULL CHECK (
        kind IN ('address_taken', 'shared_address', 'several_users', 'another_employee', 'verdict_outdated')
    ),
    reason text NOT NULL,
    user_id uuid,
    evidence jsonb NOT NULL,
    evidence_hash text NOT NULL,
    reopened_verdict_id bigint,
    reopened_because text,
    opened_at timestamptz NOT NULL DEFAULT now(),
    opened_in_run text NOT NULL,
    run_id text NOT NULL,
    PRIMARY KEY (account, employee_id),
    CHECK ((reopened_verdict_id IS NULL) = (reopened_because IS NULL))
);
COMMENT ON TABLE publish.conflicts IS
'Employees of whom a person must decide which user they are (B8). Grain: one row per account and employee in conflict; it leaves when the conflict is settled.';
COMMENT ON COLUMN publish.conflicts.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.conflicts.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN publish.conflicts.kind IS 'address_taken: another user has the linked employee''s address, or is to get it. shared_address: two or more active employees have the address. several_users: two or more users have it. another_employee: the user who has it is linked to another employee. verdict_outdated: the evidence of a verdict changed, and without it the case is not clear.';
COMMENT ON COLUMN publish.conflicts.reason IS 'The same in words.';
COMMENT ON COLUMN publish.conflicts.user_id IS 'The link that stands and is in doubt; null: none.';
COMMENT ON COLUMN publish.conflicts.evidence IS 'All candidates and the evidence for each, as matching.cases has it; publish.conflict_candidates shows it as rows.';
COMMENT ON COLUMN publish.conflicts.evidence_hash IS 'SHA-256 of the evidence; a verdict names it, and holds for exactly that evidence.';
COMMENT ON COLUMN publish.conflicts.reopened_verdict_id IS 'The verdict (matching.verdicts) that no longer holds; null: nobody has decided this before.';
COMMENT ON COLUMN publish.conflicts.reopened_because IS 'Why that verdict no longer holds, in words.';
COMMENT ON COLUMN publish.conflicts.opened_at IS 'When the conflict was first published.';
COMMENT ON COLUMN publish.conflicts.opened_in_run IS 'The run that published it first.';
COMMENT ON COLUMN publish.conflicts.run_id IS 'The run in which the row changed last.';

CREATE VIEW publish.conflict_candidates AS
SELECT
    conflicts.account,
    conflicts.employee_id,
    candidate.user_id,
    users.email,
    users.display_name,
    candidate.is_active,
    candidate.linked_id AS is_linked,
    candidate.same_email,
    candidate.linked_employee_id,
    conflicts.kind,
    conflicts.evidence_hash
FROM publish.conflicts AS conflicts
CROSS JOIN LATERAL jsonb_to_recordset(conflicts.evidence -> 'candidates') AS candidate (
    user_id uuid,
    is_active boolean,
    linked_id boolean,
    same_email boolean,
    linked_employee_id bigint
)
LEFT JOIN workflow.users AS users ON candidate.user_id = users.user_id;
COMMENT ON VIEW publish.conflict_candidates IS 'Who may be meant, and what speaks for each. Grain: one row per conflict and candidate user.';
COMMENT ON COLUMN publish.conflict_candidates.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.conflict_candidates.employee_id IS 'Internal id of the NetSuite employee in conflict.';
COMMENT ON COLUMN publish.conflict_candidates.user_id IS 'The candidate.';
COMMENT ON COLUMN publish.conflict_candidates.email IS 'The user''s address as it is now.';
COMMENT ON COLUMN publish.conflict_candidates.display_name IS 'The user''s name as it is now.';
COMMENT ON COLUMN publish.conflict_candidates.is_active IS 'Whether the user was active when the conflict was published.';
COMMENT ON COLUMN publish.conflict_candidates.is_linked IS 'True: the user holds the employee''s id.';
COMMENT ON COLUMN publish.conflict_candidates.same_email IS 'True: both have the same match key.';
COMMENT ON COLUMN publish.conflict_candidates.linked_employee_id IS 'The employee that the user is linked to; null: none.';
COMMENT ON COLUMN publish.conflict_candidates.kind IS 'Kind of the conflict.';
COMMENT ON COLUMN publish.conflict_candidates.evidence_hash IS 'What a verdict must name.';

CREATE TABLE publish.user_mapping (
    account text NOT NULL,
    user_id uuid NOT NULL,
    netsuite_integrated boolean NOT NULL,
    employee_id bigint,
    rule text CHECK (rule IN ('human_verdict', 'linked_id', 'same_email')),
    reason text CHECK (
        reason IN (
            'email_invalid', 'no_employee', 'employee_not_found', 'employee_deleted', 'employee_inactive', 'conflict',
            'decided_none', 'employee_has_another_user', 'not_on_an_invoice'
        )
    ),
    run_id text NOT NULL,
    mapped_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, user_id),
    CHECK (netsuite_integrated = (employee_id IS NOT NULL)),
    CHECK (netsuite_integrated = (rule IS NOT NULL)),
    CHECK (netsuite_integrated = (reason IS NULL))
);
CREATE INDEX user_mapping_integrated ON publish.user_mapping (account, netsuite_integrated);
COMMENT ON TABLE publish.user_mapping IS
'Which employee each user is. Grain: one row per user of the account. A row that stays the same is not touched.';
COMMENT ON COLUMN publish.user_mapping.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.user_mapping.user_id IS 'The user (workflow.users).';
COMMENT ON COLUMN publish.user_mapping.netsuite_integrated IS 'Yes: the user has an employee (E6).';
COMMENT ON COLUMN publish.user_mapping.employee_id IS 'Internal id of that employee; null: none.';
COMMENT ON COLUMN publish.user_mapping.rule IS 'What brought them together: human_verdict (a person decided), same_email (found by the address), linked_id (the user held the employee''s id already, as one that the sync made does). Stays while the pair stays.';
COMMENT ON COLUMN publish.user_mapping.reason IS 'Why there is none: email_invalid (the user''s address is not valid), no_employee (no employee has it), employee_not_found (the user holds an id that is no employee), employee_deleted, employee_inactive (nobody active has it), conflict (publish.conflicts), decided_none (a person decided so), employee_has_another_user (the employee is matched with another user), not_on_an_invoice (no invoice names the employee; user mode import only).';
COMMENT ON COLUMN publish.user_mapping.run_id IS 'The run that first found the row as it is now.';
COMMENT ON COLUMN publish.user_mapping.mapped_at IS 'When the row was first found as it is now.';

CREATE VIEW publish.user_mapping_summary AS
SELECT
    account,
    count(*) AS users,
    count(*) FILTER (WHERE netsuite_integrated) AS mapped,
    count(*) FILTER (WHERE NOT netsuite_integrated) AS not_mapped,
    count(*) FILTER (WHERE reason = 'conflict') AS in_conflict
FROM publish.user_mapping
GROUP BY account;
COMMENT ON VIEW publish.user_mapping_summary IS 'The card "Not mapped with NetSuite" (E5). Grain: one row per account with users.';
COMMENT ON COLUMN publish.user_mapping_summary.account IS 'Name of the account file.';
COMMENT ON COLUMN publish.user_mapping_summary.users IS 'Users in all.';
COMMENT ON COLUMN publish.user_mapping_summary.mapped IS 'Users with an employee.';
COMMENT ON COLUMN publish.user_mapping_summary.not_mapped IS 'Users without one: "Not mapped with NetSuite".';
COMMENT ON COLUMN publish.user_mapping_summary.in_conflict IS 'Those among them whose conflict waits for a person.';

CREATE TABLE ops.user_mode_switches (
    account text PRIMARY KEY,
    user_mode text NOT NULL CHECK (user_mode = 'match_only'),
    confirmed_by text NOT NULL CHECK (confirmed_by <> ''),
    confirmed_at timestamptz NOT NULL DEFAULT now(),
    run_id text NOT NULL,
    shown jsonb NOT NULL
);
COMMENT ON TABLE ops.user_mode_switches IS 'Accounts that were switched to match only (E2), for ever. Grain: one row per account; append-only.';
COMMENT ON COLUMN ops.user_mode_switches.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.user_mode_switches.user_mode IS 'match_only.';
COMMENT ON COLUMN ops.user_mode_switches.confirmed_by IS 'The person who approved it in Airflow.';
COMMENT ON COLUMN ops.user_mode_switches.confirmed_at IS 'When the switch was written.';
COMMENT ON COLUMN ops.user_mode_switches.run_id IS 'Airflow''s id of the run of netsuite_match_only__<account>.';
COMMENT ON COLUMN ops.user_mode_switches.shown IS 'What the person was shown: how many users would match, would not, and are in conflict.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ops.user_mode_switches
FOR EACH STATEMENT EXECUTE FUNCTION matching.refuse_change();

CREATE TABLE workflow.role_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    user_id uuid NOT NULL,
    role_before text NOT NULL,
    role_after text NOT NULL CHECK (role_after IN ('viewer', 'member', 'admin')),
    changed_by text NOT NULL CHECK (changed_by <> ''),
    changed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX role_changes_user ON workflow.role_changes (user_id, change_id);
COMMENT ON TABLE workflow.role_changes IS 'Every change of a user''s role by a person (O14), append-only. Grain: one row per change.';
COMMENT ON COLUMN workflow.role_changes.change_id IS 'Number of the change.';
COMMENT ON COLUMN workflow.role_changes.account IS 'Name of the account file.';
COMMENT ON COLUMN workflow.role_changes.user_id IS 'The user.';
COMMENT ON COLUMN workflow.role_changes.role_before IS 'The role before.';
COMMENT ON COLUMN workflow.role_changes.role_after IS 'The role since.';
COMMENT ON COLUMN workflow.role_changes.changed_by IS 'The person who changed it.';
COMMENT ON COLUMN workflow.role_changes.changed_at IS 'When.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON workflow.role_changes
FOR EACH STATEMENT EXECUTE FUNCTION matching.refuse_change();

CREATE TABLE IF NOT EXISTS workflow.customer_assignments (
    account text NOT NULL,
    customer_id bigint NOT NULL,
    user_id uuid NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, customer_id)
);
COMMENT ON TABLE workflow.customer_assignments IS 'The user whom the workflow engine assigned to a customer. Grain: one row per customer. The workflow engine''s own; the sync may not write it (O8).';
COMMENT ON COLUMN workflow.customer_assignments.account IS 'Name of the account file.';
COMMENT ON COLUMN workflow.customer_assignments.customer_id IS 'Internal id of the customer in NetSuite.';
COMMENT ON COLUMN workflow.customer_assignments.user_id IS 'The assigned user.';
COMMENT ON COLUMN workflow.customer_assignments.assigned_at IS 'When the user was assigned.';

CREATE TABLE IF NOT EXISTS workflow.customer_groups (
    account text NOT NULL,
    group_name text NOT NULL,
    customer_id bigint NOT NULL,
    PRIMARY KEY (account, group_name, customer_id)
);
COMMENT ON TABLE workflow.customer_groups IS 'Groupings of customers (portfolios). Grain: one row per group and customer in it. The workflow engine''s own; the sync may not write it (O8).';
COMMENT ON COLUMN workflow.customer_groups.account IS 'Name of the account file.';
COMMENT ON COLUMN workflow.customer_groups.group_name IS 'Name of the group.';
COMMENT ON COLUMN workflow.customer_groups.customer_id IS 'Internal id of the customer in NetSuite.';
