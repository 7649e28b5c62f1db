-- Logins that have begun at an identity provider and not come back; each is taken once, by the hash of its state.
CREATE TABLE login_attempt (
    state_hash BLOB NOT NULL CHECK (length(state_hash) = 32) PRIMARY KEY,
    attempt TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT;

-- Ids of tokens that may be used once, until they end.
CREATE TABLE used_token (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    ends_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, jti)
) STRICT;

CREATE INDEX login_attempt_ends ON login_attempt (ends_at);
CREATE INDEX used_token_ends ON used_token (ends_at);
CREATE INDEX session_sid ON session (issuer, sid);
