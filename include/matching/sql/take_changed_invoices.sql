-- Step 4 of publishing: which invoices have changed in raw since the last publish.
-- Grain of the temporary table: one row per invoice. Taken are the notes of what this transaction's snapshot shows; what
-- is noted meanwhile waits for the next publish.
CREATE TEMP TABLE changed_invoices ON COMMIT DROP AS
WITH taken AS (
    DELETE FROM matching.changed_invoices
    WHERE account = :account
    RETURNING invoice_id
)

SELECT DISTINCT invoice_id
FROM taken;

ANALYZE changed_invoices;

-- Whether it pays to resolve all recipients anew: nothing is published, a note says that any invoice may have changed, or
-- more than a share of the invoices or of the owners did.
SELECT
    published.rows IS NULL
    OR changed.any_invoice
    OR changed.invoices > :rebuild_share * published.rows / published.owner_fields
    OR changed.owners > :rebuild_share * changed.of_owners AS rebuilds
FROM (
    SELECT
        sum(rows) AS rows,
        count(DISTINCT owner_field) AS owner_fields
    FROM matching.recipient_counts
    -- Of a sales team, one row per invoice counts.
    WHERE account = :account AND owner_field NOT LIKE '%:%'
) AS published
CROSS JOIN (
    SELECT
        EXISTS (SELECT FROM changed_invoices WHERE invoice_id IS NULL) AS any_invoice,
        (SELECT count(*) FROM changed_invoices) AS invoices,
        (SELECT count(*) FROM owner_changes WHERE status_before IS NOT NULL) AS owners,
        (SELECT count(*) FROM owner_states_now) AS of_owners
) AS changed;
