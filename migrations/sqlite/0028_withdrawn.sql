-- Packages that their authorities withdraw: what was given under that version ends (M8).
ALTER TABLE catalogue_entry ADD COLUMN withdrawn_at INTEGER;
ALTER TABLE catalogue_entry ADD COLUMN withdrawn_from INTEGER CHECK ((withdrawn_from IS NULL) = (withdrawn_at IS NULL));
ALTER TABLE catalogue_entry ADD COLUMN withdrawn_why TEXT CHECK ((withdrawn_why IS NULL) = (withdrawn_at IS NULL));

-- The packages of a mandate that are withdrawn, what of it each gave, and from when on that is over.
ALTER TABLE mandate ADD COLUMN withdrawn TEXT;

-- How far what was given under a withdrawn version has been gone through: holds no fact.
CREATE TABLE withdrawal_progress (
    entry_id BLOB NOT NULL PRIMARY KEY REFERENCES catalogue_entry (id),
    revision INTEGER NOT NULL,
    after_id BLOB NOT NULL,
    since INTEGER NOT NULL,
    began_at INTEGER NOT NULL,
    counted INTEGER NOT NULL,
    concerned INTEGER NOT NULL,
    done_at INTEGER
) STRICT;
