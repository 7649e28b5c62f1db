-- A person is an id; version counts the events that concern them.
CREATE TABLE person (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT COLLATE "C",
    born TEXT COLLATE "C",
    died_on TEXT COLLATE "C",
    death_known_at BIGINT,
    registered_at BIGINT NOT NULL
);

-- Whose login it is.
CREATE TABLE person_login (
    issuer TEXT COLLATE "C" NOT NULL,
    login TEXT COLLATE "C" NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (issuer, login)
);

-- CPR numbers, encrypted; the associated data binds a row to its id.
CREATE TABLE person_number (
    id UUID NOT NULL PRIMARY KEY,
    person_id UUID NOT NULL REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED,
    key_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL
);

-- Finds a number by its keyed hash under each live key.
CREATE TABLE person_number_index (
    lookup BYTEA NOT NULL PRIMARY KEY,
    key_id TEXT COLLATE "C" NOT NULL,
    number_id UUID NOT NULL REFERENCES person_number (id)
);

CREATE INDEX person_login_person ON person_login (person_id);
CREATE INDEX person_number_person ON person_number (person_id);
CREATE INDEX person_number_index_number ON person_number_index (number_id);
