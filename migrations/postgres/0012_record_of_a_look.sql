-- Systems are no persons.
DROP INDEX access_record_actor;
CREATE INDEX access_record_actor ON access_record ((actor::JSON ->> 'person')) WHERE (actor::JSON ->> 'person') IS NOT NULL;
