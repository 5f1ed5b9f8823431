-- Step 6 of publishing: in what the recipients differ from what is published, why, and since when.
-- Grain: one row per invoice and owner field whose row comes, changes or goes. status: after the change; of a row that
-- goes, the last one. Columns in _before are null for a row that comes, those without for a row that goes.
-- owner_changed: the invoice's number or its owner differs, or there was none or is none now; not only what the owner
-- resolves to. valid_from says since when, for these rows only, never after the publish: the invoice's last modification
-- or deletion; what a change of the account file did is valid since the publish. Where that changed how owners are chosen
-- from sales teams, it is the cause of whatever came of salesrep since the last publish.
CREATE TEMP TABLE recipient_changes ON COMMIT DROP AS
WITH resolved AS (
    SELECT
        owners.invoice_id,
        owners.owner_field,
        owners.invoice_number,
        owners.employee_id,
        states.user_id,
        states.email,
        CASE
            WHEN owners.employee_id IS NULL THEN coalesce(owners.reason, 'owner_empty')
            ELSE coalesce(states.status, 'employee_not_found')
        END AS status,
        owners.modified_at
    FROM owners_to_resolve AS owners
    LEFT JOIN owner_states_now AS states
        ON owners.employee_id = states.owner_id
),

differences AS (
    SELECT
        invoice_id,
        owner_field,
        resolved.invoice_number,
        resolved.employee_id,
        resolved.user_id,
        resolved.email,
        coalesce(resolved.status, published.status) AS status,
        published.invoice_number AS invoice_number_before,
        published.employee_id AS employee_id_before,
        published.user_id AS user_id_before,
        published.email AS email_before,
        published.status AS status_before,
        published.owner_valid_from AS owner_valid_from_before,
        published.owner_known_from AS owner_known_from_before,
        resolved.modified_at,
        CASE
            WHEN published.status IS NULL THEN 'inserted'
            WHEN resolved.status IS NULL THEN 'deleted'
            ELSE 'updated'
        END AS change
    FROM resolved
    FULL JOIN recipients_to_compare AS published USING (invoice_id, owner_field)
    WHERE (resolved.invoice_number, resolved.employee_id, resolved.user_id, resolved.email, resolved.status)
        IS DISTINCT FROM
        (published.invoice_number, published.employee_id, published.user_id, published.email, published.status)
),

-- Whether the owners were chosen from sales teams in another way than those of the last publish. Grain: one row.
choice AS (
    SELECT
        EXISTS (
            SELECT
            FROM (
                SELECT
                    team_choice,
                    least_contribution
                FROM ops.publishes
                WHERE account = :account
                ORDER BY published_at DESC
                LIMIT 1
            ) AS last
            LEFT JOIN ops.team_selling AS now ON now.account = :account
            WHERE (last.team_choice, last.least_contribution) IS DISTINCT FROM (now.choice, now.least_contribution)
        ) AS is_new
),

-- Looked up for the few rows that need it: nothing is when everything is new.
explained AS (
    SELECT
        differences.*,
        change = 'inserted'
        AND EXISTS (SELECT FROM recipients_to_compare)
        AND EXISTS (
            SELECT FROM publish.recipients AS others
            WHERE others.account = :account AND others.invoice_id = differences.invoice_id
        ) AS has_other_fields,
        -- Why the last that an invoice had went: it was deleted (also where that was not kept yet), or a field was removed.
        CASE
            WHEN change = 'inserted' AND EXISTS (SELECT FROM matching.past_owners AS past WHERE past.account = :account)
                THEN (
                    SELECT coalesce(past.replaced_because, 'invoice_deleted')
                    FROM matching.past_owners AS past
                    WHERE past.account = :account
                        AND past.invoice_id = differences.invoice_id
                        AND past.valid_to = 'infinity'
                    ORDER BY past.known_to DESC
                    LIMIT 1
                )
        END AS went_because,
        change = 'deleted'
        AND EXISTS (
            SELECT FROM raw.invoices AS invoices
            WHERE invoices.account = :account AND invoices.id = differences.invoice_id AND invoices.deleted_at IS NULL
        ) AS lost_field,
        CASE
            WHEN change = 'deleted'
                THEN (
                    SELECT coalesce(invoices.deleted_at, invoices.last_modified_at, invoices.created_at)
                    FROM raw.invoices AS invoices
                    WHERE invoices.account = :account AND invoices.id = differences.invoice_id
                )
        END AS ended_at,
        -- A further member of a sales team that was there before, and is there still.
        change <> 'updated'
        AND owner_field LIKE 'salesrep:%'
        AND NOT choice.is_new
        AND EXISTS (
            SELECT FROM publish.recipients AS first
            WHERE first.account = :account
                AND first.invoice_id = differences.invoice_id
                AND first.owner_field = 'salesrep'
        )
        AND EXISTS (
            SELECT FROM raw.invoice_owners AS first
            WHERE first.account = :account
                AND first.invoice_id = differences.invoice_id
                AND first.owner_field = 'salesrep'
        ) AS is_of_known_team,
        choice.is_new AND split_part(owner_field, ':', 1) = 'salesrep' AS is_chosen_anew,
        -- An owner field without employee is empty for a reason, which its status says.
        change = 'updated'
        AND (employee_id, CASE WHEN employee_id IS NULL THEN status END)
        IS DISTINCT FROM
        (employee_id_before, CASE WHEN employee_id_before IS NULL THEN status_before END) AS has_other_owner
    FROM differences
    CROSS JOIN choice
)

SELECT
    explained.invoice_id,
    explained.owner_field,
    explained.invoice_number,
    explained.employee_id,
    explained.user_id,
    explained.email,
    explained.status,
    explained.invoice_number_before,
    explained.employee_id_before,
    explained.user_id_before,
    explained.email_before,
    explained.status_before,
    explained.owner_valid_from_before,
    explained.owner_known_from_before,
    explained.change,
    explained.change <> 'updated'
    OR explained.has_other_owner
    OR explained.invoice_number IS DISTINCT FROM explained.invoice_number_before AS owner_changed,
    coalesce(
        CASE
            WHEN explained.has_other_fields
                THEN CASE WHEN explained.is_of_known_team THEN 'owner_changed' ELSE 'field_configured' END
            WHEN explained.went_because = 'invoice_deleted' THEN 'invoice_restored'
            WHEN explained.went_because IS NOT NULL THEN 'field_configured'
            WHEN explained.change = 'inserted' THEN 'invoice_created'
            WHEN explained.lost_field
                THEN CASE WHEN explained.is_of_known_team THEN 'owner_changed' ELSE 'field_removed' END
            WHEN explained.change = 'deleted' THEN 'invoice_deleted'
            WHEN explained.has_other_owner
                THEN CASE WHEN explained.is_chosen_anew THEN 'field_configured' ELSE 'owner_changed' END
            WHEN (explained.user_id, explained.email, explained.status)
                IS DISTINCT FROM (explained.user_id_before, explained.email_before, explained.status_before)
                THEN owners.cause
            ELSE 'invoice_renumbered'
        END,
        're_sync'
    ) AS cause,
    least(
        CAST(:published_at AS timestamptz),
        CASE
            WHEN (explained.has_other_fields OR explained.lost_field) AND NOT explained.is_of_known_team THEN NULL
            WHEN explained.has_other_owner AND explained.is_chosen_anew THEN NULL
            WHEN explained.went_because <> 'invoice_deleted' AND NOT explained.has_other_fields THEN NULL
            WHEN explained.change = 'deleted' THEN explained.ended_at
            ELSE explained.modified_at
        END
    ) AS valid_from
FROM explained
LEFT JOIN owner_changes AS owners ON explained.employee_id = owners.owner_id
-- An invoice's recipients come to lie side by side in what is published, and in the log.
ORDER BY explained.invoice_id, explained.owner_field;

ANALYZE recipient_changes;
