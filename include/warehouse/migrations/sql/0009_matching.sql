-- Matching as steps that can be looked at: verdicts of people, candidates, evidence, cases.

ALTER TABLE matching.employee_matches
ADD COLUMN finding text,
ADD COLUMN address_is_blocked boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN matching.employee_matches.finding IS 'What decided. Matched: human_verdict, linked_id, same_email, new_user. In conflict, the kind: address_taken (another user has the linked employee''s address, or is to get it), shared_address (two active employees), several_users (two users), another_employee (the user with the address is linked to another employee), verdict_outdated (a person''s verdict whose evidence changed). Without a user: deleted, inactive, replaced, no_address, bad_address, unknown_address, decided_none. Null: matched before this was recorded.';
COMMENT ON COLUMN matching.employee_matches.address_is_blocked IS 'True: the user can''t follow to the employee''s address, since another user has it or is to get it.';

CREATE INDEX user_email_keys_key ON ops.user_email_keys (email_key);

CREATE TABLE matching.verdicts (
    verdict_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    employee_id bigint NOT NULL,
    decision text NOT NULL CHECK (decision IN ('user', 'none', 'withdrawn')),
    user_id uuid,
    given_by text NOT NULL CHECK (given_by <> ''),
    given_at timestamptz NOT NULL DEFAULT now(),
    note text,
    evidence jsonb NOT NULL,
    evidence_hash text NOT NULL,
    user_was_linked_to bigint,
    linked_user_id uuid,
    CHECK (decision <> 'user' OR user_id IS NOT NULL),
    CHECK (decision <> 'none' OR user_id IS NULL)
);
CREATE INDEX verdicts_employee ON matching.verdicts (account, employee_id, verdict_id DESC);
CREATE INDEX verdicts_linked_user ON matching.verdicts (linked_user_id) WHERE linked_user_id IS NOT NULL;
COMMENT ON TABLE matching.verdicts IS
'What people decided about conflicts (B8), append-only. Grain: one row per verdict or withdrawal. Of each employee the newest row counts, and only while the evidence is what it was: matching.cases has the same evidence_hash.';
COMMENT ON COLUMN matching.verdicts.verdict_id IS 'Number of the verdict; later ones are higher.';
COMMENT ON COLUMN matching.verdicts.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.verdicts.employee_id IS 'Internal id of the NetSuite employee that was in conflict.';
COMMENT ON COLUMN matching.verdicts.decision IS 'user: the employee is user_id. none: the employee is none of the candidates. withdrawn: the verdict before is taken back.';
COMMENT ON COLUMN matching.verdicts.user_id IS 'The user that the employee is; of a withdrawal, the one that was decided before. Null: none.';
COMMENT ON COLUMN matching.verdicts.given_by IS 'The person who decided, as Airflow or the caller names them.';
COMMENT ON COLUMN matching.verdicts.given_at IS 'When they decided.';
COMMENT ON COLUMN matching.verdicts.note IS 'Why, in their own words; may be null.';
COMMENT ON COLUMN matching.verdicts.evidence IS 'The evidence that they saw, as matching.cases shows it.';
COMMENT ON COLUMN matching.verdicts.evidence_hash IS 'SHA-256 of that evidence.';
COMMENT ON COLUMN matching.verdicts.user_was_linked_to IS 'In that evidence, the employee that user_id is linked to; null: none.';
COMMENT ON COLUMN matching.verdicts.linked_user_id IS 'In that evidence, the user that is linked to the employee; null: none.';

CREATE FUNCTION matching.refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '%.% is append-only: no row is ever changed or deleted', TG_TABLE_SCHEMA, TG_TABLE_NAME; END $$;
COMMENT ON FUNCTION matching.refuse_change() IS 'Keeps a table append-only.';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON matching.verdicts
FOR EACH STATEMENT EXECUTE FUNCTION matching.refuse_change();

CREATE VIEW matching.latest_verdicts AS
SELECT DISTINCT ON (account, employee_id)
    account,
    employee_id,
    verdict_id,
    decision,
    user_id,
    given_by,
    given_at,
    evidence,
    evidence_hash,
    user_was_linked_to,
    linked_user_id
FROM matching.verdicts
ORDER BY account, employee_id, verdict_id DESC;
COMMENT ON VIEW matching.latest_verdicts IS 'The newest verdict or withdrawal of each employee. Grain: one row per account and employee that a person decided about.';
COMMENT ON COLUMN matching.latest_verdicts.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.latest_verdicts.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN matching.latest_verdicts.verdict_id IS 'The row in matching.verdicts.';
COMMENT ON COLUMN matching.latest_verdicts.decision IS 'user, none or withdrawn.';
COMMENT ON COLUMN matching.latest_verdicts.user_id IS 'The user that was decided; null: none.';
COMMENT ON COLUMN matching.latest_verdicts.given_by IS 'Who decided.';
COMMENT ON COLUMN matching.latest_verdicts.given_at IS 'When.';
COMMENT ON COLUMN matching.latest_verdicts.evidence IS 'The evidence that they saw.';
COMMENT ON COLUMN matching.latest_verdicts.evidence_hash IS 'SHA-256 of that evidence.';
COMMENT ON COLUMN matching.latest_verdicts.user_was_linked_to IS 'In that evidence, the employee that user_id is linked to; null: none.';
COMMENT ON COLUMN matching.latest_verdicts.linked_user_id IS 'In that evidence, the user that is linked to the employee; null: none.';

-- A verdict that is put into effect moves links. So that it does not change its own evidence, evidence rests on the links
-- as they would be without verdicts: the newest verdict says what they were.
CREATE VIEW matching.user_links AS
SELECT
    users.account,
    users.user_id,
    users.email,
    keys.email_key,
    users.is_active,
    users.netsuite_employee_id AS employee_id,
    CASE
        WHEN given.verdict_id IS NOT NULL THEN given.user_was_linked_to
        ELSE coalesce(users.netsuite_employee_id, taken.employee_id)
    END AS employee_id_before_verdicts
FROM workflow.users AS users
LEFT JOIN ops.user_email_keys AS keys ON users.user_id = keys.user_id
LEFT JOIN matching.latest_verdicts AS given
    ON users.account = given.account
    AND users.netsuite_employee_id = given.employee_id
    AND users.user_id = given.user_id
LEFT JOIN LATERAL (
    SELECT verdicts.employee_id
    FROM matching.verdicts AS verdicts
    WHERE users.netsuite_employee_id IS NULL
        AND verdicts.linked_user_id = users.user_id
        AND verdicts.account = users.account
        AND verdicts.user_id IS DISTINCT FROM users.user_id
        AND NOT EXISTS (
            SELECT FROM matching.verdicts AS later
            WHERE later.account = verdicts.account
                AND later.employee_id = verdicts.employee_id
                AND later.verdict_id > verdicts.verdict_id
        )
    ORDER BY verdicts.verdict_id DESC
    LIMIT 1
) AS taken ON true;
COMMENT ON VIEW matching.user_links IS 'Users with their match key and link. Grain: one row per user. Keys are those of the last match or publish.';
COMMENT ON COLUMN matching.user_links.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.user_links.user_id IS 'The user.';
COMMENT ON COLUMN matching.user_links.email IS 'The user''s address.';
COMMENT ON COLUMN matching.user_links.email_key IS 'The match key (D5) of that address; null when it is not valid.';
COMMENT ON COLUMN matching.user_links.is_active IS 'Whether the user is active in the workflow engine.';
COMMENT ON COLUMN matching.user_links.employee_id IS 'The employee that the user is linked to; null: none.';
COMMENT ON COLUMN matching.user_links.employee_id_before_verdicts IS 'The employee that the user would be linked to without the newest verdicts of people; evidence rests on this.';

CREATE VIEW matching.candidates AS
SELECT
    pairs.account,
    pairs.employee_id,
    pairs.user_id,
    coalesce(links.employee_id_before_verdicts = pairs.employee_id, false) AS linked_id,
    coalesce(links.email_key = employees.email_key, false) AS same_email,
    coalesce(links.employee_id = pairs.employee_id, false)
    AND links.employee_id_before_verdicts IS DISTINCT FROM pairs.employee_id AS linked_by_verdict,
    employees.email_key AS employee_email_key,
    employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE AS employee_is_active,
    links.email_key AS user_email_key,
    links.is_active AS user_is_active,
    links.employee_id_before_verdicts AS linked_employee_id
FROM (
    SELECT
        employees.account,
        employees.id AS employee_id,
        keys.user_id
    FROM raw.employees AS employees
    INNER JOIN ops.user_email_keys AS keys ON employees.email_key = keys.email_key
    UNION
    SELECT
        users.account,
        users.netsuite_employee_id AS employee_id,
        users.user_id
    FROM workflow.users AS users
    WHERE users.netsuite_employee_id IS NOT NULL
    UNION
    SELECT
        verdicts.account,
        verdicts.employee_id,
        verdicts.linked_user_id AS user_id
    FROM matching.verdicts AS verdicts
    WHERE verdicts.linked_user_id IS NOT NULL
) AS pairs
INNER JOIN raw.employees AS employees ON pairs.account = employees.account AND pairs.employee_id = employees.id
INNER JOIN matching.user_links AS links ON pairs.account = links.account AND pairs.user_id = links.user_id
WHERE links.employee_id_before_verdicts = pairs.employee_id
    OR links.employee_id = pairs.employee_id
    OR links.email_key = employees.email_key;
COMMENT ON VIEW matching.candidates IS 'Pairs of employee and user that anything speaks for. Grain: one row per account, employee and user.';
COMMENT ON COLUMN matching.candidates.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.candidates.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN matching.candidates.user_id IS 'The user.';
COMMENT ON COLUMN matching.candidates.linked_id IS 'True: the user holds the employee''s id, or would without the verdicts of people.';
COMMENT ON COLUMN matching.candidates.same_email IS 'True: both have the same match key (D5).';
COMMENT ON COLUMN matching.candidates.linked_by_verdict IS 'True: the user holds the employee''s id because a person decided so.';
COMMENT ON COLUMN matching.candidates.employee_email_key IS 'Match key of the employee''s address; null when missing or not valid.';
COMMENT ON COLUMN matching.candidates.employee_is_active IS 'True: the employee is neither inactive nor deleted in NetSuite.';
COMMENT ON COLUMN matching.candidates.user_email_key IS 'Match key of the user''s address; null when it is not valid.';
COMMENT ON COLUMN matching.candidates.user_is_active IS 'Whether the user is active in the workflow engine.';
COMMENT ON COLUMN matching.candidates.linked_employee_id IS 'The employee that the user is linked to, without the verdicts of people; null: none.';

CREATE VIEW matching.evidence AS
SELECT
    candidates.account,
    candidates.employee_id,
    candidates.user_id,
    finding.evidence,
    finding.speaks,
    finding.seen
FROM matching.candidates AS candidates
LEFT JOIN matching.latest_verdicts AS verdicts
    ON candidates.account = verdicts.account
    AND candidates.employee_id = verdicts.employee_id
    AND candidates.user_id = verdicts.user_id
    AND verdicts.decision = 'user'
CROSS JOIN LATERAL (
    VALUES
    ('human_verdict', 'for', verdicts.verdict_id IS NOT NULL, verdicts.given_by),
    ('linked_id', 'for', candidates.linked_id, candidates.linked_employee_id::text),
    ('linked_by_verdict', 'for', candidates.linked_by_verdict, candidates.employee_id::text),
    ('same_email', 'for', candidates.same_email, candidates.user_email_key),
    ('other_address', 'against', NOT candidates.same_email, candidates.user_email_key),
    ('user_inactive', 'against', NOT candidates.user_is_active, NULL),
    ('employee_inactive', 'against', NOT candidates.employee_is_active, NULL),
    (
        'linked_to_another', 'against', candidates.linked_employee_id <> candidates.employee_id,
        candidates.linked_employee_id::text
    )
) AS finding (evidence, speaks, is_so, seen)
WHERE finding.is_so;
COMMENT ON VIEW matching.evidence IS 'What speaks for and against each candidate. Grain: one row per account, employee, user and kind of evidence.';
COMMENT ON COLUMN matching.evidence.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.evidence.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN matching.evidence.user_id IS 'The user.';
COMMENT ON COLUMN matching.evidence.evidence IS 'For: human_verdict, linked_id (the user holds the employee''s id), linked_by_verdict (holds it because a person decided so), same_email (one match key). Against: other_address, user_inactive, employee_inactive, linked_to_another (the user holds another employee''s id).';
COMMENT ON COLUMN matching.evidence.speaks IS 'for or against.';
COMMENT ON COLUMN matching.evidence.seen IS 'The id, key or person that was seen.';

CREATE VIEW matching.cases AS
SELECT
    facts.account,
    facts.employee_id,
    facts.evidence,
    encode(sha256(convert_to(facts.evidence::text, 'UTF8')), 'hex') AS evidence_hash
FROM (
    SELECT
        employees.account,
        employees.id AS employee_id,
        jsonb_build_object(
            'employee', jsonb_build_object(
                'email_key', employees.email_key,
                'is_active', employees.deleted_at IS NULL AND employees.is_inactive IS NOT TRUE
            ),
            'employees_with_the_address', (
                SELECT coalesce(jsonb_agg(others.id ORDER BY others.id), '[]')
                FROM raw.employees AS others
                WHERE others.account = employees.account
                    AND others.email_key = employees.email_key
                    AND others.deleted_at IS NULL
                    AND others.is_inactive IS NOT TRUE
            ),
            'candidates', (
                SELECT
                    coalesce(
                        jsonb_agg(
                            jsonb_build_object(
                                'user_id', candidates.user_id,
                                'email_key', candidates.user_email_key,
                                'is_active', candidates.user_is_active,
                                'linked_id', candidates.linked_id,
                                'same_email', candidates.same_email,
                                'linked_employee_id', candidates.linked_employee_id,
                                'linked_employee_email_key', linked.email_key,
                                'linked_employee_is_active',
                                linked.deleted_at IS NULL AND linked.is_inactive IS NOT TRUE AND linked.id IS NOT NULL
                            )
                            ORDER BY candidates.user_id
                        ),
                        '[]'
                    )
                FROM matching.candidates AS candidates
                LEFT JOIN raw.employees AS linked
                    ON candidates.account = linked.account AND candidates.linked_employee_id = linked.id
                WHERE candidates.account = employees.account AND candidates.employee_id = employees.id
            )
        ) AS evidence
    FROM raw.employees AS employees
) AS facts;
COMMENT ON VIEW matching.cases IS 'All evidence about one employee as one document with its hash: what a verdict holds for. Grain: one row per account and employee; computed when asked.';
COMMENT ON COLUMN matching.cases.account IS 'Name of the account file.';
COMMENT ON COLUMN matching.cases.employee_id IS 'Internal id of the NetSuite employee.';
COMMENT ON COLUMN matching.cases.evidence IS 'employee (match key, active), employees_with_the_address (active ones, this one too), candidates (users with key, activity, and the employee that they are linked to without the verdicts of people).';
COMMENT ON COLUMN matching.cases.evidence_hash IS 'SHA-256 of the evidence: the same evidence has the same hash.';
