-- Buswarden bureau store, version 1. Instants are ms since 1970 UTC, days are days since 1970-01-01 local.
-- What a vehicle sent refers to the registry by vehicle id without a foreign key: evidence outlives the registry.

-- The registry: replaced as a whole by each import.
CREATE TABLE school (
    school_id TEXT PRIMARY KEY,
    name      TEXT NOT NULL,
    division  TEXT NOT NULL,
    township  TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE vehicle (
    vehicle_id          TEXT PRIMARY KEY,
    plate               TEXT NOT NULL UNIQUE,
    plate_color         TEXT NOT NULL,
    school_id           TEXT NOT NULL REFERENCES school,
    vehicle_class       INTEGER NOT NULL CHECK (vehicle_class BETWEEN 1 AND 3),
    seats               INTEGER NOT NULL,
    approved_capacity   INTEGER NOT NULL,
    inspected_until_day INTEGER NOT NULL,
    scrapped_day        INTEGER NOT NULL -- 0 = not scrapped
) WITHOUT ROWID;
CREATE TABLE driver (
    driver_id           TEXT PRIMARY KEY,
    name                TEXT NOT NULL,
    qualified_until_day INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE route (
    route_id        TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    half_width_m    REAL NOT NULL,
    speed_limit_kmh REAL NOT NULL,
    points          BLOB NOT NULL, -- IEEE 754 little-endian: latitude, longitude, latitude, ... in WGS-84 degrees
    part_start      BLOB NOT NULL  -- 32-bit little-endian: first point of each part, then the number of points
);
CREATE TABLE stop (
    stop_id  TEXT PRIMARY KEY,
    name     TEXT NOT NULL,
    route_id TEXT NOT NULL REFERENCES route,
    sequence INTEGER NOT NULL,
    lat_deg  REAL NOT NULL,
    lon_deg  REAL NOT NULL,
    radius_m REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE permit (
    permit_no        TEXT PRIMARY KEY,
    vehicle_id       TEXT NOT NULL REFERENCES vehicle,
    driver_id        TEXT REFERENCES driver, -- NULL = any
    route_id         TEXT NOT NULL REFERENCES route,
    weekdays         INTEGER NOT NULL, -- bit 0 = Monday
    window_start_min INTEGER NOT NULL,
    window_end_min   INTEGER NOT NULL,
    valid_from_day   INTEGER NOT NULL,
    valid_until_day  INTEGER NOT NULL,
    status           INTEGER NOT NULL CHECK (status BETWEEN 1 AND 3)
) WITHOUT ROWID;
CREATE INDEX permit_vehicle ON permit(vehicle_id);

CREATE TABLE vehicle_key (
    vehicle    TEXT PRIMARY KEY,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32)
) WITHOUT ROWID;
CREATE TABLE licence (
    vehicle TEXT NOT NULL,
    version INTEGER NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (vehicle, version)
);

-- Evidence: the signed bytes as they came.
CREATE TABLE chain (
    vehicle    TEXT NOT NULL,
    stream     BLOB NOT NULL CHECK (length(stream) = 8),
    class      INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL,
    head       BLOB NOT NULL CHECK (length(head) = 16),
    head_known INTEGER NOT NULL,
    PRIMARY KEY (vehicle, stream, class)
) WITHOUT ROWID;
CREATE TABLE record (
    vehicle         TEXT NOT NULL,
    stream          BLOB NOT NULL CHECK (length(stream) = 8),
    class           INTEGER NOT NULL,
    seq             INTEGER NOT NULL,
    received_utc_ms INTEGER NOT NULL,
    bytes           BLOB NOT NULL,
    PRIMARY KEY (vehicle, stream, class, seq)
) WITHOUT ROWID;

-- An alert object and its phases. The Body bytes hold everything; the columns are what queries need.
CREATE TABLE alert (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    vehicle        TEXT NOT NULL,
    stream         BLOB NOT NULL CHECK (length(stream) = 8),
    number         INTEGER NOT NULL,
    kind           INTEGER NOT NULL,
    cleared_utc_ms INTEGER, -- NULL = open
    last_event     INTEGER REFERENCES alert_event,
    UNIQUE (vehicle, stream, number)
);
CREATE INDEX alert_open ON alert(vehicle, kind) WHERE cleared_utc_ms IS NULL;
CREATE TABLE alert_event (
    event           INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: streams resume by it
    alert_id        INTEGER NOT NULL REFERENCES alert,
    received_utc_ms INTEGER NOT NULL,
    body            BLOB NOT NULL
);

CREATE TABLE presence (
    vehicle         TEXT PRIMARY KEY,
    received_utc_ms INTEGER NOT NULL,
    bytes           BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    utc_ms  INTEGER NOT NULL,
    who     TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL
);

-- What has been written stays as it was written.
CREATE TRIGGER record_fixed BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'evidence is never changed'); END;
CREATE TRIGGER alert_event_fixed BEFORE UPDATE ON alert_event
    BEGIN SELECT RAISE(ABORT, 'an alert phase is never changed'); END;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
