-- Rows whose column is no sales team: members separated by a space, each written employee:isprimary:contribution.
-- The employee is a whole positive number within bigint; isprimary T, F or nothing; the contribution a number, also with a
-- comma or as a percentage (.6, 0,6, 60%), or nothing. Grain: one row per bad row.
SELECT
    row_number,
    checked_text
FROM checked
WHERE EXISTS (
    SELECT
    FROM string_to_table(checked_text, ' ') AS member
    WHERE
        member !~ '^[1-9][0-9]*[:][TF]?[:](([0-9]+[.,]?[0-9]*|[.,][0-9]+)%?)?$'
        OR length(split_part(member, ':', 1)) > 18
        OR length(split_part(member, ':', 3)) > 42
)
