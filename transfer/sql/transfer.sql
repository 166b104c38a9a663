-- name: streams_about
-- The pupil and pupil-year streams about these records of one pupil, whoever wrote them.
SELECT id, ledger FROM ledger.stream
WHERE person = ANY(%(persons)s) AND kind IN ('pupil', 'pupil_year');

-- name: hops
-- Earlier releases of a pupil who came by transfer, the first one first.
SELECT body FROM ledger.hop WHERE pupil = %(pupil)s ORDER BY no;

-- name: put_reference
-- A name of another ledger's unit or class, as a dossier told it.
INSERT INTO ledger.reference (ledger, kind, code, known_from, body)
VALUES (%(ledger)s, %(kind)s, %(code)s, %(known_from)s, %(body)s) ON CONFLICT DO NOTHING;

-- name: put_hops
-- The releases a dossier proved, to travel on one day.
INSERT INTO ledger.hop (pupil, no, body)
SELECT %(pupil)s, * FROM unnest(%(numbers)s::integer[], %(bodies)s::text[])
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
-- Keeps a message that came in, sealed as it was. One in quarantine may be taken after all.
INSERT INTO ledger.inbox (sender, message, case_id, kind, payload_sha256, frame, state, detail)
VALUES (%(sender)s, %(message)s, %(case)s, %(kind)s, %(sha)s, %(frame)s, %(state)s, %(detail)s)
ON CONFLICT (sender, message) DO UPDATE
SET case_id = excluded.case_id, kind = excluded.kind, payload_sha256 = excluded.payload_sha256,
    frame = excluded.frame, state = excluded.state, detail = excluded.detail,
    received_at = excluded.received_at
WHERE ledger.inbox.state = 'dead'
   OR (ledger.inbox.state = 'quarantined' AND excluded.state = 'done'
       AND ledger.inbox.payload_sha256 = excluded.payload_sha256);

-- name: dossier_frame
-- The newest dossier of a case that passed its checks, sealed.
SELECT frame, received_at FROM ledger.inbox
WHERE case_id = %(case)s AND kind = 'dossier' AND state = 'done'
ORDER BY received_at DESC LIMIT 1;

-- name: quarantined
-- What waits for a person's look.
SELECT sender, message, case_id, kind, detail, received_at FROM ledger.inbox
WHERE state <> 'done' ORDER BY received_at;

-- name: peer_checkpoint
-- The root another ledger showed for a size.
SELECT root FROM ledger.peer_checkpoint WHERE ledger = %(ledger)s AND size = %(size)s;

-- name: put_peer_checkpoint
-- A checkpoint another ledger has shown.
INSERT INTO ledger.peer_checkpoint (ledger, size, root)
VALUES (%(ledger)s, %(size)s, %(root)s) ON CONFLICT DO NOTHING;

-- name: copies
-- The hashes held of some streams, by version.
SELECT s.id, e.version, e.entry_hash FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = ANY(%(streams)s) ORDER BY s.id, e.version;

-- name: cases
-- Every transfer's stream with the instants of its first and newest entry.
SELECT s.id, t.body, min(e.recorded_at), max(e.recorded_at), max(e.position)
FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'case' GROUP BY s.id, t.body ORDER BY min(e.position);

-- name: case_times
-- First and newest instant and newest position of one case.
SELECT min(e.recorded_at), max(e.recorded_at), max(e.position)
FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no WHERE s.id = %(stream)s;

-- name: to_seal
-- Messages that wait to be sealed, oldest first.
SELECT message, case_id, receiver, kind, issue, position, content FROM ledger.outbox
WHERE state = 'to_seal' ORDER BY position LIMIT 100;

-- name: put_sealed
-- Seals a message, exactly once.
UPDATE ledger.outbox SET sealed = %(frame)s, state = 'sealed'
WHERE message = %(message)s AND sealed IS NULL;

-- name: cannot_seal
-- A message that cannot be sealed is listed as failed and holds up no other.
UPDATE ledger.outbox SET state = 'failed' WHERE message = %(message)s AND sealed IS NULL;

-- name: references
-- Names of other ledgers' units and classes, as dossiers told them.
SELECT DISTINCT ON (ledger, kind, code) ledger, kind, code, body FROM ledger.reference
WHERE ledger = ANY(%(ledgers)s) ORDER BY ledger, kind, code, known_from DESC;

-- name: due
-- Sealed messages that nobody has answered and whose time has come; other relays' are skipped. A
-- time further away than any wait was set by a clock that ran ahead.
SELECT message, receiver, kind, sealed, attempts FROM ledger.outbox
WHERE state IN ('sealed', 'sent')
  AND (next_at <= now() OR next_at > now() + interval '1 day')
ORDER BY next_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: put_sent
-- A message went out; it goes again at next_at unless it is answered.
UPDATE ledger.outbox
SET state = %(state)s, attempts = attempts + 1, next_at = now() + %(wait)s * interval '1 second'
WHERE message = %(message)s;

-- name: answered
-- Messages of a case that have their answer.
UPDATE ledger.outbox SET state = 'answered'
WHERE case_id = %(case)s AND kind = ANY(%(kinds)s) AND state <> 'answered';

-- name: repeat_answers
-- The answers of a case go out again; a dossier only while it waits for its own answer.
UPDATE ledger.outbox SET state = 'sealed', next_at = now()
WHERE case_id = %(case)s AND kind = ANY(%(kinds)s) AND sealed IS NOT NULL
AND (kind <> 'dossier' OR state <> 'answered');

-- name: told
-- Whether a message of this kind and issue was told in a case before.
SELECT 1 FROM ledger.outbox WHERE case_id = %(case)s AND kind = %(kind)s AND issue = %(issue)s;

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
  AND t.body::jsonb ->> 'state' NOT IN ('accepted', 'rejected', 'declined')
ORDER BY last.recorded_at;
