-- Finds whose birthday it is on which the law changes who decides.
CREATE INDEX person_born ON person (born) WHERE born IS NOT NULL;
