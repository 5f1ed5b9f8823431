-- Who owns the accepted invoices. Grain: one row per account, invoice and owner field, the empty ones too; without the
-- owner field that a sales team takes the place of.

MERGE INTO raw.invoice_owners AS loaded
USING (
    SELECT
        accepted.id AS invoice_id,
        staged_owners.owner_field,
        CAST(CAST(nullif(staged_owners.employee_id, '') AS numeric) AS bigint) AS employee_id
    FROM accepted
    INNER JOIN staged_owners ON staged_owners.row_number = accepted.row_number
) AS batch
ON loaded.account = :account AND loaded.invoice_id = batch.invoice_id AND loaded.owner_field = batch.owner_field
WHEN MATCHED AND (loaded.employee_id IS DISTINCT FROM batch.employee_id OR loaded.reason IS NOT NULL) THEN UPDATE SET
    employee_id = batch.employee_id,
    reason = NULL,
    run_id = :run_id
WHEN NOT MATCHED THEN INSERT (account, invoice_id, owner_field, employee_id, run_id)
VALUES (:account, batch.invoice_id, batch.owner_field, batch.employee_id, :run_id);

-- Fields that the account file names no longer own nothing, on no invoice; nor do further members of sales teams without
-- team_selling.
DELETE FROM raw.invoice_owners
WHERE account = :account
    AND owner_field <> ALL(CAST(:owner_fields AS text[]))
    AND (CAST(:team_choice AS text) IS NULL OR owner_field NOT LIKE 'salesrep:%');
