-- Version 6: trips. The columns are what lists and reports are made of; the stops are in the signed record.
CREATE TABLE trip (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    vehicle         TEXT NOT NULL,
    begun_utc_ms    INTEGER NOT NULL,
    ended_utc_ms    INTEGER NOT NULL,
    permit_no       TEXT NOT NULL, -- '' = none, or nobody knows
    route_id        TEXT NOT NULL,
    boarded         INTEGER NOT NULL,
    alighted        INTEGER NOT NULL,
    peak            INTEGER NOT NULL,
    capacity        INTEGER NOT NULL, -- 0 = nobody knows
    over_s          INTEGER NOT NULL,
    quality         INTEGER NOT NULL,
    began_late      INTEGER NOT NULL CHECK (began_late IN (0, 1)),
    cut_short       INTEGER NOT NULL CHECK (cut_short IN (0, 1)),
    stream          BLOB NOT NULL CHECK (length(stream) = 8), -- of the ALERT record that says so
    seq             INTEGER NOT NULL,
    received_utc_ms INTEGER NOT NULL, -- of that record
    UNIQUE (vehicle, begun_utc_ms)
);
CREATE INDEX trip_begun ON trip(begun_utc_ms);
