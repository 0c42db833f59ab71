-- Version 4: certificates that the bureau's own authority issued, revoked keys, and refused acts.
ALTER TABLE vehicle_key ADD COLUMN revoked_utc_ms INTEGER; -- NULL = in force; what it signed before remains evidence
CREATE TABLE certificate (
    serial            TEXT PRIMARY KEY, -- hex
    name              TEXT NOT NULL,    -- common name: a vehicle's id, 'server' or 'bureau'
    der               BLOB NOT NULL,
    not_after_utc_ms  INTEGER NOT NULL,
    issued_utc_ms     INTEGER NOT NULL,
    revoked_utc_ms    INTEGER,          -- NULL = not revoked
    reason            TEXT NOT NULL DEFAULT ''
);
CREATE INDEX certificate_name ON certificate(name);
CREATE TABLE incident (
    kind         TEXT NOT NULL,
    vehicle      TEXT NOT NULL, -- '' = nobody knows
    address      TEXT NOT NULL, -- of the last one; '' = nobody knows
    detail       TEXT NOT NULL, -- of the last one
    first_utc_ms INTEGER NOT NULL,
    last_utc_ms  INTEGER NOT NULL,
    count        INTEGER NOT NULL,
    PRIMARY KEY (vehicle, kind)
) WITHOUT ROWID;
CREATE INDEX incident_last ON incident(last_utc_ms);
