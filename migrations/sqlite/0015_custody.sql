-- Who has custody of a child, and consents that are answered by others than the person.
CREATE TABLE custody (
    id BLOB NOT NULL CHECK (length(id) = 16) PRIMARY KEY,
    child_id BLOB NOT NULL CHECK (length(child_id) = 16) REFERENCES person (id),
    from_day TEXT NOT NULL,
    source TEXT NOT NULL,
    known_at INTEGER NOT NULL
) STRICT;

CREATE INDEX custody_child ON custody (child_id, from_day, known_at);

CREATE TABLE custody_holder (
    custody_id BLOB NOT NULL CHECK (length(custody_id) = 16) REFERENCES custody (id),
    person_id BLOB NOT NULL CHECK (length(person_id) = 16) REFERENCES person (id),
    part TEXT NOT NULL CHECK (part IN ('with_child', 'elsewhere', 'former')),
    PRIMARY KEY (custody_id, person_id)
) STRICT;

CREATE INDEX custody_holder_person ON custody_holder (person_id);

ALTER TABLE consent_request ADD COLUMN voices TEXT;
ALTER TABLE consent_request ADD COLUMN exceptions TEXT;
ALTER TABLE consent ADD COLUMN for_child TEXT;

-- What a birthday ends (R-36), until that has been recorded.
CREATE INDEX consent_until_age ON consent (valid_to) WHERE state = 'given' AND for_child LIKE '%"until_age":true%';
