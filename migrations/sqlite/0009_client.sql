-- Machine clients, as their authorities have registered them.
CREATE TABLE client (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    client_id TEXT NOT NULL UNIQUE,
    authority TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    purposes TEXT NOT NULL,
    keys TEXT NOT NULL,
    binding TEXT NOT NULL,
    quota INTEGER NOT NULL,
    resource TEXT,
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'stopped')),
    stopped_at INTEGER
) STRICT;

-- Client assertions that have been used, by the hash of client and jti, until they end.
CREATE TABLE client_assertion (
    hash BLOB NOT NULL CHECK (length(hash) = 32) PRIMARY KEY,
    ends_at INTEGER NOT NULL
) STRICT;

CREATE INDEX client_authority ON client (authority, id);
CREATE INDEX client_assertion_ends ON client_assertion (ends_at);
