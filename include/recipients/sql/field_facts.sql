-- What the last sync and publish say of owner fields. Grain: one row per owner field asked for.
-- mostly: the status that most of its filled, live invoices have, where none of them gives a recipient.
SELECT
    asked.owner_field,
    coalesce(published.invoices, 0) AS invoices,
    coalesce(published.filled, 0) AS filled,
    coalesce(published.ok, 0) AS ok,
    CASE WHEN published.ok = 0 THEN published.mostly END AS mostly,
    coalesce(asked.owner_field = ANY(watermarks.fields), false) AS is_synced,
    watermarks.read_up_to,
    coalesce(now() - watermarks.read_up_to > CAST(:stale_after AS interval), false) AS is_stale
FROM unnest(CAST(:owner_fields AS text[])) AS asked (owner_field)
LEFT JOIN (
    SELECT
        owner_field,
        count(*) AS invoices,
        count(*) FILTER (WHERE status <> 'owner_empty') AS filled,
        count(*) FILTER (WHERE status = 'ok') AS ok,
        mode() WITHIN GROUP (ORDER BY status) FILTER (WHERE status NOT IN ('ok', 'owner_empty')) AS mostly
    FROM publish.recipients
    WHERE account = :account AND owner_field = ANY(CAST(:owner_fields AS text[]))
    GROUP BY owner_field
) AS published USING (owner_field)
LEFT JOIN ops.watermarks AS watermarks
    ON watermarks.account = :account AND watermarks.entity = 'invoices';
