-- One more verdict or withdrawal; none is ever changed.
INSERT INTO matching.verdicts (account, employee_id, decision, user_id, given_by, note, evidence, evidence_hash)
VALUES (:account, :employee_id, :decision, :user_id, :given_by, :note, :evidence, :evidence_hash)
RETURNING verdict_id;
