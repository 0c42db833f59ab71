-- Version 12: what deletes a phase asks whether an alert ends with it.
CREATE INDEX alert_last_event ON alert(last_event);
