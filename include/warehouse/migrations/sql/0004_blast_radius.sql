-- Backfills and re-syncs: what they read, what waits for approval, and what they would change.

ALTER TABLE ops.sync_runs ADD COLUMN window_ends jsonb;
COMMENT ON COLUMN ops.sync_runs.window_ends IS 'Of a backfill or re-sync, which reads beside the scheduled runs: per entity the instant up to which it read (null: the cut-off). Null as a whole: the run read from the watermarks up to the cut-off.';

ALTER TABLE ops.sync_runs DROP CONSTRAINT sync_runs_state_check;
ALTER TABLE ops.sync_runs ADD CONSTRAINT sync_runs_state_check
CHECK (state IN ('running', 'waiting', 'success', 'failed', 'rejected'));
COMMENT ON COLUMN ops.sync_runs.state IS 'running, waiting (a backfill or re-sync, for approval), success, failed or rejected (by a person; nothing was loaded).';
COMMENT ON COLUMN ops.sync_runs.error IS 'Why the run failed, in words for the person who must act; or who rejected it.';
COMMENT ON COLUMN ops.sync_runs.finished_at IS 'When the run published, failed or was rejected.';
COMMENT ON COLUMN ops.sync_steps.step IS 'extract, validate, load, fence, rehearse, look_up_owners, match or publish.';

CREATE TABLE ops.blast_radius (
    account text NOT NULL,
    run_id text NOT NULL,
    subject text NOT NULL CHECK (subject IN ('recipients', 'users')),
    change text NOT NULL CHECK (change IN ('comes', 'changes', 'goes')),
    owner_field text,
    status_before text,
    status_after text,
    rows bigint NOT NULL,
    examples jsonb NOT NULL,
    rehearsed_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((subject = 'recipients') = (owner_field IS NOT NULL)),
    CHECK (subject = 'users' OR (status_before IS NULL) = (change = 'comes')),
    CHECK (subject = 'users' OR (status_after IS NULL) = (change = 'goes'))
);
CREATE INDEX blast_radius_run ON ops.blast_radius (account, run_id);
COMMENT ON TABLE ops.blast_radius IS 'What a backfill or re-sync would change in workflow.users and publish.recipients, found before anything is changed (B5). Grain: one row per account, run, subject, kind of change and, of recipients, owner field and status before and after; none for a run that would change nothing.';
COMMENT ON COLUMN ops.blast_radius.account IS 'Name of the account file.';
COMMENT ON COLUMN ops.blast_radius.run_id IS 'The run in ops.sync_runs.';
COMMENT ON COLUMN ops.blast_radius.subject IS 'recipients (rows of publish.recipients) or users (of workflow.users).';
COMMENT ON COLUMN ops.blast_radius.change IS 'comes, changes or goes.';
COMMENT ON COLUMN ops.blast_radius.owner_field IS 'The owner field on the invoice; null for users.';
COMMENT ON COLUMN ops.blast_radius.status_before IS 'The recipients'' status as published; null for those that come, and for users.';
COMMENT ON COLUMN ops.blast_radius.status_after IS 'The status that they would get; null for those that go, and for users.';
COMMENT ON COLUMN ops.blast_radius.rows IS 'How many recipients or users.';
COMMENT ON COLUMN ops.blast_radius.examples IS 'Some of them, as a list of {what, before, after}: the invoice''s number, or the user''s address, and what is mailed or known before and after.';
COMMENT ON COLUMN ops.blast_radius.rehearsed_at IS 'When it was found.';
