-- Rows whose column is no sales team: members separated by a space, each written employee:isprimary:contribution, none of
-- them twice. The employee is a whole positive number within bigint; isprimary T, F or nothing; the contribution a number,
-- also with a comma or as a percentage (.6, 0,6, 60%), or nothing. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
CROSS JOIN LATERAL (
    SELECT
        bool_and(
            member ~ '^[1-9][0-9]*[:][TF]?[:](([0-9]+[.,]?[0-9]*|[.,][0-9]+)%?)?$'
            AND length(split_part(member, ':', 1)) <= 18
            AND length(split_part(member, ':', 3)) <= 42
        ) AS readable,
        count(*) AS members,
        count(DISTINCT split_part(member, ':', 1)) AS people
    FROM string_to_table(checked_text, ' ') AS member
) AS team
WHERE
    NOT team.readable
    OR team.members > team.people
