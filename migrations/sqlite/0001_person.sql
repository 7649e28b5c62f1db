-- A person is an id; version counts the events that concern them.
CREATE TABLE person (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT,
    born TEXT,
    died_on TEXT,
    death_known_at INTEGER,
    registered_at INTEGER NOT NULL
) STRICT;

-- Whose login it is.
CREATE TABLE person_login (
    issuer TEXT NOT NULL,
    login TEXT NOT NULL,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (issuer, login)
) STRICT;

-- CPR numbers, encrypted; the associated data binds a row to its id.
CREATE TABLE person_number (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED,
    key_id TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- Finds a number by its keyed hash under each live key.
CREATE TABLE person_number_index (
    lookup BLOB NOT NULL PRIMARY KEY,
    key_id TEXT NOT NULL,
    number_id BLOB NOT NULL CHECK (length(number_id) = 16) REFERENCES person_number (id)
) STRICT;

CREATE INDEX person_login_person ON person_login (person_id);
CREATE INDEX person_number_person ON person_number (person_id);
CREATE INDEX person_number_index_number ON person_number_index (number_id);
