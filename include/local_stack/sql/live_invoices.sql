-- Invoices that are not deleted, and the rows published about them. Every one must be published once per owner field; the
-- further members of sales teams (salesrep:2, ...) come on top, and are left out.
-- Grain: one row.
SELECT
    (
        SELECT count(*) FROM raw.invoices AS invoices
        WHERE invoices.account = :account AND invoices.deleted_at IS NULL
    ) AS invoices,
    (
        SELECT count(*) FROM publish.recipients AS recipients
        WHERE recipients.account = :account AND recipients.owner_field NOT LIKE '%:%'
    ) AS recipients;
