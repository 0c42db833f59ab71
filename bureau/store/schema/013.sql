-- Version 13: timetables that came with routes, and every change of the registry, row by row.
CREATE TABLE route_service (
    route_id      TEXT NOT NULL REFERENCES route,
    service_id    TEXT NOT NULL,
    feed_route_id TEXT NOT NULL,    -- as the feed calls the route
    weekdays      INTEGER NOT NULL, -- bit 0 = Monday
    from_day      INTEGER NOT NULL,
    until_day     INTEGER NOT NULL,
    start_min     INTEGER NOT NULL,
    end_min       INTEGER NOT NULL, -- beyond 1440: after midnight
    n_trips       INTEGER NOT NULL, -- a day
    days          BLOB NOT NULL,    -- 32-bit little-endian: runs on `day`, or does not on `-day`
    PRIMARY KEY (route_id, service_id)
) WITHOUT ROWID;
CREATE TABLE registry_change (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    utc_ms    INTEGER NOT NULL,
    who       TEXT NOT NULL,
    via       TEXT NOT NULL, -- 'import', 'gtfs', 'api'
    table_id  TEXT NOT NULL, -- 'vehicles', ...
    row_id    TEXT NOT NULL,
    what      TEXT NOT NULL CHECK (what IN ('added', 'changed', 'removed')),
    fields    TEXT NOT NULL  -- JSON: {"FIELD": [BEFORE, AFTER], ...}
);
CREATE INDEX registry_change_row ON registry_change(table_id, row_id);
CREATE TRIGGER registry_change_fixed BEFORE UPDATE ON registry_change
    BEGIN SELECT RAISE(ABORT, 'what was changed stays as it was written'); END;
