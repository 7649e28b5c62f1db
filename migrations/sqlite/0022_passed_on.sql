-- A mandate that rests on another one: on which, who passed it on, and how far it lies below what the grantor gave. What it rests on can be
-- erased after it, never before.
ALTER TABLE mandate ADD COLUMN under_id BLOB CHECK (length(under_id) = 16);
ALTER TABLE mandate ADD COLUMN passed_on_by BLOB CHECK (length(passed_on_by) = 16) REFERENCES person (id);
ALTER TABLE mandate ADD COLUMN level INTEGER CHECK ((level IS NULL) = (under_id IS NULL) AND (level IS NULL) = (passed_on_by IS NULL));
CREATE INDEX mandate_under ON mandate (under_id) WHERE under_id IS NOT NULL;
CREATE INDEX mandate_passed_on_by ON mandate (passed_on_by, id) WHERE passed_on_by IS NOT NULL;
