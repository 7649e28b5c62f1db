-- Machine clients, as their authorities have registered them.
CREATE TABLE client (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL UNIQUE,
    authority TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    scopes TEXT COLLATE "C" NOT NULL,
    purposes TEXT COLLATE "C" NOT NULL,
    keys TEXT COLLATE "C" NOT NULL,
    binding TEXT COLLATE "C" NOT NULL,
    quota BIGINT NOT NULL,
    resource TEXT COLLATE "C",
    registered_at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'stopped')),
    stopped_at BIGINT
);

-- Client assertions that have been used, by the hash of client and jti, until they end.
CREATE TABLE client_assertion (
    hash BYTEA NOT NULL CHECK (length(hash) = 32) PRIMARY KEY,
    ends_at BIGINT NOT NULL
);

CREATE INDEX client_authority ON client (authority, id);
CREATE INDEX client_assertion_ends ON client_assertion (ends_at);
