-- Version 7: when an alert was raised and how grave it became, as columns: what reports count by.
ALTER TABLE alert ADD COLUMN raised_utc_ms INTEGER NOT NULL DEFAULT 0; -- by event time; without one, when it was received
ALTER TABLE alert ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;      -- the highest of its phases
CREATE INDEX alert_raised ON alert(raised_utc_ms);
