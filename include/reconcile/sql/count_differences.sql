-- The comparison in figures. Grain: one row; examples are the least ids of each kind.

SELECT
    (SELECT count(*) FROM listed) AS netsuite_rows,
    (SELECT count(*) FROM loaded WHERE account = :account AND deleted_at IS NULL) AS raw_rows,
    count(*) FILTER (WHERE kind = 'lost') AS lost,
    count(*) FILTER (WHERE kind = 'changed') AS changed,
    count(*) FILTER (WHERE kind = 'deleted_silently') AS deleted_silently,
    count(*) FILTER (WHERE kind = 'quarantined') AS quarantined,
    (array_agg(id ORDER BY id) FILTER (WHERE kind = 'lost'))[1: :examples] AS lost_examples,
    (array_agg(id ORDER BY id) FILTER (WHERE kind = 'changed'))[1: :examples] AS changed_examples,
    (array_agg(id ORDER BY id) FILTER (WHERE kind = 'deleted_silently'))[1: :examples] AS deleted_silently_examples
FROM differences;
