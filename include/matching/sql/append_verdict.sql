-- One more verdict or withdrawal; none is ever changed.
INSERT INTO matching.verdicts (
    account, employee_id, decision, user_id, given_by, note, evidence, evidence_hash, user_was_linked_to, linked_user_id
)
SELECT
    :account,
    :employee_id,
    :decision,
    :user_id,
    :given_by,
    :note,
    :evidence,
    :evidence_hash,
    max(candidate.linked_employee_id) FILTER (WHERE candidate.user_id = CAST(:user_id AS uuid)),
    CAST(max(candidate.user_id::text) FILTER (WHERE candidate.linked_employee_id = :employee_id) AS uuid)
FROM jsonb_to_recordset(CAST(:evidence AS jsonb) -> 'candidates') AS candidate (user_id uuid, linked_employee_id bigint)
RETURNING verdict_id;
