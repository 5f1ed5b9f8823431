-- What the batch reports deleted. Grain: one row per entity and internal id; ids are unique only within an entity.
-- The spelling of the record type varies between accounts. Reported twice, the later time counts.

CREATE TEMPORARY TABLE reported_deletions ON COMMIT DROP AS
SELECT
    CASE
        WHEN lower(staged.record_type) IN ('invoice', 'custinvc') THEN 'invoices'
        WHEN lower(staged.record_type) = 'employee' THEN 'employees'
        WHEN lower(staged.record_type) = 'customer' THEN 'customers'
    END AS entity,
    accepted.id,
    max(CAST(nullif(staged.deleted_at, '') AS timestamptz)) AS deleted_at
FROM accepted
INNER JOIN staged ON staged.row_number = accepted.row_number
GROUP BY 1, 2;
