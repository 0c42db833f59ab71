-- Version 5: an alert may go on in another stream of its vehicle.
ALTER TABLE alert_event ADD COLUMN stream BLOB; -- of the ALERT record; NULL = the alert's (kept before version 5)
DROP INDEX alert_event_record;
CREATE UNIQUE INDEX alert_event_record ON alert_event(alert_id, stream, seq);
