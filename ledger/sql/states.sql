-- name: version
-- Which version of the models made the current states.
SELECT number, shape FROM ledger.state_version;

-- name: put_version
-- The current states are of this version from now on.
UPDATE ledger.state_version SET number = %(number)s, shape = %(shape)s;

-- name: begin
-- Where a decision begins: the log's incarnation and size, the version of the states it will read.
SELECT h.incarnation, h.size, v.number, v.shape
FROM ledger.head h CROSS JOIN ledger.state_version v;

-- name: clear_states
-- Every state, to be folded anew in this transaction.
DELETE FROM ledger.state;

-- name: clear_slots
-- Every slot, to be folded anew in this transaction.
DELETE FROM ledger.slot;

-- name: copy_states
-- States of many streams.
COPY ledger.state (stream, body) FROM STDIN (FORMAT BINARY);

-- name: copy_slots
-- Slots of many pupil-years.
COPY ledger.slot (stream, subject, semester, slot, body) FROM STDIN (FORMAT BINARY);

-- name: all_states
-- Every state in the order of its key, for a digest.
SELECT stream, body FROM ledger.state ORDER BY stream;

-- name: all_slots
-- Every slot in the order of its key, for a digest; byte order, whatever the locale.
SELECT stream, subject, semester, slot, body FROM ledger.slot
ORDER BY stream, subject COLLATE "C", semester, slot COLLATE "C";
