-- Version 10: what the bureau itself could hear, and what retention has deleted.
CREATE TABLE hearing (
    id                  INTEGER PRIMARY KEY CHECK (id = 1),
    alive_utc_ms        INTEGER NOT NULL,
    up_since_utc_ms     INTEGER NOT NULL,
    outage_begin_utc_ms INTEGER NOT NULL,
    outage_end_utc_ms   INTEGER NOT NULL
);
-- Numbers of a chain whose records retention deleted. The next record's prev must be tail_hash.
CREATE TABLE purged_record (
    vehicle       TEXT NOT NULL,
    stream        BLOB NOT NULL CHECK (length(stream) = 8),
    class         INTEGER NOT NULL,
    first_seq     INTEGER NOT NULL,
    last_seq      INTEGER NOT NULL,
    tail_hash     BLOB NOT NULL CHECK (length(tail_hash) = 16),
    purged_utc_ms INTEGER NOT NULL, -- the last time
    PRIMARY KEY (vehicle, stream, class, first_seq)
) WITHOUT ROWID;
-- Before which instant rows of a vehicle may be gone: alerts by when they were raised, trips by when they began.
CREATE TABLE purged_row (
    vehicle       TEXT NOT NULL,
    what          INTEGER NOT NULL CHECK (what BETWEEN 1 AND 2), -- 1 alerts, 2 trips
    before_utc_ms INTEGER NOT NULL,
    PRIMARY KEY (vehicle, what)
) WITHOUT ROWID;
CREATE TABLE purged_case (
    id            INTEGER PRIMARY KEY,
    purged_utc_ms INTEGER NOT NULL
);
CREATE TABLE purged_audit (before_utc_ms INTEGER NOT NULL);
-- Nothing goes but what retention has marked.
CREATE TRIGGER case_step_kept BEFORE DELETE ON case_step WHEN OLD.case_id NOT IN (SELECT id FROM purged_case)
    BEGIN SELECT RAISE(ABORT, 'a step of a case stays'); END;
DROP TRIGGER audit_kept;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit
    WHEN OLD.action IN ('records_not_held', 'key_changed', 'purged')
    OR OLD.utc_ms >= coalesce((SELECT max(before_utc_ms) FROM purged_audit), 0)
    BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- What the pass that goes on has deleted so far: its line in the audit log comes at the end, also after a crash.
CREATE TABLE purge_pass (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    deleted TEXT NOT NULL -- numbers, in the order of struct store_purged
);
