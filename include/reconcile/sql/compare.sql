-- NetSuite's listing of an entity against raw. Grain: one row per record that differs, or waits in quarantine.
-- lost: in NetSuite, but not in raw, or deleted there. changed: modified at another instant than raw says, or another
-- amount is unpaid: a payment changes that, and may leave the invoice's modified instant as it was.
-- deleted_silently: live in raw, not in NetSuite. quarantined: one of the first two, but its row waits in quarantine.
-- What was modified since :due_up_to is still to be read by the next sync; what raw took in after the run's fence is
-- newer than the listing. Neither is a difference.

WITH in_netsuite AS (
    SELECT
        CAST(CAST(id AS numeric) AS bigint) AS id,
        CAST(nullif(last_modified_at, '') AS timestamptz) AS modified_at,
        -- What is no number waits in quarantine, or will.
        CASE
            WHEN length(unpaid_amount) <= 40 AND unpaid_amount ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9][0-9]?)?$'
                THEN CAST(unpaid_amount AS numeric)
        END AS unpaid_amount
    FROM listed
),

in_raw AS (
    SELECT
        id,
        last_modified_at AS modified_at,
        compared_amount AS unpaid_amount,
        deleted_at
    FROM loaded
    WHERE account = :account
),

seen AS (
    SELECT
        coalesce(in_netsuite.id, in_raw.id) AS id,
        in_netsuite.modified_at AS netsuite_modified_at,
        in_netsuite.id IS NOT NULL AND coalesce(in_netsuite.modified_at < :due_up_to, true) AS is_due,
        CASE
            WHEN in_netsuite.id IS NULL AND in_raw.deleted_at IS NULL THEN 'deleted_silently'
            WHEN in_netsuite.id IS NULL THEN NULL
            WHEN in_raw.id IS NULL OR in_raw.deleted_at IS NOT NULL THEN 'lost'
            WHEN in_netsuite.modified_at IS DISTINCT FROM in_raw.modified_at THEN 'changed'
            WHEN in_netsuite.unpaid_amount <> in_raw.unpaid_amount THEN 'changed'
        END AS kind
    FROM in_netsuite
    FULL JOIN in_raw ON in_raw.id = in_netsuite.id
    WHERE coalesce(in_raw.modified_at < :cutoff_at, true)
        AND coalesce(in_raw.deleted_at < :cutoff_at, true)
)

INSERT INTO differences (id, kind, netsuite_modified_at)
SELECT
    seen.id,
    CASE WHEN seen.kind <> 'deleted_silently' AND waiting.record_id IS NOT NULL THEN 'quarantined' ELSE seen.kind END,
    seen.netsuite_modified_at
FROM seen
LEFT JOIN quarantine.rows AS waiting
    ON waiting.account = :account
    AND waiting.entity = :entity
    AND waiting.record_id = CAST(seen.id AS text)
    AND waiting.resolved_at IS NULL
WHERE seen.kind IS NOT NULL
    AND (seen.kind = 'deleted_silently' OR seen.is_due OR waiting.record_id IS NOT NULL);
