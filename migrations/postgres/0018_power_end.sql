-- A row of power says itself which event of what it rests on said so, and why it stopped before the time that it was given for.
ALTER TABLE power ADD COLUMN source_revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE power ADD COLUMN ended TEXT COLLATE "C";

DROP TRIGGER power_is_only_closed ON power;
UPDATE power SET source_revision = mandate.revision,
    ended = CASE WHEN mandate.cause IN ('death', 'representative_death') THEN 'death' ELSE mandate.state END
FROM mandate WHERE mandate.id = power.source_id AND mandate.state <> 'given' AND power.known_to IS NULL;

CREATE OR REPLACE FUNCTION refuse_unless_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.known_to IS NOT NULL OR NEW.known_to IS NULL
        OR (OLD.grantor_id, OLD.representative_id, OLD.privilege, OLD.basis, OLD.source_id, OLD.source_revision, OLD.valid_from, OLD.valid_to,
            OLD.known_from)
        IS DISTINCT FROM (NEW.grantor_id, NEW.representative_id, NEW.privilege, NEW.basis, NEW.source_id, NEW.source_revision, NEW.valid_from,
            NEW.valid_to, NEW.known_from)
        OR OLD.case_ref IS DISTINCT FROM NEW.case_ref
        OR OLD.ended IS DISTINCT FROM NEW.ended
    THEN
        RAISE EXCEPTION 'a power is only closed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER power_is_only_closed BEFORE UPDATE ON power FOR EACH ROW EXECUTE FUNCTION refuse_unless_closing();
