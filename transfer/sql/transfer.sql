-- name: streams_about
-- The pupil and pupil-year streams about these records of one pupil, whoever wrote them.
SELECT id, ledger FROM ledger.stream
WHERE person = ANY(%(persons)s) AND kind IN ('pupil', 'pupil_year');

-- name: hops
-- Earlier releases of a pupil who came by transfer, the first one first.
SELECT body FROM ledger.hop WHERE pupil = %(pupil)s ORDER BY no;

-- name: put_references
-- Names of another ledger's units and classes, as a dossier told them.
INSERT INTO ledger.reference (ledger, kind, code, known_from, body)
SELECT t.ledger, t.kind, t.code, %(from)s, t.body
FROM unnest(%(ledgers)s::uuid[], %(kinds)s::text[], %(codes)s::text[], %(bodies)s::jsonb[])
     AS t (ledger, kind, code, body)
ON CONFLICT DO NOTHING;

-- name: put_evidence
-- What a dossier proved of other ledgers' entries: kept beside their names, to travel on.
INSERT INTO ledger.reference (ledger, kind, code, known_from, body)
SELECT ledger, kind, code, %(known_from)s, body::jsonb
FROM unnest(%(ledgers)s::uuid[], %(kinds)s::text[], %(codes)s::text[], %(bodies)s::text[])
    AS told (ledger, kind, code, body)
ON CONFLICT DO NOTHING;

-- name: evidence
-- The proofs kept of some foreign entries.
SELECT DISTINCT ON (ledger, kind, code) kind, body FROM ledger.reference
WHERE ledger = ANY(%(ledgers)s) AND kind IN ('sheet', 'closing') AND code = ANY(%(codes)s)
ORDER BY ledger, kind, code, known_from DESC;

-- name: shown_before
-- Where in our log the last release stands whose dossier went to this receiver before.
SELECT max(position) FROM ledger.outbox
WHERE kind = 'dossier' AND receiver = %(receiver)s AND position < %(position)s;

-- name: put_proposal_proofs
-- What proved that accepted proposals are in their author's log: it travels on.
INSERT INTO ledger.reference (ledger, kind, code, known_from, body)
SELECT ledger, 'proposal', code, %(known_from)s, body::jsonb
FROM unnest(%(ledgers)s::uuid[], %(codes)s::text[], %(bodies)s::text[]) AS told (ledger, code, body)
ON CONFLICT DO NOTHING;

-- name: proposal_proofs
-- The proofs kept of accepted proposals of other ledgers.
SELECT DISTINCT ON (code) code, body FROM ledger.reference
WHERE kind = 'proposal' AND code = ANY(%(codes)s) ORDER BY code, known_from;

-- name: put_hops
-- The releases a dossier proved, to travel on one day.
INSERT INTO ledger.hop (pupil, no, body)
SELECT %(pupil)s, * FROM unnest(%(numbers)s::integer[], %(bodies)b::text[])
ON CONFLICT DO NOTHING;

-- name: decision
-- The one decision about a transfer.
SELECT decision, message FROM ledger.decision WHERE case_id = %(case)s;

-- name: put_decision
-- Written once, by the receiver.
INSERT INTO ledger.decision (case_id, decision, message)
VALUES (%(case)s, %(decision)s, %(message)s);

-- name: seen
-- A message that came in before. One that was dead counts for nothing: who sent it, and whether
-- this was its content, was never proven.
SELECT payload_sha256, state FROM ledger.inbox
WHERE sender = %(sender)s AND message = %(message)s AND state <> 'dead';

-- name: put_seen
-- Keeps a message that came in, sealed as it was. One in quarantine may be taken after all; of dead
-- ones, which anybody can send, only so many are kept for each sender.
INSERT INTO ledger.inbox (sender, message, case_id, kind, payload_sha256, frame, state, detail)
SELECT %(sender)s, %(message)s, %(case)s, %(kind)s, %(sha)b, %(frame)b, %(state)s, %(detail)s
WHERE %(state)s <> 'dead' OR %(most)s > (
    SELECT count(*) FROM ledger.inbox WHERE sender = %(sender)s AND state = 'dead')
ON CONFLICT (sender, message) DO UPDATE
SET case_id = excluded.case_id, kind = excluded.kind, payload_sha256 = excluded.payload_sha256,
    frame = excluded.frame, state = excluded.state, detail = excluded.detail,
    received_at = excluded.received_at
WHERE ledger.inbox.state = 'dead'
   OR (ledger.inbox.state = 'quarantined' AND excluded.state = 'done'
       AND ledger.inbox.payload_sha256 = excluded.payload_sha256);

-- name: put_given_up
-- What a server gave up delivering, or a receiver ended.
INSERT INTO ledger.given_up (stream, consumer, sequence, kind, deliveries, reason)
VALUES (%(stream)s, %(consumer)s, %(sequence)s, %(kind)s, %(deliveries)s, %(reason)s)
ON CONFLICT DO NOTHING;

-- name: given_up
-- What was given up, the newest first, with our message where it was one of ours.
SELECT g.stream, g.consumer, g.sequence, g.kind, g.deliveries, g.reason, g.noted_at,
       o.message, o.case_id, o.kind
FROM ledger.given_up g LEFT JOIN ledger.outbox o
  ON o.sequence = g.sequence AND g.stream = %(own)s
ORDER BY g.noted_at DESC LIMIT %(limit)s;

-- name: dead_count
-- How many dead messages are kept.
SELECT count(*) FROM ledger.inbox WHERE state = 'dead';

-- name: dossier_frame
-- The newest dossier of a case that passed its checks, sealed.
SELECT frame, received_at FROM ledger.inbox
WHERE case_id = %(case)s AND kind = 'dossier' AND state = 'done'
ORDER BY received_at DESC LIMIT 1;

-- name: quarantined
-- What waits for a person's look.
SELECT sender, message, case_id, kind, detail, received_at FROM ledger.inbox
WHERE state <> 'done' ORDER BY received_at;

-- name: peer_checkpoints
-- The roots one incarnation of another ledger showed for some sizes.
SELECT size, root FROM ledger.peer_checkpoint
WHERE ledger = %(ledger)s AND incarnation = %(incarnation)s AND size = ANY(%(sizes)s);

-- name: put_peer_checkpoint
-- A checkpoint another ledger has shown.
INSERT INTO ledger.peer_checkpoint (ledger, incarnation, size, root)
VALUES (%(ledger)s, %(incarnation)s, %(size)s, %(root)s) ON CONFLICT DO NOTHING;

-- name: copies
-- The hashes and topics held of some streams, by version.
SELECT s.id, e.version, e.entry_hash, e.topic FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = ANY(%(streams)s) ORDER BY s.id, e.version;

-- name: cases_about
-- The cases whose streams are about a person, the oldest first.
SELECT t.body FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.person = %(person)s AND s.kind = 'case' ORDER BY s.no;

-- name: cases_in
-- The cases of one side in some states, the oldest first.
SELECT t.body FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'case' AND t.body::jsonb ->> 'side' = %(side)s
  AND t.body::jsonb ->> 'state' = ANY(%(states)s) ORDER BY s.no;

-- name: cases
-- Every case with its stream's id, in the order in which they were begun.
SELECT s.id, t.body FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'case' ORDER BY s.no;

-- name: case_times
-- First and newest instant and newest position of one case.
SELECT min(e.recorded_at), max(e.recorded_at), max(e.position)
FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no WHERE s.id = %(stream)s;

-- name: to_seal
-- Messages that wait to be sealed, oldest first; while this ledger recovers from a restore those
-- alone that the recoveries are made of.
SELECT message, case_id, receiver, kind, issue, position, content FROM ledger.outbox
WHERE state = 'to_seal'
  AND (kind = 'reconcile' OR content ? 'wanted'
       OR NOT EXISTS (SELECT FROM ledger.recovery WHERE ended_at IS NULL))
ORDER BY position LIMIT %(limit)s;

-- name: put_sealed
-- Seals messages, each exactly once; returns how many were not sealed by somebody else before. One
-- whose answer came meanwhile is wanted no more.
UPDATE ledger.outbox o SET sealed = t.frame, state = 'sealed'
FROM unnest(%(messages)s::uuid[], %(frames)b::bytea[]) AS t (message, frame)
WHERE o.message = t.message AND o.sealed IS NULL AND o.state <> 'answered';

-- name: cannot_seal
-- A message that cannot be sealed is listed as failed and holds up no other.
UPDATE ledger.outbox SET state = 'failed', reason = %(reason)s
WHERE message = %(message)s AND sealed IS NULL AND state <> 'answered';

-- name: references
-- Names of other ledgers' units and classes, as dossiers told them.
SELECT DISTINCT ON (ledger, kind, code) ledger, kind, code, body FROM ledger.reference
WHERE ledger = ANY(%(ledgers)s) AND kind IN ('unit', 'class')
ORDER BY ledger, kind, code, known_from DESC;

-- name: due
-- Sealed messages that nobody has answered and whose time has come; other relays' are skipped. A
-- time further away than any wait was set by a clock that ran ahead. A large frame is read by itself
-- when it is its turn. While this ledger recovers, as `to_seal`.
SELECT message, receiver, kind, CASE WHEN length(sealed) <= %(most)s THEN sealed END,
       length(sealed), attempts
FROM ledger.outbox
WHERE state IN ('sealed', 'sent')
  AND (next_at <= now() OR next_at > now() + interval '1 day')
  AND (kind = 'reconcile' OR content ? 'wanted'
       OR NOT EXISTS (SELECT FROM ledger.recovery WHERE ended_at IS NULL))
ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: frame
-- The sealed bytes of one message.
SELECT sealed FROM ledger.outbox WHERE message = %(message)s;

-- name: put_sent
-- Messages went out; each goes again after its wait unless it is answered. An answer to a
-- reconciliation is told once, and again when it is asked for again.
UPDATE ledger.outbox o
SET state = CASE WHEN o.content ? 'answers' THEN 'answered' ELSE t.state END, attempts = attempts + 1, sequence = coalesce(nullif(t.sequence, 0), o.sequence),
    next_at = now() + t.wait * interval '1 second'
FROM unnest(%(messages)s::uuid[], %(states)s::text[], %(waits)s::float8[], %(sequences)s::bigint[])
     AS t (message, state, wait, sequence)
WHERE o.message = t.message;

-- name: cannot_send
-- A sealed message that can never be sent, and why.
UPDATE ledger.outbox SET state = 'failed', reason = %(reason)s WHERE message = %(message)s;

-- name: failed
-- Messages that could not be sealed or sent, and why.
SELECT message, case_id, kind, reason FROM ledger.outbox WHERE state = 'failed' ORDER BY position;

-- name: outbox_waiting
-- How many messages wait for their answer or their first sending, by state, and since when the
-- oldest: message ids are UUIDv7, whose first 48 bits are milliseconds.
SELECT state, count(*), min(message::text) FROM ledger.outbox
WHERE state IN ('to_seal', 'sealed', 'sent') GROUP BY state;

-- name: answered
-- Messages of a case that have their answer.
UPDATE ledger.outbox SET state = 'answered'
WHERE case_id = %(case)s AND kind = ANY(%(kinds)s) AND state <> 'answered';

-- name: answered_by
-- What one ledger was told of a case has its answer.
UPDATE ledger.outbox SET state = 'answered'
WHERE case_id = %(case)s AND kind = %(kind)s AND receiver = %(receiver)s AND state <> 'answered';

-- name: answered_message
-- One message has its answer.
UPDATE ledger.outbox SET state = 'answered' WHERE message = %(message)s AND state <> 'answered';

-- name: next_issue
-- The number after those of the messages of this kind in a case.
SELECT coalesce(max(issue), 0) + 1 FROM ledger.outbox
WHERE case_id = %(case)s AND kind = %(kind)s;

-- name: told_content
-- What the first message of this kind in a case says.
SELECT content FROM ledger.outbox
WHERE case_id = %(case)s AND kind = %(kind)s ORDER BY issue LIMIT 1;

-- name: told_message
-- One of our messages in a case: to whom, what, which issue.
SELECT receiver, kind, issue, content, state FROM ledger.outbox
WHERE case_id = %(case)s AND message = %(message)s;

-- name: told_problem
-- Whether this failed message was answered by a problem before.
SELECT 1 FROM ledger.outbox
WHERE case_id = %(case)s AND kind = 'problem' AND receiver = %(receiver)s
AND content ->> 'kind' = %(kind)s AND (content ->> 'issue')::integer = %(issue)s;

-- name: of_case
-- Every sealed message of a case.
SELECT kind, receiver, issue, state, sealed FROM ledger.outbox
WHERE case_id = %(case)s AND sealed IS NOT NULL ORDER BY position, kind, issue;

-- name: register_states
-- Transfers by what the custody register has answered.
SELECT t.body::jsonb ->> 'registered', count(*)
FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'case' AND t.body::jsonb ->> 'registered' IS NOT NULL GROUP BY 1;

-- name: registered
-- What the custody register knows, token by token and transfer by transfer.
SELECT s.id, t.body FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'register' AND s.ledger = %(ledger)s ORDER BY s.no;

-- name: answered_issue
-- One message of a case that has its answer.
UPDATE ledger.outbox SET state = 'answered'
WHERE case_id = %(case)s AND kind = %(kind)s AND issue = %(issue)s AND state <> 'answered';

-- name: supplement_frames
-- The supplements of a case that passed their checks, sealed, the first one first.
SELECT frame, received_at FROM ledger.inbox
WHERE case_id = %(case)s AND kind = 'supplement' AND state = 'done' ORDER BY received_at;

-- name: repeat_answers
-- The answers of a case go out again; one that waits for an answer itself only while it does, and of
-- a reconciliation the answers alone. What was sealed before this ledger was restored is sealed anew.
UPDATE ledger.outbox
SET state = CASE WHEN sealed IS NULL THEN 'to_seal' ELSE 'sealed' END, next_at = now()
WHERE case_id = %(case)s AND kind = ANY(%(kinds)s) AND (sealed IS NOT NULL OR state <> 'failed')
  AND (kind = ANY(%(final)s) OR content ? 'answers'
       OR (state <> 'answered' AND NOT content ? 'asks'));

-- name: sealed
-- The sealed bytes of a message of a case, newest issue.
SELECT sealed FROM ledger.outbox
WHERE case_id = %(case)s AND kind = %(kind)s AND sealed IS NOT NULL
ORDER BY issue DESC LIMIT 1;

-- name: outbox_states
-- Messages by state.
SELECT state, count(*) FROM ledger.outbox GROUP BY state ORDER BY state;

-- name: unanswered
-- Open transfers with the instant of their last entry, oldest first.
SELECT t.body::jsonb ->> 'id', t.body::jsonb ->> 'side', t.body::jsonb ->> 'state', last.recorded_at
FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
CROSS JOIN LATERAL (SELECT e.recorded_at FROM ledger.entry e WHERE e.stream = s.no
                    ORDER BY e.version DESC LIMIT 1) AS last
WHERE s.kind = 'case'
  AND (t.body::jsonb ->> 'state'
       NOT IN ('accepted', 'rejected', 'declined', 'refused', 'left', 'follow_up')
       OR t.body::jsonb -> 'supplements' @> '[{"outcome": null}]')
ORDER BY last.recorded_at;

-- name: lock_batches
-- One session at a time opens a batch of a sender, so that the limit holds.
SELECT pg_advisory_xact_lock(7203103, hashtext(%(sender)s));

-- name: batch
-- What the manifest of a large message said.
SELECT sha256, hashes, state FROM ledger.inbox_batch
WHERE sender = %(sender)s AND message = %(message)s;

-- name: open_batches
-- How many large messages of a sender are unfinished.
SELECT count(*) FROM ledger.inbox_batch WHERE sender = %(sender)s AND state = 'open';

-- name: put_batch
-- A large message begins.
INSERT INTO ledger.inbox_batch (sender, message, sha256, size, hashes, state)
VALUES (%(sender)s, %(message)s, %(sha)b, %(size)s, %(hashes)b, 'open');

-- name: put_chunk
-- A chunk that its manifest lists; repeated, it is there already.
INSERT INTO ledger.inbox_chunk (sender, message, no, body)
VALUES (%(sender)s, %(message)s, %(no)s, %(body)b) ON CONFLICT DO NOTHING;

-- name: count_chunks
-- How many chunks of a large message are here.
SELECT count(*) FROM ledger.inbox_chunk WHERE sender = %(sender)s AND message = %(message)s;

-- name: chunks
-- The chunks of a large message, in order.
SELECT body FROM ledger.inbox_chunk
WHERE sender = %(sender)s AND message = %(message)s ORDER BY no;

-- name: inbox_frame
-- A message that came in, sealed as it was.
SELECT frame FROM ledger.inbox
WHERE sender = %(sender)s AND message = %(message)s AND state <> 'dead';

-- name: finish_batch
-- A large message was taken in whole.
UPDATE ledger.inbox_batch SET state = 'whole'
WHERE sender = %(sender)s AND message = %(message)s;

-- name: drop_chunks
-- Its chunks are not needed any more.
DELETE FROM ledger.inbox_chunk WHERE sender = %(sender)s AND message = %(message)s;

-- name: expire_batches
-- Unfinished large messages that began too long ago, and their chunks.
WITH gone AS (
    DELETE FROM ledger.inbox_batch WHERE state = 'open' AND begun_at < %(before)s
    RETURNING sender, message
), chunks AS (
    DELETE FROM ledger.inbox_chunk c USING gone g
    WHERE c.sender = g.sender AND c.message = g.message
)
SELECT FROM gone;

-- name: newest_hash
-- The hash of a stream's newest entry.
SELECT e.entry_hash FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = %(stream)s ORDER BY e.version DESC LIMIT 1;

-- name: sheet_marks
-- The marks of some sheets, each sheet named by the position of the entry that hands it in.
SELECT t.last, s.person, e.body, e.entry_hash
FROM unnest(%(starts)s::bigint[], %(ends)s::bigint[]) AS t (first, last)
JOIN ledger.entry e ON e.position >= t.first AND e.position < t.last
JOIN ledger.stream s ON s.no = e.stream
ORDER BY e.position;
