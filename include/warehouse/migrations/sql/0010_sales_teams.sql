-- Sales teams as NetSuite holds them, the choice among their members, and the owners that come of it.

CREATE TABLE raw.sales_teams (
    account text NOT NULL,
    invoice_id bigint NOT NULL,
    employee_id bigint NOT NULL,
    is_primary boolean,
    contribution numeric,
    run_id text NOT NULL,
    PRIMARY KEY (account, invoice_id, employee_id),
    FOREIGN KEY (account, invoice_id) REFERENCES raw.invoices (account, id)
);
-- Finds the teams that an employee is on.
CREATE INDEX sales_teams_employee ON raw.sales_teams (account, employee_id);
COMMENT ON TABLE raw.sales_teams IS 'Who is on an invoice''s sales team in NetSuite, whomever the account file chooses (NetSuite transactionsalesteam, D6). Grain: one row per account, invoice and member; none of accounts without team_selling.';
COMMENT ON COLUMN raw.sales_teams.account IS 'Name of the account file.';
COMMENT ON COLUMN raw.sales_teams.invoice_id IS 'The invoice: id in raw.invoices.';
COMMENT ON COLUMN raw.sales_teams.employee_id IS 'The member''s internal id, meant to be an employee (raw.employees).';
COMMENT ON COLUMN raw.sales_teams.is_primary IS 'Whether NetSuite marks the member as primary; null where it does not say.';
COMMENT ON COLUMN raw.sales_teams.contribution IS 'The member''s part as a share, 1 being the whole; of a member who is on the team several times the sum; null where NetSuite holds none. What NetSuite writes with a percent sign is divided by 100, and so is a team whose contributions without one sum to more than 1.5.';
COMMENT ON COLUMN raw.sales_teams.run_id IS 'The run that last changed this row; a run that finds it unchanged leaves it.';

ALTER TABLE raw.invoice_owners
    ADD COLUMN reason text CHECK (reason IN ('team_without_primary', 'team_below_contribution')),
    ADD CONSTRAINT reason_without_employee CHECK (reason IS NULL OR employee_id IS NULL);
COMMENT ON TABLE raw.invoice_owners IS 'Who owns an invoice. Grain: one row per account, invoice and owner field of the account file, the empty ones too; with team_selling one more for each further member of the sales team that is chosen (salesrep:2, salesrep:3, ...).';
COMMENT ON COLUMN raw.invoice_owners.owner_field IS 'The owner field, as the account file names it (salesrep, custbody_collector). With team_selling, salesrep is the first member of the sales team that is chosen, salesrep:2, salesrep:3, ... are the others: the primary first, then by contribution, the largest first, then by id.';
COMMENT ON COLUMN raw.invoice_owners.employee_id IS 'The internal id the field holds, meant to be an employee (raw.employees); null when the field is empty, or nobody of the sales team is chosen.';
COMMENT ON COLUMN raw.invoice_owners.reason IS 'Why employee_id is null though the invoice has a sales team: team_without_primary (none, or more than one, is marked primary), team_below_contribution (nobody reaches the least contribution); null otherwise.';

CREATE TABLE ops.team_selling (
    account text PRIMARY KEY,
    choice text NOT NULL CHECK (choice IN ('primary', 'all', 'contribution')),
    least_contribution numeric,
    run_id text NOT NULL,
    chosen_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((choice = 'contribution') = (least_contribution IS NOT NULL))
);
COMMENT ON TABLE ops.team_selling IS 'The account file''s team_selling as of the last load of invoices: how raw.invoice_owners were chosen from raw.sales_teams. Grain: one row per account; none of accounts without team_selling.';
COMMENT ON COLUMN ops.team_selling.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.team_selling.choice IS 'primary, all or contribution.';
COMMENT ON COLUMN ops.team_selling.least_contribution IS 'With choice contribution, the least share that is chosen; null otherwise.';
COMMENT ON COLUMN ops.team_selling.run_id IS 'The run that first loaded with this choice.';
COMMENT ON COLUMN ops.team_selling.chosen_at IS 'When that was.';

-- The rights of the database's roles, where a user other than the one of migration 0009 runs this one.
DO $rights$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT rolname FROM pg_roles WHERE rolname IN ('netsuite_sync_writer', 'netsuite_sync_reader') LOOP
        EXECUTE format('GRANT SELECT ON raw.sales_teams, ops.team_selling TO %I', name);
        IF name = 'netsuite_sync_writer' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON raw.sales_teams, ops.team_selling TO %I', name);
        END IF;
    END LOOP;
END
$rights$;
