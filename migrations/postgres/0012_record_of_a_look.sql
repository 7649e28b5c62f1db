-- Whoever is asked about has just been found, and no person's row is ever deleted; a reference would lock that row, and write it anew,
-- for each question. The event of the batch commits to whom each record is about.
ALTER TABLE access_record DROP CONSTRAINT access_record_person_id_fkey;

-- Systems are no persons.
DROP INDEX access_record_actor;
CREATE INDEX access_record_actor ON access_record ((actor::JSON ->> 'person')) WHERE (actor::JSON ->> 'person') IS NOT NULL;
