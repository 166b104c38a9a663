-- name: lock
-- One session makes checkpoints at a time, until its copy outside the database is written too.
SELECT pg_advisory_lock(7203102);

-- name: unlock
-- Lets the next session make checkpoints.
SELECT pg_advisory_unlock(7203102);

-- name: latest
-- The newest checkpoint.
SELECT size, root, note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1;

-- name: covering
-- The first checkpoint of at least a size.
SELECT size, root, note FROM ledger.checkpoint WHERE size >= %(size)s ORDER BY size LIMIT 1;

-- name: checkpoints_after
-- Checkpoints larger than a size, in order.
SELECT size, root, note FROM ledger.checkpoint
WHERE size > %(size)s ORDER BY size LIMIT %(limit)s;

-- name: put_checkpoint
-- Keeps a signed checkpoint.
INSERT INTO ledger.checkpoint (size, root, note) VALUES (%(size)s, %(root)b, %(note)s);

-- name: tiles
-- Roots of full subtrees of one level, in order.
SELECT index, hash FROM ledger.tile
WHERE level = %(level)s AND index >= %(start)s AND index < %(end)s ORDER BY index;

-- name: put_tiles
-- Keeps the roots of subtrees that have become full. Tiles may stand already where checkpoints were
-- lost; a wrong one is named by the inspection.
INSERT INTO ledger.tile (level, index, hash)
SELECT * FROM unnest(%(levels)s::smallint[], %(indexes)s::bigint[], %(hashes)b::bytea[])
ON CONFLICT (level, index) DO NOTHING;

-- name: all_tiles
-- Every tile after a place, in order, for checking.
SELECT level, index, hash FROM ledger.tile
WHERE (level, index) > (%(level)s, %(index)s) ORDER BY level, index LIMIT %(limit)s;

-- name: by_stream
-- Every entry, stream by stream, in the order of the versions.
SELECT e.stream, e.position, e.version, e.topic, e.body, e.origin_position,
       s.id, s.ledger, s.kind
FROM ledger.entry e JOIN ledger.stream s ON s.no = e.stream
ORDER BY e.stream, e.version;

-- name: states_of
-- The current states kept of streams, by number.
SELECT stream, body FROM ledger.state WHERE stream = ANY(%(streams)s);

-- name: slots_of
-- The slots kept of pupil-years, by number.
SELECT stream, subject, semester, slot, body FROM ledger.slot WHERE stream = ANY(%(streams)s);

-- name: states_without_entries
-- States and slots of streams nothing was ever written to.
SELECT t.stream FROM (SELECT stream FROM ledger.state UNION SELECT stream FROM ledger.slot) t
WHERE NOT EXISTS (SELECT FROM ledger.entry e WHERE e.stream = t.stream) ORDER BY t.stream;

-- name: count_lookups
-- How many look-ups there are.
SELECT count(*) FROM ledger.lookup;

-- name: first_recovery
-- Where the log first went on as another incarnation: entries of our own come back after it alone.
SELECT min(e.position) FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = %(ledger)s AND e.topic = 'ledger.RecoveryBegun.v1';
