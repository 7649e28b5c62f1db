-- Systems are no persons.
DROP INDEX access_record_actor;
CREATE INDEX access_record_actor ON access_record (json_extract(actor, '$.person')) WHERE json_extract(actor, '$.person') IS NOT NULL;
