-- The staged batch with the column that is checked. Grain: one row per staged row. Every check reads from here.
-- checked_text: what the column holds; an empty text counts as none.
-- checked_number: the same as a number, null where it is none that numeric holds for certain (NaN and Infinity are none).
-- starts_with_day: whether it begins with a day of the calendar, written YYYY-MM-DD.
WITH checked AS (
    SELECT
        *,
        nullif({column}, '') AS checked_text,
        CASE
            WHEN
                {column} ~ '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9][0-9]?)?$'
                AND length({column}) <= 40
                THEN cast({column} AS numeric)
        END AS checked_number,
        CASE
            WHEN {column} ~ '^(?!0000)[0-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                THEN
                    cast(substr({column}, 9, 2) AS integer)
                    <= extract(DAY FROM cast(left({column}, 8) || '01' AS date) + interval '1 month -1 day')
            ELSE false
        END AS starts_with_day
    FROM {batch}
)
