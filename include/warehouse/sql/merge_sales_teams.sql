-- The sales teams of the accepted invoices. Grain: one row per account, invoice and member of its team.
-- NetSuite's text is one word per member, employee:isprimary:contribution, such as "12:T:0.6 15:F:.4".
-- Who is on a team several times is one member, with the sum of the contributions.

CREATE TEMPORARY TABLE team_members ON COMMIT DROP AS
WITH words AS (
    SELECT
        accepted.id AS invoice_id,
        split_part(member.word, ':', 1) AS employee,
        split_part(member.word, ':', 2) AS is_primary,
        split_part(member.word, ':', 3) AS contribution
    FROM accepted
    INNER JOIN staged ON staged.row_number = accepted.row_number
    CROSS JOIN LATERAL regexp_split_to_table(staged.sales_team, '\s+') AS member (word)
    WHERE member.word <> ''
),

members AS (
    SELECT
        invoice_id,
        CAST(CAST(employee AS numeric) AS bigint) AS employee_id,
        CASE is_primary WHEN 'T' THEN true WHEN 'F' THEN false END AS is_primary,
        right(contribution, 1) = '%' AS in_percent,
        CAST(nullif(replace(rtrim(contribution, '%'), ',', '.'), '') AS numeric) AS contribution
    FROM words
),

-- Without a percent sign, only the team's sum tells shares (they sum to 1) from percent (they sum to 100).
shares AS (
    SELECT
        invoice_id,
        employee_id,
        is_primary,
        CASE
            WHEN in_percent OR sum(contribution) FILTER (WHERE NOT in_percent) OVER (PARTITION BY invoice_id) > 1.5
                THEN contribution / 100
            ELSE contribution
        END AS contribution
    FROM members
)

SELECT
    invoice_id,
    employee_id,
    bool_or(is_primary) AS is_primary,
    trim_scale(sum(contribution)) AS contribution
FROM shares
GROUP BY invoice_id, employee_id;

ANALYZE team_members;

MERGE INTO raw.sales_teams AS loaded
USING team_members AS batch
ON loaded.account = :account AND loaded.invoice_id = batch.invoice_id AND loaded.employee_id = batch.employee_id
WHEN MATCHED AND (loaded.is_primary, loaded.contribution) IS DISTINCT FROM (batch.is_primary, batch.contribution)
    THEN UPDATE SET
        is_primary = batch.is_primary,
        contribution = batch.contribution,
        run_id = :run_id
WHEN NOT MATCHED THEN INSERT (account, invoice_id, employee_id, is_primary, contribution, run_id)
VALUES (:account, batch.invoice_id, batch.employee_id, batch.is_primary, batch.contribution, :run_id);

-- Who has left a team.
DELETE FROM raw.sales_teams AS loaded
USING accepted
WHERE loaded.account = :account
    AND loaded.invoice_id = accepted.id
    AND NOT EXISTS (
        SELECT FROM team_members AS batch
        WHERE batch.invoice_id = loaded.invoice_id AND batch.employee_id = loaded.employee_id
    );
