-- Version 3: whose key signs which records, for ever; which record each alert phase came from.

-- Every key that was ever enrolled for a vehicle; vehicle_key holds the one in force.
CREATE TABLE enrolled_key (
    vehicle    TEXT NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    PRIMARY KEY (vehicle, public_key)
) WITHOUT ROWID;
INSERT INTO enrolled_key SELECT vehicle, public_key FROM vehicle_key;

-- From from_seq on, up to the next row of its chain, this key signs, in this division.
CREATE TABLE signer (
    vehicle    TEXT NOT NULL,
    stream     BLOB NOT NULL CHECK (length(stream) = 8),
    class      INTEGER NOT NULL,
    from_seq   INTEGER NOT NULL,
    division   TEXT NOT NULL,
    public_key BLOB NOT NULL CHECK (length(public_key) = 32),
    PRIMARY KEY (vehicle, stream, class, from_seq)
) WITHOUT ROWID;
CREATE INDEX signer_stream ON signer(stream);
INSERT INTO signer SELECT chain.vehicle, stream, class, 1, division, public_key FROM chain
    JOIN vehicle_key USING (vehicle) JOIN vehicle ON vehicle_id = chain.vehicle JOIN school USING (school_id);

ALTER TABLE alert_event ADD COLUMN seq INTEGER; -- of the ALERT record; NULL = kept before version 3
CREATE UNIQUE INDEX alert_event_record ON alert_event(alert_id, seq);

CREATE TRIGGER signer_fixed BEFORE UPDATE ON signer BEGIN SELECT RAISE(ABORT, 'who signed is never changed'); END;
CREATE TRIGGER enrolled_key_fixed BEFORE UPDATE ON enrolled_key
    BEGIN SELECT RAISE(ABORT, 'a key that was enrolled stays known'); END;
