-- Who has custody of a child, and consents that are answered by others than the person.
CREATE TABLE custody (
    id UUID NOT NULL PRIMARY KEY,
    child_id UUID NOT NULL REFERENCES person (id),
    from_day TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    known_at BIGINT NOT NULL
);

CREATE INDEX custody_child ON custody (child_id, from_day, known_at);

CREATE TABLE custody_holder (
    custody_id UUID NOT NULL REFERENCES custody (id),
    person_id UUID NOT NULL REFERENCES person (id),
    part TEXT COLLATE "C" NOT NULL CHECK (part IN ('with_child', 'elsewhere', 'former')),
    PRIMARY KEY (custody_id, person_id)
);

CREATE INDEX custody_holder_person ON custody_holder (person_id);

ALTER TABLE consent_request ADD COLUMN voices TEXT COLLATE "C";
ALTER TABLE consent_request ADD COLUMN exceptions TEXT COLLATE "C";
ALTER TABLE consent ADD COLUMN for_child TEXT COLLATE "C";

-- What a birthday ends (R-36), until that has been recorded.
CREATE INDEX consent_until_age ON consent (valid_to) WHERE state = 'given' AND for_child LIKE '%"until_age":true%';
