-- Version 11: accounts and what they carry. Instants are ms since 1970 UTC, 0 = never.
CREATE TABLE account (
    name            TEXT PRIMARY KEY,
    role            INTEGER NOT NULL CHECK (role IN (1, 2, 4, 8)),
    school_id       TEXT NOT NULL, -- '' unless it is a school's; the registry is replaced under it
    password        TEXT NOT NULL, -- Argon2id, as libsodium writes it
    created_utc_ms  INTEGER NOT NULL,
    password_utc_ms INTEGER NOT NULL,
    login_utc_ms    INTEGER NOT NULL DEFAULT 0,
    disabled_utc_ms INTEGER NOT NULL DEFAULT 0,
    CHECK ((role = 4) = (school_id <> ''))
) WITHOUT ROWID;
CREATE TABLE session (
    hash         BLOB PRIMARY KEY CHECK (length(hash) = 32), -- BLAKE2b-256 of the cookie
    account      TEXT NOT NULL REFERENCES account,
    begun_utc_ms INTEGER NOT NULL,
    used_utc_ms  INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_account ON session(account);
CREATE TABLE token (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    hash           BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    account        TEXT NOT NULL REFERENCES account,
    note           TEXT NOT NULL,
    scopes         INTEGER NOT NULL,
    created_utc_ms INTEGER NOT NULL,
    expires_utc_ms INTEGER NOT NULL,
    revoked_utc_ms INTEGER NOT NULL DEFAULT 0,
    used_utc_ms    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX token_account ON token(account);
CREATE TABLE device (
    hash        BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account     TEXT NOT NULL REFERENCES account,
    used_utc_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX device_account ON device(account);
CREATE TABLE login_failure (
    kind        INTEGER NOT NULL, -- enum lockout_kind
    subject     TEXT NOT NULL,
    count       INTEGER NOT NULL,
    last_utc_ms INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
CREATE TRIGGER account_kept BEFORE DELETE ON account
    BEGIN SELECT RAISE(ABORT, 'an account is disabled, never deleted'); END;
