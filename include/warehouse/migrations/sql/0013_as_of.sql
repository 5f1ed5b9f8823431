-- publish.recipients_at and publish.recipients_as_of, as in 0008, but a time that is none is refused: no row would match it,
-- which reads as nobody.

-- A publish fixes its instant under the same lock and holds it until it has committed. Who asks waits for it here, so that
-- no answer misses a publish that will turn out to be older than the question.
CREATE OR REPLACE FUNCTION publish.recipients_at(
    account text, moment timestamptz, known_at timestamptz DEFAULT now(), invoice_id bigint DEFAULT NULL
)
RETURNS SETOF publish.recipients LANGUAGE plpgsql VOLATILE ROWS 100000 SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
DECLARE
    visible CONSTANT bigint := hashtextextended('recipients become visible ' || recipients_at.account, 0);
BEGIN
    IF isfinite(recipients_at.moment) IS NOT TRUE THEN
        RAISE EXCEPTION 'moment (%) is no instant', coalesce(CAST(recipients_at.moment AS text), 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give now() for the recipients as they are now.';
    END IF;
    IF isfinite(recipients_at.known_at) IS NOT TRUE THEN
        RAISE EXCEPTION 'known_at (%) is no instant', coalesce(CAST(recipients_at.known_at AS text), 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave known_at out for what is known now.';
    END IF;
    IF recipients_at.known_at > clock_timestamp() THEN
        RAISE EXCEPTION 'known_at (%) lies in the future: nobody can say yet what will be known then', recipients_at.known_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Leave known_at out for what is known now.';
    END IF;
    PERFORM pg_advisory_lock_shared(visible);
    PERFORM pg_advisory_unlock_shared(visible);
    RETURN QUERY
    SELECT
        history.account,
        history.invoice_id,
        history.owner_field,
        history.invoice_number,
        history.employee_id,
        history.user_id,
        history.email,
        history.status,
        history.run_id,
        history.resolved_at,
        history.owner_valid_from,
        history.owner_known_from
    FROM publish.recipients_history AS history
    WHERE history.account = recipients_at.account
        AND (recipients_at.invoice_id IS NULL OR history.invoice_id = recipients_at.invoice_id)
        AND history.valid_from <= recipients_at.moment
        AND history.valid_to > recipients_at.moment
        AND history.known_from <= recipients_at.known_at
        AND history.known_to > recipients_at.known_at;
END
$$;
COMMENT ON FUNCTION publish.recipients_at(text, timestamptz, timestamptz, bigint) IS
'The recipients of an account, or of one invoice, as they were at a moment, as was known at known_at. The same question always gives the same answer. A time that is null or infinite is refused.';

CREATE OR REPLACE FUNCTION publish.recipients_as_of(
    account text, day date, known_at timestamptz DEFAULT now(), invoice_id bigint DEFAULT NULL
)
RETURNS SETOF publish.recipients LANGUAGE plpgsql VOLATILE ROWS 100000 AS $$
BEGIN
    IF isfinite(recipients_as_of.day) IS NOT TRUE THEN
        RAISE EXCEPTION 'day (%) is no day', coalesce(CAST(recipients_as_of.day AS text), 'null')
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a day such as 2025-03-03; it is asked for at its end, in UTC.';
    END IF;
    RETURN QUERY
    SELECT *
    FROM publish.recipients_at(
        recipients_as_of.account,
        (recipients_as_of.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond',
        recipients_as_of.known_at,
        recipients_as_of.invoice_id
    );
END
$$;
COMMENT ON FUNCTION publish.recipients_as_of(text, date, timestamptz, bigint) IS
'The recipients of an account, or of one invoice, as they were at the end of a day (UTC), as was known at known_at. The same question always gives the same answer. A time that is null or infinite is refused.';
