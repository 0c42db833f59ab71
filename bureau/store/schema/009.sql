-- Version 9: sightings of vehicles that carry pupils, and their photos.
CREATE TABLE sighting (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    account         TEXT NOT NULL,
    key             TEXT NOT NULL, -- the phone's: a report that is sent twice is one
    role            INTEGER NOT NULL,
    school_id       TEXT NOT NULL, -- of the account; '' = none
    plate           TEXT NOT NULL, -- normalised, '?' = not read; '' = none was seen
    gate            TEXT NOT NULL, -- a school's id; '' = elsewhere
    place           TEXT NOT NULL,
    lat_deg         REAL,
    lon_deg         REAL,
    accuracy_m      REAL,          -- NULL = nobody knows
    seen_utc_ms     INTEGER NOT NULL,
    received_utc_ms INTEGER NOT NULL,
    heads           INTEGER NOT NULL, -- -1 = nobody counted
    note            TEXT NOT NULL,
    verdict         INTEGER NOT NULL CHECK (verdict BETWEEN 1 AND 7),
    case_id         INTEGER NOT NULL DEFAULT 0, -- 0 = none
    UNIQUE (account, key)
);
CREATE INDEX sighting_seen ON sighting(seen_utc_ms);
CREATE INDEX sighting_received ON sighting(received_utc_ms);
CREATE INDEX sighting_school ON sighting(school_id, id);
CREATE INDEX sighting_case ON sighting(case_id) WHERE case_id > 0;
CREATE TABLE sighting_photo (
    sighting        INTEGER PRIMARY KEY REFERENCES sighting ON DELETE CASCADE,
    received_utc_ms INTEGER NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    digest          BLOB NOT NULL CHECK (length(digest) = 32), -- BLAKE2b-256 of jpeg
    jpeg            BLOB NOT NULL
);
CREATE INDEX sighting_photo_received ON sighting_photo(received_utc_ms);
CREATE TRIGGER sighting_fixed BEFORE UPDATE ON sighting WHEN OLD.case_id IS NEW.case_id OR
    (OLD.account, OLD.key, OLD.role, OLD.school_id, OLD.plate, OLD.gate, OLD.place, OLD.lat_deg, OLD.lon_deg, OLD.accuracy_m,
     OLD.seen_utc_ms, OLD.received_utc_ms, OLD.heads, OLD.note, OLD.verdict) IS NOT
    (NEW.account, NEW.key, NEW.role, NEW.school_id, NEW.plate, NEW.gate, NEW.place, NEW.lat_deg, NEW.lon_deg, NEW.accuracy_m,
     NEW.seen_utc_ms, NEW.received_utc_ms, NEW.heads, NEW.note, NEW.verdict)
    BEGIN SELECT RAISE(ABORT, 'a sighting is never changed'); END;
CREATE TRIGGER sighting_photo_fixed BEFORE UPDATE ON sighting_photo
    BEGIN SELECT RAISE(ABORT, 'a photo is never changed'); END;
