-- Version 15: the outbox of notifications (bureau/store/notices.h). Names are kept as they were when it happened.
CREATE TABLE notice_cursor (
    source   INTEGER PRIMARY KEY,
    position INTEGER NOT NULL
);
CREATE TABLE notice (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    source          INTEGER NOT NULL CHECK (source IN (1, 2)), -- an alert's event, a case's step
    source_id       INTEGER NOT NULL,
    what            INTEGER NOT NULL,
    kind            INTEGER NOT NULL,
    severity        INTEGER NOT NULL,
    urgent          INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    late            INTEGER NOT NULL CHECK (late IN (0, 1)),
    time_utc_ms     INTEGER NOT NULL,
    deadline_utc_ms INTEGER NOT NULL, -- 0 = none
    made_utc_ms     INTEGER NOT NULL,
    case_id         INTEGER NOT NULL, -- 0 = none
    vehicle         TEXT NOT NULL,
    plate           TEXT NOT NULL,
    school_id       TEXT NOT NULL,
    school          TEXT NOT NULL,
    division        TEXT NOT NULL,
    route           TEXT NOT NULL,
    stop            TEXT NOT NULL,
    aboard          INTEGER NOT NULL,
    capacity        INTEGER NOT NULL, -- 0 = not told
    UNIQUE (source, source_id)
);
-- What is sent: never changed but for how the attempts went.
CREATE TABLE notice_message (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE, -- random: by it a receiver knows what it has already
    channel     TEXT NOT NULL,
    urgent      INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4), -- pending, failed, sent, given up
    attempts    INTEGER NOT NULL,
    made_utc_ms INTEGER NOT NULL,
    next_utc_ms INTEGER NOT NULL, -- 0 = ended
    last_utc_ms INTEGER NOT NULL, -- of the last attempt, or its end; 0 = none
    answer      TEXT NOT NULL
);
CREATE INDEX notice_message_due ON notice_message(channel, urgent, next_utc_ms) WHERE state <= 2;
CREATE INDEX notice_message_unsent ON notice_message(state) WHERE state <> 3;
CREATE TABLE notice_delivery (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id INTEGER NOT NULL REFERENCES notice,
    channel   TEXT NOT NULL,
    urgent    INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    message   INTEGER REFERENCES notice_message, -- NULL = in none yet
    UNIQUE (notice_id, channel)
);
CREATE INDEX notice_delivery_waiting ON notice_delivery(channel, urgent) WHERE message IS NULL;
CREATE INDEX notice_delivery_message ON notice_delivery(message);
-- When a channel was tried: its rate limit holds over a restart.
CREATE TABLE notice_attempt (
    channel TEXT NOT NULL,
    utc_ms  INTEGER NOT NULL
);
CREATE INDEX notice_attempt_channel ON notice_attempt(channel, utc_ms);
