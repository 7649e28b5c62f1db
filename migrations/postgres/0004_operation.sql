-- What an idempotency key led to; kept for a day.
CREATE TABLE idempotency (
    actor TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    status BIGINT NOT NULL,
    resource_id UUID,
    revision BIGINT,
    claimed_at BIGINT NOT NULL,
    PRIMARY KEY (actor, key)
);

-- Browser sessions, by the hash of their secret.
CREATE TABLE session (
    id UUID NOT NULL PRIMARY KEY,
    secret_hash BYTEA NOT NULL UNIQUE,
    issuer TEXT COLLATE "C" NOT NULL,
    login TEXT COLLATE "C" NOT NULL,
    sid TEXT COLLATE "C",
    principal TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

-- How far business time has been turned; only the sandbox turns it.
CREATE TABLE business_clock (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    offset_micros BIGINT NOT NULL
);

CREATE INDEX idempotency_claimed ON idempotency (claimed_at);
CREATE INDEX session_login ON session (issuer, login);
CREATE INDEX session_ends ON session (ends_at);
