-- Version 2 of the schema: which version of the models made the current states (ledger/states.py).
-- Run by the owner: after schema.sql in an empty database, alone in one of version 1.

CREATE TABLE ledger.state_version (
    single  boolean PRIMARY KEY DEFAULT true CHECK (single),
    number  integer NOT NULL,
    shape   text NOT NULL
);
-- Older than every version: whoever opens the ledger next folds its states anew.
INSERT INTO ledger.state_version (number, shape) VALUES (0, '');

GRANT SELECT, UPDATE ON ledger.state_version TO hocba_app;
GRANT DELETE ON ledger.state, ledger.slot TO hocba_app;
INSERT INTO ledger.schema_version (version) VALUES (2);
