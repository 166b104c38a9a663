-- name: head
-- The ledger's id, its size and the newest recorded_at (or the floor a reader has set).
SELECT ledger_id, incarnation, size, recorded_at FROM ledger.head;

-- name: lock_head
-- Waits for whoever appends now; the next statement sees what they did.
SELECT size, recorded_at FROM ledger.head FOR UPDATE;

-- name: raise_floor
-- No later entry may be recorded at or before this instant.
UPDATE ledger.head SET recorded_at = greatest(recorded_at, %(instant)s);

-- name: claim
-- n positions under the head lock, and whether the decision's grounds have moved.
SELECT first_position, first_recorded_at, stale
FROM ledger.claim(%(n)s, %(read_at)s, %(depends)s);

-- name: append_entries
-- Claim and a small batch in one statement. What the claim looks at it reads behind the lock:
-- every statement of a volatile function has a snapshot of its own.
WITH claimed AS MATERIALIZED (
    SELECT first_position, first_recorded_at, stale
    FROM ledger.claim(%(n)s, %(read_at)s, %(depends)s)
), inserted AS (
    INSERT INTO ledger.entry (position, recorded_at, stream, version, topic, entry_hash, body,
                              origin_position, origin_recorded_at)
    SELECT c.first_position + e.ordinality - 1,
           c.first_recorded_at + (e.ordinality - 1) * interval '1 microsecond',
           e.stream, e.version, e.topic, e.entry_hash, e.body, e.origin_position,
           e.origin_recorded_at
    FROM claimed c, unnest(%(streams)s::bigint[], %(versions)s::bigint[], %(topics)s::text[],
                           %(hashes)s::bytea[], %(bodies)s::bytea[],
                           %(origin_positions)s::bigint[], %(origin_times)s::timestamptz[])
         WITH ORDINALITY AS e (stream, version, topic, entry_hash, body,
                               origin_position, origin_recorded_at, ordinality)
    WHERE NOT c.stale
)
SELECT first_position, first_recorded_at, stale FROM claimed;

-- name: copy_entries
-- A large batch.
COPY ledger.entry (position, recorded_at, stream, version, topic, entry_hash, body)
FROM STDIN (FORMAT BINARY);

-- name: name_streams
-- Numbers for streams named for the first time.
INSERT INTO ledger.stream (id, ledger, kind, person, school_year)
SELECT * FROM unnest(%(ids)s::uuid[], %(ledgers)s::uuid[], %(kinds)s::text[],
                     %(persons)s::uuid[], %(years)s::text[])
ON CONFLICT (id) DO NOTHING;

-- name: stream_numbers
-- The numbers of streams by id.
SELECT id, no FROM ledger.stream WHERE id = ANY(%(ids)s);

-- name: page
-- Entries in position order from a position on, before an end.
SELECT e.position, e.recorded_at, s.id, s.ledger, s.kind, s.person, s.school_year, e.version,
       e.topic, e.entry_hash, e.body, e.origin_position, e.origin_recorded_at
FROM ledger.entry e JOIN ledger.stream s ON s.no = e.stream
WHERE e.position >= %(start)s AND e.position < %(end)s
  AND (%(topics)s::text[] IS NULL OR e.topic = ANY(%(topics)s))
ORDER BY e.position LIMIT %(limit)s;

-- name: stream_entries
-- Every entry of some streams (or those of some topics) below a size, in position order.
SELECT e.position, e.recorded_at, s.id, s.ledger, s.kind, s.person, s.school_year, e.version,
       e.topic, e.entry_hash, e.body, e.origin_position, e.origin_recorded_at
FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = ANY(%(ids)b::uuid[]) AND e.position < %(end)s
  AND (%(topics)s::text[] IS NULL OR e.topic = ANY(%(topics)s))
ORDER BY e.position;

-- name: leaf_columns
-- What a leaf is made of, for hashing the log.
SELECT e.position, e.recorded_at, s.id, s.ledger, e.version, e.topic, e.body,
       e.origin_position, e.origin_recorded_at
FROM ledger.entry e JOIN ledger.stream s ON s.no = e.stream
WHERE e.position >= %(start)s AND e.position < %(end)s ORDER BY e.position;

-- name: at_instant
-- How many entries were recorded at or before an instant.
SELECT ledger.size_at(%(instant)s);

-- name: recorded_at
-- When an entry was recorded.
SELECT recorded_at FROM ledger.entry WHERE position = %(position)s;

-- name: put_command
-- Remembers a command's answer under its key.
INSERT INTO ledger.command (key, digest, answer) VALUES (%(key)s, %(digest)s, %(answer)s);

-- name: get_command
-- The answer given to a command key.
SELECT digest, answer FROM ledger.command WHERE key = %(key)s;

-- name: lines_known
-- Which of these lines were recorded before.
SELECT digest FROM ledger.line WHERE digest = ANY(%(digests)s);

-- name: put_lines
-- Lines recorded now.
INSERT INTO ledger.line (digest) SELECT unnest(%(digests)s::uuid[]) ON CONFLICT DO NOTHING;

-- name: states
-- Number, current state and last version of streams by id.
SELECT s.id, s.no, t.body, coalesce(last.version, 0)
FROM ledger.stream s LEFT JOIN ledger.state t ON t.stream = s.no
LEFT JOIN LATERAL (SELECT e.version FROM ledger.entry e WHERE e.stream = s.no
                   ORDER BY e.version DESC LIMIT 1) AS last ON true
WHERE s.id = ANY(%(ids)b::uuid[]);

-- name: put_states
-- The new current state of streams; none where another version has folded them anew meanwhile.
INSERT INTO ledger.state (stream, body)
SELECT * FROM unnest(%(streams)s::bigint[], %(bodies)s::text[])
WHERE EXISTS (SELECT FROM ledger.state_version WHERE number = %(number)s AND shape = %(shape)s)
ON CONFLICT (stream) DO UPDATE SET body = excluded.body;

-- name: slots
-- Every filled slot of pupil-years.
SELECT s.id, t.subject, t.semester, t.slot, t.body
FROM ledger.stream s JOIN ledger.slot t ON t.stream = s.no
WHERE s.id = ANY(%(ids)b::uuid[]);

-- name: slots_of_columns
-- Filled slots of pupil-years, of some subjects, semesters and slots (by the primary key).
SELECT s.id, t.subject, t.semester, t.slot, t.body
FROM ledger.stream s JOIN ledger.slot t ON t.stream = s.no
WHERE s.id = ANY(%(ids)b::uuid[]) AND t.subject = ANY(%(subjects)s::text[])
  AND t.semester = ANY(%(semesters)s::smallint[]) AND t.slot = ANY(%(slots)s::text[]);

-- name: put_slots
-- What the slots hold now; as `put_states`.
INSERT INTO ledger.slot (stream, subject, semester, slot, body)
SELECT * FROM unnest(%(streams)s::bigint[], %(subjects)s::text[], %(semesters)s::smallint[],
                     %(slots)s::text[], %(bodies)s::text[])
WHERE EXISTS (SELECT FROM ledger.state_version WHERE number = %(number)s AND shape = %(shape)s)
ON CONFLICT (stream, subject, semester, slot) DO UPDATE SET body = excluded.body;

-- name: find_persons
-- Who has these numbers.
SELECT kind, token, person FROM ledger.lookup
WHERE (kind, token) IN (SELECT * FROM unnest(%(kinds)s::text[], %(tokens)s::uuid[]))
ORDER BY person;

-- name: put_lookups
-- Numbers borne from now on.
INSERT INTO ledger.lookup (kind, token, person)
SELECT * FROM unnest(%(kinds)s::text[], %(tokens)s::uuid[], %(persons)s::uuid[])
ON CONFLICT (kind, token, person) DO NOTHING;

-- name: year_streams
-- Who wrote of one school year of these records of one pupil.
SELECT id, ledger FROM ledger.stream
WHERE person = ANY(%(persons)s) AND kind = 'pupil_year' AND school_year = %(year)s;

-- name: stream_ascending
-- One stream's entries, oldest first.
SELECT e.version, e.topic, e.body FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = %(id)s AND (%(gt)s::bigint IS NULL OR e.version > %(gt)s)
  AND (%(lte)s::bigint IS NULL OR e.version <= %(lte)s)
ORDER BY e.version LIMIT %(limit)s;

-- name: stream_descending
-- One stream's entries, newest first.
SELECT e.version, e.topic, e.body FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = %(id)s AND (%(gt)s::bigint IS NULL OR e.version > %(gt)s)
  AND (%(lte)s::bigint IS NULL OR e.version <= %(lte)s)
ORDER BY e.version DESC LIMIT %(limit)s;

-- name: notifications
-- Entries in position order; the end is an id (position + 1), inclusive.
SELECT e.position, s.id, e.version, e.topic, e.body
FROM ledger.entry e JOIN ledger.stream s ON s.no = e.stream
WHERE e.position >= %(start)s AND (%(end)s::bigint IS NULL OR e.position < %(end)s)
  AND (%(topics)s::text[] IS NULL OR e.topic = ANY(%(topics)s))
ORDER BY e.position LIMIT %(limit)s;
