-- Organisations that people are represented by, and those who work for them (M5). Both are persons in the sense of the law: powers are given to
-- them like to anybody. Who is neither has none of these.
ALTER TABLE person ADD COLUMN cvr TEXT;
ALTER TABLE person ADD COLUMN employer_id BLOB REFERENCES person (id) CHECK (employer_id IS NULL OR cvr IS NOT NULL);
ALTER TABLE person ADD COLUMN employee_id BLOB CHECK ((employee_id IS NULL) = (employer_id IS NULL));
-- When the organisation let its employee act: a list.
ALTER TABLE person ADD COLUMN stints TEXT;
CREATE UNIQUE INDEX person_organisation ON person (cvr) WHERE cvr IS NOT NULL AND employer_id IS NULL;
CREATE UNIQUE INDEX person_employee ON person (employee_id) WHERE employee_id IS NOT NULL;
CREATE INDEX person_employer ON person (employer_id, id) WHERE employer_id IS NOT NULL;
