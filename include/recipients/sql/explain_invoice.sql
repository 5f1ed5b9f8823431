-- Every check of every owner field of the invoices with this internal id or this number, live ones first.
-- Grain: one row per invoice found, owner field and check; owner_field null where the account has no owner field yet.
SELECT
    invoices.id AS invoice_id,
    invoices.invoice_number,
    invoices.deleted_at IS NOT NULL AS is_deleted,
    explained.owner_field,
    explained."check",
    explained.outcome,
    explained.seen,
    explained.who_can_mend,
    explained.status
FROM raw.invoices AS invoices
LEFT JOIN publish.recipient_explain AS explained
    ON explained.account = :account AND invoices.id = explained.invoice_id
WHERE invoices.account = :account
    AND (
        invoices.id = CAST(:invoice_id AS bigint)
        OR invoices.invoice_number = CAST(:invoice_number AS text)
    )
-- salesrep, salesrep:2, ..., salesrep:10: by the field, then by the number.
ORDER BY
    is_deleted,
    invoices.id,
    split_part(explained.owner_field, ':', 1),
    length(explained.owner_field),
    explained.owner_field,
    explained.number;
