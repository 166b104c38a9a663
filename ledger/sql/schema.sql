-- One ledger, one database. Run once by the owner; the application works as role hocba_app,
-- which may add entries and read them, and can neither change nor remove one.

CREATE SCHEMA ledger;
CREATE SCHEMA vault;
CREATE SCHEMA projection;

CREATE TABLE ledger.schema_version (
    version     integer PRIMARY KEY,
    applied_at  timestamptz NOT NULL DEFAULT now()
);
INSERT INTO ledger.schema_version (version) VALUES (1);

-- The head row: whoever holds its lock appends next. size = number of entries = next position.
-- recorded_at is the newest entry's, or a later floor that a read at an instant has set.
CREATE TABLE ledger.head (
    single       boolean PRIMARY KEY DEFAULT true CHECK (single),
    ledger_id    uuid NOT NULL,
    incarnation  integer NOT NULL DEFAULT 1,
    size         bigint NOT NULL DEFAULT 0 CHECK (size >= 0),
    recorded_at  timestamptz NOT NULL DEFAULT '1970-01-01T00:00:00Z'
) WITH (fillfactor = 50);

-- Streams get small numbers in the order they are first named: an index over (number, version)
-- grows at its right end, where one over random uuids would be hit all over.
CREATE TABLE ledger.stream (
    no           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           uuid NOT NULL UNIQUE,
    ledger       uuid NOT NULL,
    kind         text NOT NULL,
    person       uuid,
    school_year  text
);
CREATE INDEX stream_person ON ledger.stream (person) WHERE person IS NOT NULL;

-- The log. origin_* are set on verbatim copies of another ledger's entries only.
CREATE TABLE ledger.entry (
    position            bigint PRIMARY KEY,
    recorded_at         timestamptz NOT NULL,
    stream              bigint NOT NULL REFERENCES ledger.stream (no),
    version             bigint NOT NULL,
    topic               text NOT NULL,
    entry_hash          bytea NOT NULL,
    body                bytea NOT NULL,
    origin_position     bigint,
    origin_recorded_at  timestamptz,
    UNIQUE (stream, version),
    CHECK ((origin_position IS NULL) = (origin_recorded_at IS NULL))
);
ALTER TABLE ledger.entry ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'entries of the log are never changed or removed (% refused)', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON ledger.entry
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER entry_no_truncate BEFORE TRUNCATE ON ledger.entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change();

-- Takes the head lock and n positions; then, in a later statement with its own snapshot, tells
-- whether any of the streams a decision was made from has grown since read_at (a size). Called
-- first in its transaction, before the entries are inserted; a rollback gives the positions back.
CREATE FUNCTION ledger.claim(
    n bigint, read_at bigint, depends bigint[],
    OUT first_position bigint, OUT first_recorded_at timestamptz, OUT stale boolean
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE ledger.head SET
        size = size + n,
        recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
                      + (n - 1) * interval '1 microsecond'
    RETURNING size - n, recorded_at - (n - 1) * interval '1 microsecond'
    INTO first_position, first_recorded_at;
    stale := first_position > read_at AND EXISTS (
        SELECT FROM ledger.entry e WHERE e.position >= read_at AND e.stream = ANY (depends));
END $$;

-- The number of entries recorded at or before an instant: recorded_at rises with the position,
-- so a bisection over the primary key finds it.
CREATE FUNCTION ledger.size_at(instant timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := (SELECT size FROM ledger.head);
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := (low + high) / 2;
        IF (SELECT recorded_at FROM ledger.entry WHERE position = middle) <= instant THEN
            low := middle + 1;
        ELSE
            high := middle;
        END IF;
    END LOOP;
    RETURN low;
END $$;

-- Commands already carried out: the same key and content gets the same answer again.
CREATE TABLE ledger.command (
    key             text PRIMARY KEY,
    digest          bytea NOT NULL,
    answer          jsonb NOT NULL
);

-- Lines of imported files already recorded: keyed digest of (source, kind, all values given).
CREATE TABLE ledger.line (
    digest    uuid PRIMARY KEY
);

-- What the rules read under the lock: the current state of each stream, kept by the same
-- evolve that every reader folds with; `verify` compares them. Never read by date. (No foreign
-- keys: they are written beside the entries of the same streams, which have them.)
CREATE TABLE ledger.state (
    stream   bigint PRIMARY KEY,
    body     text NOT NULL
);
CREATE TABLE ledger.slot (
    stream    bigint NOT NULL,
    subject   text NOT NULL,
    semester  smallint NOT NULL,
    slot      text NOT NULL,
    body      text NOT NULL,
    PRIMARY KEY (stream, subject, semester, slot)
);

-- Who has this number: keyed digests of normalised identifiers, never the numbers.
CREATE TABLE ledger.lookup (
    kind    text NOT NULL,
    token   uuid NOT NULL,
    person  uuid NOT NULL,
    PRIMARY KEY (kind, token, person)
);
CREATE UNIQUE INDEX lookup_local ON ledger.lookup (token) WHERE kind = 'local';

-- Names of other ledgers' units and classes, learned with a dossier, from a position on.
CREATE TABLE ledger.reference (
    ledger      uuid NOT NULL,
    kind        text NOT NULL,
    code        text NOT NULL,
    known_from  bigint NOT NULL,
    body        jsonb NOT NULL,
    PRIMARY KEY (ledger, kind, code, known_from)
);

-- Signed heads, and the roots of every full 256-leaf subtree (height 8, 16 …) they were made of.
CREATE TABLE ledger.checkpoint (
    size   bigint PRIMARY KEY,
    root   bytea NOT NULL,
    note   text NOT NULL
);
CREATE TABLE ledger.tile (
    level  smallint NOT NULL,
    index  bigint NOT NULL,
    hash   bytea NOT NULL,
    PRIMARY KEY (level, index)
);

-- The courier's desk. What is to be sent waits here until the receiver's decision is stored;
-- what came in is kept under (sender, message), with the answer given.
CREATE TABLE ledger.outbox (
    message     uuid PRIMARY KEY,
    case_id     uuid NOT NULL,
    receiver    uuid NOT NULL,
    kind        text NOT NULL,
    issue       integer NOT NULL,
    position    bigint NOT NULL,
    content     jsonb NOT NULL,
    sealed      bytea,
    state       text NOT NULL DEFAULT 'to_seal'
                CHECK (state IN ('to_seal', 'sealed', 'sent', 'answered', 'failed')),
    attempts    integer NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (case_id, kind, issue)
);
CREATE INDEX outbox_open ON ledger.outbox (next_at) WHERE state IN ('to_seal', 'sealed', 'sent');
CREATE TABLE ledger.inbox (
    sender         uuid NOT NULL,
    message        uuid NOT NULL,
    case_id        uuid NOT NULL,
    kind           text NOT NULL,
    payload_sha256 bytea NOT NULL,
    frame          bytea NOT NULL,
    state          text NOT NULL CHECK (state IN ('done', 'quarantined', 'dead')),
    detail         text,
    received_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sender, message)
);
-- Earlier releases of a pupil who came by transfer, with their proofs: they travel on.
CREATE TABLE ledger.hop (
    pupil  uuid NOT NULL,
    no     integer NOT NULL,
    body   text NOT NULL,
    PRIMARY KEY (pupil, no)
);
-- The newest checkpoint of another ledger seen here.
CREATE TABLE ledger.peer_checkpoint (
    ledger  uuid NOT NULL,
    size    bigint NOT NULL,
    root    bytea NOT NULL,
    PRIMARY KEY (ledger, size)
);
CREATE TABLE ledger.decision (
    case_id   uuid PRIMARY KEY,
    decision  text NOT NULL CHECK (decision IN ('accepted', 'rejected')),
    message   uuid NOT NULL
);
CREATE INDEX inbox_case ON ledger.inbox (case_id);

CREATE TABLE vault.data_key (
    id        uuid PRIMARY KEY,
    person    uuid NOT NULL,
    ledger    uuid NOT NULL,
    category  text NOT NULL,
    wrapped   bytea NOT NULL,
    UNIQUE (person, ledger, category)
);
CREATE TABLE vault.secret (
    name     text PRIMARY KEY,
    wrapped  bytea NOT NULL
);

GRANT USAGE ON SCHEMA ledger, vault TO hocba_app;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO hocba_app;
GRANT INSERT ON ledger.entry, ledger.stream, ledger.command, ledger.line, ledger.state, ledger.slot,
    ledger.lookup, ledger.reference, ledger.checkpoint, ledger.tile, ledger.outbox, ledger.inbox,
    ledger.decision, ledger.hop, ledger.peer_checkpoint TO hocba_app;
GRANT UPDATE (size, recorded_at) ON ledger.head TO hocba_app;
GRANT UPDATE ON ledger.state, ledger.slot, ledger.outbox, ledger.inbox TO hocba_app;
GRANT DELETE ON ledger.lookup TO hocba_app;
GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA vault TO hocba_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO hocba_app;
GRANT USAGE, CREATE ON SCHEMA projection TO hocba_app;
