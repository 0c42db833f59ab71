-- Version 8: cases. What stands in `cases` is the last step's; the steps are the log, and are never changed.
CREATE TABLE cases (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    kind               INTEGER NOT NULL,
    source             INTEGER NOT NULL,
    subject            TEXT NOT NULL,    -- one case is going of each subject, kind and trip: the vehicle, mostly
    trip_utc_ms        INTEGER NOT NULL, -- case_trip_utc_ms(); 0 = of no trip
    vehicle            TEXT NOT NULL,    -- '' = none of ours
    plate              TEXT NOT NULL,    -- as it was then
    division           TEXT NOT NULL,
    school_id          TEXT NOT NULL,    -- the vehicle's then; '' = none
    state              INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6),
    severity           INTEGER NOT NULL, -- the gravest so far
    late               INTEGER NOT NULL CHECK (late IN (0, 1)),
    happened_utc_ms    INTEGER NOT NULL, -- the first of what it is about
    last_utc_ms        INTEGER NOT NULL, -- the last
    opened_utc_ms      INTEGER NOT NULL,
    ended_utc_ms       INTEGER,          -- closed or dismissed; NULL = going
    handler            TEXT NOT NULL DEFAULT '', -- who acknowledged or assigned it last
    assigned_school_id TEXT NOT NULL DEFAULT '',
    deadline_utc_ms    INTEGER NOT NULL DEFAULT 0,
    answer             INTEGER NOT NULL DEFAULT -1, -- the school's last since it was assigned; -1 = none
    level              INTEGER NOT NULL DEFAULT 1,
    handed_over_utc_ms INTEGER NOT NULL DEFAULT 0,
    earlier_id         INTEGER NOT NULL, -- the last one before of this subject and kind; 0 = none
    recurrence         INTEGER NOT NULL, -- how many there were before it, in the policy's time
    n_merged           INTEGER NOT NULL DEFAULT 0, -- alerts and sightings besides the first
    last_step          INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX cases_going ON cases(subject, kind, trip_utc_ms) WHERE ended_utc_ms IS NULL;
CREATE INDEX cases_subject ON cases(subject, kind, id);
CREATE INDEX cases_vehicle ON cases(vehicle, happened_utc_ms);
CREATE INDEX cases_school ON cases(school_id);
CREATE INDEX cases_assigned ON cases(assigned_school_id);
CREATE TABLE case_step (
    number          INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: readers resume by it
    case_id         INTEGER NOT NULL REFERENCES cases,
    utc_ms          INTEGER NOT NULL,
    who             TEXT NOT NULL,
    role            INTEGER NOT NULL,
    action          INTEGER NOT NULL,
    state           INTEGER NOT NULL, -- after it, as what follows
    severity        INTEGER NOT NULL,
    level           INTEGER NOT NULL,
    school_id       TEXT NOT NULL,    -- that it is assigned to
    deadline_utc_ms INTEGER NOT NULL,
    answer          INTEGER NOT NULL, -- of this step; -1 = it is none
    alert_id        INTEGER,          -- that opened, joined or worsened it
    sighting_id     INTEGER,
    text            TEXT NOT NULL
);
CREATE INDEX case_step_case ON case_step(case_id);
CREATE INDEX case_step_alert ON case_step(alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX alert_kind ON alert(vehicle, kind, raised_utc_ms);
CREATE TRIGGER case_step_fixed BEFORE UPDATE ON case_step
    BEGIN SELECT RAISE(ABORT, 'a step of a case is never changed'); END;
