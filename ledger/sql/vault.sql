-- name: secret
-- A wrapped secret by name.
SELECT wrapped FROM vault.secret WHERE name = %(name)s;

-- name: put_secret
-- Keeps a wrapped secret; of two sessions that make one at once the first one's stays.
INSERT INTO vault.secret (name, wrapped) VALUES (%(name)s, %(wrapped)s)
ON CONFLICT (name) DO NOTHING;

-- name: keys_of
-- The keys with which a ledger writes about these persons.
SELECT id, person, category, wrapped FROM vault.data_key
WHERE person = ANY(%(persons)s) AND ledger = %(ledger)s;

-- name: keys
-- Keys by id.
SELECT id, wrapped FROM vault.data_key WHERE id = ANY(%(ids)s);

-- name: keys_about
-- Every key held about these persons, whoever wrote with it.
SELECT id, person, ledger, category, wrapped FROM vault.data_key WHERE person = ANY(%(persons)s);

-- name: put_keys
-- New keys, wrapped; a key held already stays as it is.
INSERT INTO vault.data_key (id, person, ledger, category, wrapped)
SELECT * FROM unnest(%(ids)s::uuid[], %(persons)s::uuid[], %(ledgers)s::uuid[],
                     %(categories)s::text[], %(wrapped)b::bytea[])
ON CONFLICT (id) DO NOTHING;

-- name: drop_secret
-- Destroys a wrapped secret.
DELETE FROM vault.secret WHERE name = %(name)s;
