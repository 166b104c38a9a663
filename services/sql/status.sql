-- name: outbox
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
