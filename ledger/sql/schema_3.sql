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

-- The fence after a restore (ledger/fence.py, transfer/recovery.py): which incarnation of another
-- ledger has spoken, our own recoveries, what was asked of whom, and what was answered.
CREATE TABLE ledger.peer (
    ledger       uuid PRIMARY KEY,
    incarnation  integer NOT NULL CHECK (incarnation >= 1),
    noted_at     timestamptz NOT NULL DEFAULT now()
);
-- A log shows one root for one size within an incarnation.
ALTER TABLE ledger.peer_checkpoint ADD COLUMN incarnation integer NOT NULL DEFAULT 1;
ALTER TABLE ledger.peer_checkpoint DROP CONSTRAINT peer_checkpoint_pkey;
ALTER TABLE ledger.peer_checkpoint ADD PRIMARY KEY (ledger, incarnation, size);
-- since: the newest instant of the log as it was restored; what is later was lost.
CREATE TABLE ledger.recovery (
    incarnation  integer PRIMARY KEY,
    since        timestamptz NOT NULL,
    signed_size  bigint NOT NULL,
    begun_at     timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz
);
-- A question to one ledger. incarnation NULL: for the reconciliation report alone.
CREATE TABLE ledger.ask (
    id           uuid PRIMARY KEY,
    ledger       uuid NOT NULL,
    incarnation  integer,
    since        timestamptz,
    wants        uuid[] NOT NULL DEFAULT '{}',
    parts        integer[] NOT NULL DEFAULT '{}',
    last         integer,
    findings     jsonb NOT NULL DEFAULT '[]',
    ruling       text,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    answered_at  timestamptz
);
CREATE INDEX ask_ledger ON ledger.ask (ledger, asked_at);
-- What the other ledger says of each transfer between us: of its newest whole answer.
CREATE TABLE ledger.statement (
    ask      uuid NOT NULL,
    case_id  uuid NOT NULL,
    body     jsonb NOT NULL,
    PRIMARY KEY (ask, case_id)
);
CREATE INDEX hop_release ON ledger.hop ((body::jsonb #>> '{release,record,stream}'));

GRANT SELECT, INSERT, UPDATE ON ledger.peer, ledger.recovery TO hocba_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.ask TO hocba_app;
GRANT SELECT, INSERT, DELETE ON ledger.statement TO hocba_app;
GRANT UPDATE (incarnation) ON ledger.head TO hocba_app;

INSERT INTO ledger.schema_version (version) VALUES (3);
