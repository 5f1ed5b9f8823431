-- Step 3 of publishing: which owners resolve to something else than at the last publish, why, and since when.
-- Grain: one row per owner id whose state is new or differs. status_before: null where the state is new.
--
-- cause: the checks stand in one order, so the two statuses tell what happened. A status that stands earlier than the one
-- before is a check that has failed since; one that stands later means that what failed before fails no longer.
-- valid_from, never after the publish: the employee's deletion or last modification; the creation or last update of the
-- user (whose own address it may be that changed) if that came after the last publish, which still saw the old state;
-- else this publish. A first state is valid since the latest of these.
CREATE TEMP TABLE owner_changes ON COMMIT DROP AS
WITH changed AS (
    SELECT
        owner_id,
        before.status AS status_before,
        before.user_id AS user_id_before,
        before.email AS email_before,
        coalesce(now.status, 'employee_not_found') AS status,
        now.user_id,
        now.email,
        coalesce(now.is_employee, false) AS is_employee,
        coalesce(now.is_users_own, false) AS is_users_own,
        now.modified_at,
        now.deleted_at,
        CASE WHEN now.user_created_at > last.published_at THEN now.user_created_at END AS user_created_at,
        CASE WHEN now.user_updated_at > last.published_at THEN now.user_updated_at END AS user_updated_at,
        now.user_updated_at AS user_since,
        ranks.before AS rank_before,
        ranks.now AS rank_now
    FROM owner_states_now AS now
    FULL JOIN (
        SELECT *
        FROM matching.owner_states
        WHERE account = :account
    ) AS before USING (owner_id)
    CROSS JOIN (
        SELECT coalesce(max(published_at), '-infinity') AS published_at
        FROM ops.publishes
        WHERE account = :account
    ) AS last
    CROSS JOIN LATERAL (
        SELECT
            array_position(checks.in_order, before.status) AS before,
            array_position(checks.in_order, coalesce(now.status, 'employee_not_found')) AS now
        FROM (
            SELECT
                ARRAY[
                    'employee_not_found', 'not_an_employee', 'employee_deleted', 'employee_inactive', 'email_missing',
                    'email_invalid', 'conflict', 'no_user', 'user_inactive', 'ok'
                ] AS in_order
        ) AS checks
    ) AS ranks
    WHERE (before.status, before.user_id, before.email)
        IS DISTINCT FROM (coalesce(now.status, 'employee_not_found'), now.user_id, now.email)
),

explained AS (
    SELECT
        changed.*,
        CASE
            WHEN status_before IS NULL THEN NULL
            WHEN status_before IN ('employee_not_found', 'not_an_employee') AND is_employee THEN 'employee_found'
            WHEN status IN ('employee_not_found', 'not_an_employee') OR (status <> status_before AND NOT is_employee)
                THEN 'owner_identified'
            -- A check that has failed since.
            WHEN rank_now < rank_before AND status = 'employee_deleted' THEN 'employee_deleted'
            WHEN rank_now < rank_before AND status = 'employee_inactive' THEN 'employee_left'
            WHEN rank_now < rank_before AND status IN ('email_missing', 'email_invalid') THEN 'address_changed'
            WHEN rank_now < rank_before AND status = 'conflict' THEN 'conflict_opened'
            WHEN rank_now < rank_before AND status = 'no_user' THEN 'user_unlinked'
            -- What failed before fails no longer.
            WHEN rank_now > rank_before AND status_before IN ('employee_deleted', 'employee_inactive')
                THEN 'employee_returned'
            WHEN rank_now > rank_before AND status_before IN ('email_missing', 'email_invalid') THEN 'address_changed'
            WHEN rank_now > rank_before AND status_before = 'conflict' THEN 'conflict_settled'
            -- What is left: the user, or only the address.
            WHEN user_id IS NULL AND user_id_before IS NOT NULL THEN 'user_unlinked'
            WHEN user_id IS DISTINCT FROM user_id_before AND user_created_at IS NOT NULL THEN 'user_created'
            WHEN user_id IS DISTINCT FROM user_id_before THEN 'user_matched'
            WHEN rank_now < rank_before THEN 'user_deactivated'
            WHEN rank_now > rank_before THEN 'user_activated'
            ELSE 'address_changed'
        END AS cause
    FROM changed
)

SELECT
    owner_id,
    status_before,
    user_id_before,
    email_before,
    status,
    user_id,
    email,
    cause,
    least(
        CAST(:published_at AS timestamptz),
        CASE
            WHEN cause IS NULL THEN greatest(coalesce(deleted_at, modified_at, :published_at), user_since)
            WHEN cause = 'employee_deleted' THEN deleted_at
            WHEN cause = 'address_changed' AND is_users_own THEN user_updated_at
            WHEN cause IN ('employee_left', 'employee_returned', 'employee_found', 'address_changed', 'owner_identified')
                THEN modified_at
            WHEN cause = 'user_created' THEN user_created_at
            WHEN cause IN ('user_matched', 'user_deactivated', 'user_activated') THEN user_updated_at
        END
    ) AS valid_from
FROM explained;

ANALYZE owner_changes;
