-- name: peer
-- The newest incarnation of another ledger that has spoken here.
SELECT incarnation FROM ledger.peer WHERE ledger = %(ledger)s;

-- name: put_peer
-- A ledger speaks as this incarnation; a higher one stays.
INSERT INTO ledger.peer (ledger, incarnation) VALUES (%(ledger)s, %(incarnation)s)
ON CONFLICT (ledger) DO UPDATE SET incarnation = excluded.incarnation, noted_at = now()
WHERE ledger.peer.incarnation < excluded.incarnation;

-- name: recovering
-- The recovery that has not ended: its incarnation, the instant after which entries were lost.
SELECT incarnation, since FROM ledger.recovery WHERE ended_at IS NULL;

-- name: end_abandoned
-- A recovery that a second restore cut off goes on as the new incarnation.
UPDATE ledger.recovery SET ended_at = now() WHERE ended_at IS NULL;

-- name: begin_recovery
-- The log goes on as another incarnation.
INSERT INTO ledger.recovery (incarnation, since, signed_size)
VALUES (%(incarnation)s, %(since)s, %(signed_size)s);

-- name: raise_incarnation
-- From here on this ledger speaks as this incarnation.
UPDATE ledger.head SET incarnation = %(incarnation)s WHERE incarnation < %(incarnation)s;

-- name: end_recovery
-- Everybody has told what it knew.
UPDATE ledger.recovery SET ended_at = now() WHERE incarnation = %(incarnation)s;

-- name: renew_outbox
-- What was sealed by the lost incarnation would be refused: it is sealed anew, as new messages.
UPDATE ledger.outbox
SET message = gen_random_uuid(), sealed = NULL, attempts = 0, next_at = now(),
    state = CASE WHEN kind = 'reconcile' THEN 'answered'
                 WHEN state IN ('sealed', 'sent') THEN 'to_seal' ELSE state END
WHERE sealed IS NOT NULL;

-- name: tell_again
-- Everything that a restored ledger has not answered goes out to it again.
UPDATE ledger.outbox SET next_at = now()
WHERE receiver = %(ledger)s AND state IN ('sealed', 'sent') AND kind <> 'reconcile';

-- name: put_ask
-- A question to another ledger.
INSERT INTO ledger.ask (id, ledger, incarnation, since, wants)
VALUES (%(ask)s, %(ledger)s, %(incarnation)s, %(since)s, %(wants)s);

-- name: ask
-- A question: of whom, since when, the parts that have come, the number of the last one.
SELECT ledger, incarnation, since, parts, last, answered_at FROM ledger.ask WHERE id = %(ask)s;

-- name: lock_ask
-- Two parts of one answer are taken in one after the other.
SELECT parts, last FROM ledger.ask WHERE id = %(ask)s FOR UPDATE;

-- name: put_part
-- A part of an answer has come.
UPDATE ledger.ask
SET parts = CASE WHEN %(part)s = ANY(parts) THEN parts ELSE parts || %(part)s::integer END,
    last = coalesce(last, %(last)s::integer), findings = findings || %(findings)s::jsonb
WHERE id = %(ask)s;

-- name: put_ruling
-- A ledger is left out, by the paper of that number.
INSERT INTO ledger.ask (id, ledger, incarnation, ruling, answered_at)
VALUES (%(ask)s, %(ledger)s, %(incarnation)s, %(ruling)s, now());

-- name: whole
-- Answers that are together and wait to be worked in, oldest first.
SELECT id, ledger, incarnation, since FROM ledger.ask
WHERE answered_at IS NULL AND last IS NOT NULL AND cardinality(parts) = last ORDER BY asked_at;

-- name: put_answered
-- An answer was worked in.
UPDATE ledger.ask SET answered_at = now(), findings = findings || %(findings)s::jsonb
WHERE id = %(ask)s;

-- name: drop_older_statements
-- Of one ledger the newest whole answer is kept.
DELETE FROM ledger.statement WHERE ask IN (
    SELECT id FROM ledger.ask WHERE ledger = %(ledger)s AND id <> %(ask)s AND answered_at IS NOT NULL);

-- name: drop_older_findings
-- A newer answer of a ledger has looked at everything again.
UPDATE ledger.ask SET findings = '[]'
WHERE ledger = %(ledger)s AND id <> %(ask)s AND answered_at IS NOT NULL AND findings <> '[]';

-- name: drop_older_asks
-- Questions for the report go with their statements.
DELETE FROM ledger.ask
WHERE ledger = %(ledger)s AND id <> %(ask)s AND incarnation IS NULL AND answered_at IS NOT NULL;

-- name: put_statements
-- What the other ledger says of transfers between us.
INSERT INTO ledger.statement (ask, case_id, body)
SELECT %(ask)s, * FROM unnest(%(cases)s::uuid[], %(bodies)s::jsonb[])
ON CONFLICT (ask, case_id) DO NOTHING;

-- name: open_report_asks
-- Ledgers that have not answered a question for the report yet: they are not asked another one.
SELECT DISTINCT ledger FROM ledger.ask WHERE incarnation IS NULL AND answered_at IS NULL;

-- name: asked_lately
-- Ledgers that were asked for the report within a day, or have not answered yet.
SELECT DISTINCT ledger FROM ledger.ask
WHERE incarnation IS NULL AND (answered_at IS NULL OR asked_at > now() - interval '1 day');

-- name: ask_again
-- Questions that are not answered go out again now.
UPDATE ledger.outbox SET next_at = now()
WHERE kind = 'reconcile' AND content ? 'asks' AND state IN ('sealed', 'sent');

-- name: restored_entries
-- Own entries that came back.
SELECT count(*) FROM ledger.entry e JOIN ledger.stream s ON s.no = e.stream
WHERE s.ledger = %(ledger)s AND e.origin_position IS NOT NULL AND e.position >= %(start)s;

-- name: begun_at_position
-- Where the newest recovery began in the log.
SELECT max(e.position) FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.id = %(ledger)s AND e.topic = 'ledger.RecoveryBegun.v1';

-- name: statements
-- Every transfer of one answer.
SELECT body FROM ledger.statement
WHERE ask = %(ask)s AND NOT body ? 'supplements' ORDER BY case_id;

-- name: stated_supplements
-- The supplements of one answer, as its parts told them.
SELECT body FROM ledger.statement WHERE ask = %(ask)s AND body ? 'supplements' ORDER BY case_id;

-- name: newest_statement
-- The newest whole answer of each ledger: its question, and when it was worked in.
SELECT DISTINCT ON (ledger) ledger, id, answered_at FROM ledger.ask
WHERE answered_at IS NOT NULL AND ruling IS NULL ORDER BY ledger, answered_at DESC;

-- name: asks_of
-- Where the questions of a recovery stand.
SELECT id, ledger, wants, parts, last, findings, ruling, asked_at, answered_at FROM ledger.ask
WHERE incarnation = %(incarnation)s ORDER BY asked_at, id;

-- name: cases_with
-- The transfers with one ledger: number of the stream, its id, the case; applications that were
-- never told stay here, and so do supplements of transfers that we are no party of.
SELECT s.no, s.id, t.body FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'case' AND t.body::jsonb ->> 'peer' = %(ledger)s::text
  AND t.body::jsonb ->> 'state' NOT IN ('applied', 'agreed', 'refused', 'follow_up')
ORDER BY s.no;

-- name: supplements_with
-- The cases in which supplements go to a ledger or came from it: number of the stream, the case.
SELECT s.no, t.body FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'case'
  AND t.body::jsonb -> 'supplements' @> jsonb_build_array(jsonb_build_object('ledger', %(ledger)s::text))
ORDER BY s.no;

-- name: mails_from
-- The messages of one kind of a ledger that were taken in here, with their sizes and cases.
SELECT message, length(frame), case_id FROM ledger.inbox
WHERE sender = %(ledger)s AND kind = %(kind)s AND state = 'done' ORDER BY received_at, message;

-- name: register_again
-- What the custody register was told goes out once more. Of a record that was sent back before our
-- own restore nothing is left to tell.
UPDATE ledger.outbox
SET state = CASE WHEN sealed IS NULL THEN 'to_seal' ELSE 'sealed' END, next_at = now()
WHERE receiver = %(ledger)s AND kind = 'register' AND state = 'answered'
  AND (sealed IS NOT NULL OR content ->> 'event' <> 'rejected');

-- name: frame_from
-- A message of a ledger, sealed as it came.
SELECT frame FROM ledger.inbox WHERE sender = %(ledger)s AND message = %(message)s;

-- name: supplement_answers
-- What a ledger decided about the supplements of a case, sealed as it came.
SELECT frame FROM ledger.inbox
WHERE sender = %(ledger)s AND case_id = %(case)s AND kind = 'supplement_answer' AND state = 'done'
ORDER BY received_at, message;

-- name: steps_of
-- The entries of transfers' streams, in order, without what is sealed in them.
SELECT s.id, e.recorded_at, e.topic, e.body FROM ledger.stream s
JOIN ledger.entry e ON e.stream = s.no WHERE s.id = ANY(%(streams)s) ORDER BY e.position;

-- name: copied_persons
-- Of whom a ledger's entries, recorded by it after an instant, are held here as copies, with bytes.
SELECT s.person, sum(length(e.body)) FROM ledger.stream s JOIN ledger.entry e ON e.stream = s.no
WHERE s.ledger = %(ledger)s AND s.person IS NOT NULL AND e.origin_recorded_at > %(since)s
GROUP BY s.person ORDER BY s.person;

-- name: copied_streams
-- A ledger's streams about some persons.
SELECT s.id, s.person FROM ledger.stream s
WHERE s.ledger = %(ledger)s AND s.person = ANY(%(persons)s);

-- name: releases_of
-- The proven releases of some pupils, by the id their own ledger gave them.
SELECT DISTINCT body FROM ledger.hop
WHERE body::jsonb #>> '{release,record,stream}' = ANY(%(pupils)s);

-- name: streams
-- What is known of streams by id.
SELECT id, kind, person, school_year FROM ledger.stream WHERE id = ANY(%(ids)s);

-- name: owned_persons
-- Which of these pupils are on record here as our own.
SELECT id FROM ledger.stream
WHERE id = ANY(%(ids)s) AND kind = 'pupil' AND ledger = %(ledger)s
  AND EXISTS (SELECT FROM ledger.entry e WHERE e.stream = ledger.stream.no);

-- name: released_pupils
-- Records of ours that are released, and in which transfer.
SELECT s.id, (t.body::jsonb #>> '{released,0}')::uuid
FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'pupil' AND s.ledger = %(ledger)s
  AND t.body::jsonb #>> '{released,0}' IS NOT NULL ORDER BY s.no;

-- name: accepted_into
-- Which record of ours took a transfer in.
SELECT s.id FROM ledger.stream s JOIN ledger.state t ON t.stream = s.no
WHERE s.kind = 'pupil' AND s.ledger = %(ledger)s
  AND t.body::jsonb -> 'accepted' ? %(case)s::text;

-- name: acceptances
-- The acceptances of some transfers that came here, sealed as they were, since an instant of the
-- receiver's clock (a day less: the two need not agree).
SELECT DISTINCT ON (case_id) case_id, frame FROM ledger.inbox
WHERE case_id = ANY(%(cases)s) AND kind = 'accept' AND state = 'done'
  AND received_at > %(since)s::timestamptz - interval '1 day'
ORDER BY case_id, received_at;

-- name: seal_again
-- A message whose sealed bytes went with the lost incarnation.
UPDATE ledger.outbox SET state = 'to_seal'
WHERE case_id = %(case)s AND kind = %(kind)s AND sealed IS NULL AND state = 'answered';

-- name: newest_recovery
-- The incarnation of the newest recovery.
SELECT max(incarnation) FROM ledger.recovery;
