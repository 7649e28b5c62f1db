-- Who acts for whom by law or decision: guardianships and lasting powers.
CREATE TABLE statutory_power (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    revision INTEGER NOT NULL,
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    dormant TEXT,
    spans TEXT,
    source TEXT NOT NULL,
    documents TEXT,
    ends_at INTEGER,
    known_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX statutory_power_person ON statutory_power (person_id);
CREATE INDEX statutory_power_ends ON statutory_power (ends_at) WHERE ends_at IS NOT NULL;

-- Who holds or has held one, and who would hold a lasting power.
CREATE TABLE statutory_holder (
    statutory_id BLOB NOT NULL CHECK (length(statutory_id) = 16) REFERENCES statutory_power (id),
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    part TEXT NOT NULL CHECK (part IN ('holder', 'attorney')),
    PRIMARY KEY (statutory_id, person_id, part)
) STRICT;

CREATE INDEX statutory_holder_person ON statutory_holder (person_id);
