-- Who owns invoices by their sales team, as the account file chooses (D6): for the accepted invoices, and when the choice
-- is another than that of the last load, for every invoice with a team; an invoice whose team was not read keeps its owner.
-- Grain: one row per invoice and chosen member; one with employee_id null where nobody is chosen, and then reason says why,
-- unless the invoice has no team. owner_field: salesrep, salesrep:2, salesrep:3, ...

CREATE TEMPORARY TABLE team_owners ON COMMIT DROP AS
WITH invoices AS (
    SELECT id AS invoice_id
    FROM accepted
    UNION
    SELECT invoice_id
    FROM raw.sales_teams
    WHERE account = :account
        AND NOT EXISTS (
            SELECT FROM ops.team_selling
            WHERE account = :account
                AND choice = :team_choice
                AND least_contribution IS NOT DISTINCT FROM CAST(:least_contribution AS numeric)
        )
),

members AS (
    SELECT
        teams.invoice_id,
        teams.employee_id,
        teams.is_primary IS TRUE AS is_primary,
        teams.contribution,
        count(*) FILTER (WHERE teams.is_primary) OVER (PARTITION BY teams.invoice_id) AS primaries
    FROM invoices
    INNER JOIN raw.sales_teams AS teams
        ON teams.account = :account AND invoices.invoice_id = teams.invoice_id
),

chosen AS (
    SELECT
        invoice_id,
        employee_id,
        row_number() OVER (
            PARTITION BY invoice_id ORDER BY is_primary DESC, contribution DESC NULLS LAST, employee_id
        ) AS number
    FROM members
    WHERE CASE :team_choice
        WHEN 'primary' THEN is_primary AND primaries = 1
        WHEN 'all' THEN true
        WHEN 'contribution' THEN contribution >= CAST(:least_contribution AS numeric)
    END
)

SELECT
    invoices.invoice_id,
    concat_ws(':', 'salesrep', nullif(chosen.number, 1)) AS owner_field,
    chosen.employee_id,
    CASE
        WHEN chosen.employee_id IS NULL AND teams.invoice_id IS NOT NULL
            THEN CASE :team_choice WHEN 'primary' THEN 'team_without_primary' ELSE 'team_below_contribution' END
    END AS reason
FROM invoices
LEFT JOIN (SELECT DISTINCT invoice_id FROM members) AS teams
    ON invoices.invoice_id = teams.invoice_id
LEFT JOIN chosen
    ON invoices.invoice_id = chosen.invoice_id;

ANALYZE team_owners;
