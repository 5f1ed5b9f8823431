-- What the last sync and publish say of owner fields. Grain: one row per owner field asked for.
-- mostly: the status that most of its filled, live invoices have, where none of them gives a recipient.
-- With team_selling the sales team is what is read and filled; a recipient is whomever of it is chosen.
SELECT
    asked.owner_field,
    coalesce(published.invoices, 0) AS invoices,
    coalesce(published.filled, 0) AS filled,
    coalesce(published.ok, 0) AS ok,
    CASE WHEN published.ok = 0 THEN published.mostly END AS mostly,
    coalesce(
        CASE
            WHEN teams.account IS NULL THEN asked.owner_field = ANY(watermarks.fields)
            ELSE 'transactionsalesteam' = ANY(watermarks.columns)
        END,
        false
    ) AS is_synced,
    watermarks.read_up_to,
    coalesce(now() - watermarks.read_up_to > CAST(:stale_after AS interval), false) AS is_stale
FROM unnest(CAST(:owner_fields AS text[])) AS asked (owner_field)
LEFT JOIN (
    SELECT
        split_part(owner_field, ':', 1) AS owner_field,
        count(*) FILTER (WHERE owner_field NOT LIKE '%:%') AS invoices,
        count(*) FILTER (WHERE owner_field NOT LIKE '%:%' AND status <> 'owner_empty') AS filled,
        count(*) FILTER (WHERE status = 'ok') AS ok,
        mode() WITHIN GROUP (ORDER BY status) FILTER (WHERE status NOT IN ('ok', 'owner_empty')) AS mostly
    FROM publish.recipients
    WHERE account = :account AND split_part(owner_field, ':', 1) = ANY(CAST(:owner_fields AS text[]))
    GROUP BY split_part(owner_field, ':', 1)
) AS published USING (owner_field)
LEFT JOIN ops.team_selling AS teams
    ON teams.account = :account AND asked.owner_field = 'salesrep'
LEFT JOIN ops.watermarks AS watermarks
    ON watermarks.account = :account AND watermarks.entity = 'invoices';
