-- name: put_outgoing
-- A message to be sealed and sent, in the transaction that makes it true.
INSERT INTO ledger.outbox (message, case_id, receiver, kind, issue, position, content)
VALUES (%(message)s, %(case)s, %(receiver)s, %(kind)s, %(issue)s, %(position)s, %(content)s);
