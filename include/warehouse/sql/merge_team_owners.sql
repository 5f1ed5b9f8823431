-- The owners chosen from sales teams. Grain: one row per account, invoice and chosen member, or one that says why nobody is.

MERGE INTO raw.invoice_owners AS loaded
USING team_owners AS chosen
ON loaded.account = :account AND loaded.invoice_id = chosen.invoice_id AND loaded.owner_field = chosen.owner_field
WHEN MATCHED AND (loaded.employee_id, loaded.reason) IS DISTINCT FROM (chosen.employee_id, chosen.reason)
    THEN UPDATE SET
        employee_id = chosen.employee_id,
        reason = chosen.reason,
        run_id = :run_id
WHEN NOT MATCHED THEN INSERT (account, invoice_id, owner_field, employee_id, reason, run_id)
VALUES (:account, chosen.invoice_id, chosen.owner_field, chosen.employee_id, chosen.reason, :run_id);

-- Members who are chosen no longer.
DELETE FROM raw.invoice_owners AS loaded
USING (SELECT DISTINCT invoice_id FROM team_owners) AS invoices
WHERE loaded.account = :account
    AND loaded.invoice_id = invoices.invoice_id
    AND loaded.owner_field LIKE 'salesrep:%'
    AND NOT EXISTS (
        SELECT FROM team_owners AS chosen
        WHERE chosen.invoice_id = loaded.invoice_id AND chosen.owner_field = loaded.owner_field
    );

-- The choice that all owners are chosen by now. Grain: the account's row.
INSERT INTO ops.team_selling AS known (account, choice, least_contribution, run_id)
VALUES (:account, :team_choice, CAST(:least_contribution AS numeric), :run_id)
ON CONFLICT (account) DO UPDATE SET
    choice = excluded.choice,
    least_contribution = excluded.least_contribution,
    run_id = excluded.run_id,
    chosen_at = excluded.chosen_at
WHERE (known.choice, known.least_contribution) IS DISTINCT FROM (excluded.choice, excluded.least_contribution);
