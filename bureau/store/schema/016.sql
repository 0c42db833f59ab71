-- Version 16: what retention, the keeper and reports look for by time; and a mark of sightings that retention took.
CREATE INDEX cases_going_id ON cases(id) WHERE ended_utc_ms IS NULL;
CREATE INDEX cases_ended ON cases(ended_utc_ms) WHERE ended_utc_ms IS NOT NULL;
CREATE INDEX cases_opened ON cases(opened_utc_ms);
CREATE INDEX alert_event_received ON alert_event(received_utc_ms);
CREATE INDEX trip_received ON trip(received_utc_ms);
CREATE INDEX audit_time ON audit(utc_ms);
CREATE INDEX registry_change_time ON registry_change(utc_ms);
CREATE INDEX sighting_plate ON sighting(plate, seen_utc_ms);
-- Before which instant rows of a vehicle may be gone: alerts by when they were raised, trips by when they began,
-- sightings (of no vehicle: '') by when it was seen.
ALTER TABLE purged_row RENAME TO purged_row_15;
CREATE TABLE purged_row (
    vehicle       TEXT NOT NULL,
    what          INTEGER NOT NULL CHECK (what BETWEEN 1 AND 3), -- 1 alerts, 2 trips, 3 sightings
    before_utc_ms INTEGER NOT NULL,
    PRIMARY KEY (vehicle, what)
) WITHOUT ROWID;
INSERT INTO purged_row SELECT * FROM purged_row_15;
DROP TABLE purged_row_15;
-- No number is given twice: what is missing before a sighting came before it.
INSERT INTO purged_row SELECT '', 3, max(received_utc_ms) FROM sighting AS s WHERE id > 1 AND NOT EXISTS
    (SELECT 1 FROM sighting AS before WHERE before.id = s.id - 1) HAVING max(received_utc_ms) IS NOT NULL;
