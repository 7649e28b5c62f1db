-- What an idempotency key led to; kept for a day.
CREATE TABLE idempotency (
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER NOT NULL,
    resource_id BLOB CHECK (length(resource_id) = 16),
    revision INTEGER,
    claimed_at INTEGER NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT;

-- Browser sessions, by the hash of their secret.
CREATE TABLE session (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    secret_hash BLOB NOT NULL UNIQUE,
    issuer TEXT NOT NULL,
    login TEXT NOT NULL,
    sid TEXT,
    principal TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    idle_until INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

-- How far business time has been turned; only the sandbox turns it.
CREATE TABLE business_clock (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    offset_micros INTEGER NOT NULL
) STRICT;

CREATE INDEX idempotency_claimed ON idempotency (claimed_at);
CREATE INDEX session_login ON session (issuer, login);
CREATE INDEX session_ends ON session (ends_at);
