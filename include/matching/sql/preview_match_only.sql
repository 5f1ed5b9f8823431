-- What a match in user mode match_only comes to, user by user. Grain: one row per outcome, with up to five examples.
-- A user who is matched is that, even where another employee is in conflict because of the same address.
SELECT
    outcomes.outcome,
    count(*) AS users,
    (array_agg(outcomes.email ORDER BY outcomes.email))[1:5] AS examples
FROM (
    SELECT
        links.email,
        CASE
            WHEN bool_or(matches.user_id = links.user_id AND matches.verdict <> 'conflict') THEN 'match'
            WHEN bool_or(matches.verdict = 'conflict') THEN 'conflict'
            ELSE 'no_match'
        END AS outcome
    FROM matching.user_links AS links
    LEFT JOIN matching.candidates AS candidates
        ON candidates.account = :account AND links.user_id = candidates.user_id
    LEFT JOIN matching.employee_matches AS matches
        ON matches.account = :account AND candidates.employee_id = matches.employee_id
    WHERE links.account = :account
    GROUP BY links.user_id, links.email
) AS outcomes
GROUP BY outcomes.outcome;
