-- Who acts for whom by law or decision: guardianships and lasting powers.
CREATE TABLE statutory_power (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    person_id UUID NOT NULL REFERENCES person (id),
    dormant TEXT COLLATE "C",
    spans TEXT COLLATE "C",
    source TEXT COLLATE "C" NOT NULL,
    documents TEXT COLLATE "C",
    ends_at BIGINT,
    known_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE INDEX statutory_power_person ON statutory_power (person_id);
CREATE INDEX statutory_power_ends ON statutory_power (ends_at) WHERE ends_at IS NOT NULL;

-- Who holds or has held one, and who would hold a lasting power.
CREATE TABLE statutory_holder (
    statutory_id UUID NOT NULL REFERENCES statutory_power (id),
    person_id UUID NOT NULL REFERENCES person (id),
    part TEXT COLLATE "C" NOT NULL CHECK (part IN ('holder', 'attorney')),
    PRIMARY KEY (statutory_id, person_id, part)
);

CREATE INDEX statutory_holder_person ON statutory_holder (person_id);
