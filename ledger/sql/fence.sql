-- name: recovering
-- The recovery that has not ended: its incarnation, the instant after which entries were lost.
SELECT incarnation, since FROM ledger.recovery WHERE ended_at IS NULL;

-- name: signed_anything
-- Whether a checkpoint was ever made: without one nothing was told to anybody.
SELECT EXISTS (SELECT FROM ledger.checkpoint);

-- name: place
-- Which server keeps the database, and on which time line: a restore to a moment begins a new one.
SELECT (SELECT system_identifier FROM pg_control_system())::text,
       (SELECT timeline_id FROM pg_control_checkpoint());
