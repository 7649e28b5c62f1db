-- Packages that their authorities withdraw: what was given under that version ends (M8).
ALTER TABLE catalogue_entry ADD COLUMN withdrawn_at BIGINT;
ALTER TABLE catalogue_entry ADD COLUMN withdrawn_from BIGINT CHECK ((withdrawn_from IS NULL) = (withdrawn_at IS NULL));
ALTER TABLE catalogue_entry ADD COLUMN withdrawn_why TEXT COLLATE "C" CHECK ((withdrawn_why IS NULL) = (withdrawn_at IS NULL));

-- The packages of a mandate that are withdrawn, what of it each gave, and from when on that is over.
ALTER TABLE mandate ADD COLUMN withdrawn TEXT COLLATE "C";

-- How far what was given under a withdrawn version has been gone through: holds no fact.
CREATE TABLE withdrawal_progress (
    entry_id UUID NOT NULL PRIMARY KEY REFERENCES catalogue_entry (id),
    revision BIGINT NOT NULL,
    after_id UUID NOT NULL,
    since BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    counted BIGINT NOT NULL,
    concerned BIGINT NOT NULL,
    done_at BIGINT
);
