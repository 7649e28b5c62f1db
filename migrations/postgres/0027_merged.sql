-- Persons whom a register told to be one with another, and who that is: always somebody who is not merged themselves (M10).
ALTER TABLE person ADD COLUMN merged_into UUID REFERENCES person (id);
ALTER TABLE person ADD COLUMN merge_known_at BIGINT CHECK ((merge_known_at IS NULL) = (merged_into IS NULL));
CREATE INDEX person_merged ON person (merged_into, id) WHERE merged_into IS NOT NULL;
