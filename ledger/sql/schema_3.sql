-- Version 3 of the schema. Run by the owner: after schema_2.sql in an empty database, alone in one
-- of version 2. Each block belongs to what its first line names.

-- The courier (transfer/): why a message failed, what was given up, large messages in chunks.
ALTER TABLE ledger.outbox ADD COLUMN reason text;
-- The newest publication's place in our own stream: an advisory names nothing else.
ALTER TABLE ledger.outbox ADD COLUMN sequence bigint;
CREATE INDEX outbox_sequence ON ledger.outbox (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX inbox_dead ON ledger.inbox (sender) WHERE state = 'dead';

-- What a NATS server gave up delivering, or a receiver ended: never lost by a restart.
CREATE TABLE ledger.given_up (
    stream      text NOT NULL,
    consumer    text NOT NULL,
    sequence    bigint NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('max_deliveries', 'terminated')),
    deliveries  integer NOT NULL,
    reason      text,
    noted_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (stream, consumer, sequence, kind)
);

-- A message above 900 KiB as its signed manifest describes it, until its chunks are together.
-- hashes: the SHA-256 of each chunk in order, 32 bytes each.
CREATE TABLE ledger.inbox_batch (
    sender    uuid NOT NULL,
    message   uuid NOT NULL,
    sha256    bytea NOT NULL,
    size      bigint NOT NULL,
    hashes    bytea NOT NULL,
    state     text NOT NULL CHECK (state IN ('open', 'whole')),
    begun_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sender, message)
);
CREATE TABLE ledger.inbox_chunk (
    sender    uuid NOT NULL,
    message   uuid NOT NULL,
    no        integer NOT NULL,
    body      bytea NOT NULL,
    PRIMARY KEY (sender, message, no)
);
ALTER TABLE ledger.inbox_chunk ALTER COLUMN body SET STORAGE EXTERNAL;

GRANT SELECT, INSERT ON ledger.given_up TO hocba_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.inbox_batch TO hocba_app;
GRANT SELECT, INSERT, DELETE ON ledger.inbox_chunk TO hocba_app;

INSERT INTO ledger.schema_version (version) VALUES (3);
