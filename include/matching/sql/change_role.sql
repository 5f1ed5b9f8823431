-- Gives a user a role, with who and when. The log comes first, while the role before is there to be read.
-- The table before the row, as a publish takes them: the other way round, each would wait for the other.
LOCK TABLE workflow.users IN ROW EXCLUSIVE MODE;

INSERT INTO workflow.role_changes (account, user_id, role_before, role_after, changed_by)
SELECT
    account,
    user_id,
    role,
    :role,
    :changed_by
FROM workflow.users
WHERE account = :account AND user_id = :user_id AND role <> :role
FOR UPDATE;

UPDATE workflow.users
SET
    role = :role,
    role_changed_by = :changed_by,
    role_changed_at = now(),
    updated_at = now()
WHERE account = :account AND user_id = :user_id AND role <> :role;

SELECT
    role,
    role_changed_by AS changed_by,
    role_changed_at AS changed_at
FROM workflow.users
WHERE account = :account AND user_id = :user_id;
